"""What previews and checks look at: issues composed as they stand now, kept until a file changes."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from newsletter.errors import NewsletterError
from newsletter.store.editions import AssetRow
from newsletter.store.issues import IssueRow
from newsletter.web.kept import Kept
from newsletter.workflow.checking.edition import Edition
from newsletter.workflow.composing.compose import compose
from newsletter.workflow.composing.glimpse import Glimpse
from newsletter.workflow.context import Context

if TYPE_CHECKING:
    from newsletter.checks import Finding
    from newsletter.workflow.checking.link_checks import Link

KEPT = 24  # compositions, of one language or whole
WHOLE = ""


class Editions:
    """One language is composed at a time, as a preview needs no more; `whole` has them all, for the checks."""

    def __init__(self) -> None:
        self._composed: Kept[tuple[str, str, str], Edition] = Kept(KEPT)  # issue, language or WHOLE, stamp
        self._glimpses: Kept[str, Glimpse] = Kept(KEPT)
        self._checked: Kept[tuple[str, str], list[Finding]] = Kept(KEPT)  # issue, stamp and day
        self._links: Kept[tuple[str, str], list[Link]] = Kept(KEPT)  # issue, stamp

    def stamp(self, ctx: Context, issue: IssueRow) -> str:
        """Another whenever anything that the issue is made from changes."""
        return _stamp(ctx, issue)

    def language(self, ctx: Context, issue: IssueRow, tag: str) -> Edition:
        """Out of the whole where that is known."""
        return self.known(ctx, issue) or self._made(ctx, issue, tag)

    def whole(self, ctx: Context, issue: IssueRow) -> Edition:
        return self._made(ctx, issue, WHOLE)

    def known(self, ctx: Context, issue: IssueRow) -> Edition | None:
        """The whole, if somebody has looked at it since the last change: no page waits for it."""
        return self._composed.get((issue.name, WHOLE, _stamp(ctx, issue)))

    def findings(self, ctx: Context, issue: IssueRow) -> list[Finding]:
        """What the checks say of the issue as it stands; they look once after a change, and once a day."""
        from newsletter.workflow.checking.check import (
            check_composed,  # reads HTML with lxml, which other pages do without
        )

        if (known := self.checked(ctx, issue)) is not None:
            return known
        key = _moment(ctx, issue)
        return self._checked.put(key, check_composed(ctx, issue.name, lambda: self.whole(ctx, issue).composition))

    def checked(self, ctx: Context, issue: IssueRow) -> list[Finding] | None:
        """What the checks said, if they have looked since the last change."""
        return self._checked.get(_moment(ctx, issue))

    def forget(self, ctx: Context, issue: IssueRow) -> None:
        """Contacts may have changed: the checks look anew when they are asked next."""
        self._checked.forget(_moment(ctx, issue))

    def links(self, ctx: Context, issue: IssueRow) -> list[Link]:
        """The links that the issue's messages show as it stands; what cannot be composed shows none."""
        from newsletter.workflow.checking.check import links_in

        key = (issue.name, _stamp(ctx, issue))
        if (known := self._links.get(key)) is not None:
            return known
        try:
            return self._links.put(key, links_in(ctx, self.whole(ctx, issue).composition))
        except NewsletterError:  # the checks say of what kind
            return self._links.put(key, [])

    def last(self, issue: IssueRow, tag: str) -> Edition | None:
        """What was looked at last and can be shown where the issue as it stands cannot."""
        found = (made for key, made in self._composed.latest() if key[0] == issue.name)
        return next((made for made in found if tag in made.languages), None)

    def picture(self, sha256: str) -> AssetRow | None:
        """A picture of what is not frozen yet."""
        kept = [made.composition.assets.get(sha256) for _, made in self._composed.latest()]
        kept += [made.assets.get(sha256) for _, made in self._glimpses.latest()]
        return next((each for each in kept if each is not None), None)

    def keep(self, glimpse: Glimpse) -> str:
        """An article as it is being written, until its frame has come for it; the name is its content's."""
        name = hashlib.sha256(f"{glimpse.html}\0{glimpse.body}".encode()).hexdigest()
        self._glimpses.put(name, glimpse)
        return name

    def glimpse(self, name: str) -> Glimpse | None:
        return self._glimpses.get(name)

    def _made(self, ctx: Context, issue: IssueRow, tag: str) -> Edition:
        key = (issue.name, tag, _stamp(ctx, issue))  # before composing: what changes meanwhile is composed again
        known = self._composed.get(key)
        return known or self._composed.put(key, Edition(ctx, compose(ctx, issue, only=[tag] if tag else None)))


def _stamp(ctx: Context, issue: IssueRow) -> str:
    return ctx.documents.stamp(f"campaigns/{issue.campaign}", "templates", "subscribers", "newsletter.toml")


def _moment(ctx: Context, issue: IssueRow) -> tuple[str, str]:
    return issue.name, f"{_stamp(ctx, issue)}-{ctx.clock.now():%Y%m%d}"
