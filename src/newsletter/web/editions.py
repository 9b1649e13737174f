"""What previews and checks look at: issues composed as they stand now, kept until a file changes."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from newsletter.store.editions import AssetRow
from newsletter.store.issues import IssueRow
from newsletter.workflow.compose import compose
from newsletter.workflow.context import Context
from newsletter.workflow.edition import Edition

if TYPE_CHECKING:
    from newsletter.checks import Finding

KEPT = 24  # compositions, of one language or whole


class Editions:
    """One language is composed at a time, as a preview needs no more; `whole` has them all, for the checks."""

    def __init__(self) -> None:
        self._kept: OrderedDict[tuple[str, str, str], Edition] = OrderedDict()
        self._checked: OrderedDict[tuple[str, str], list[Finding]] = OrderedDict()
        self._guard = threading.Lock()

    def language(self, ctx: Context, issue: IssueRow, tag: str) -> Edition:
        return self._get((issue.name, tag, stamp(ctx, issue)), lambda: _compose(ctx, issue, tag))

    def whole(self, ctx: Context, issue: IssueRow) -> Edition:
        return self._get((issue.name, "", stamp(ctx, issue)), lambda: _compose(ctx, issue, None))

    def known(self, ctx: Context, issue: IssueRow) -> Edition | None:
        """The whole, if somebody has looked at it since the last change: no page waits for it."""
        with self._guard:
            return self._kept.get((issue.name, "", stamp(ctx, issue)))

    def findings(self, ctx: Context, issue: IssueRow) -> list[Finding]:
        """What the checks say of the issue as it stands; they look once after a change, and once a day."""
        from newsletter.workflow.check import check_composed  # reads HTML with lxml, which other pages do without

        key = self._moment(ctx, issue)
        with self._guard:
            if (known := self._checked.get(key)) is not None:
                return known
        found = check_composed(ctx, issue.name, lambda: self.whole(ctx, issue).composition)
        with self._guard:
            self._checked[key] = found
            while len(self._checked) > KEPT:
                self._checked.popitem(last=False)
        return found

    def checked(self, ctx: Context, issue: IssueRow) -> list[Finding] | None:
        """What the checks said, if they have looked since the last change."""
        with self._guard:
            return self._checked.get(self._moment(ctx, issue))

    def forget(self, ctx: Context, issue: IssueRow) -> None:
        """Contacts may have changed: the checks look anew when they are asked next."""
        with self._guard:
            self._checked.pop(self._moment(ctx, issue), None)

    def _moment(self, ctx: Context, issue: IssueRow) -> tuple[str, str]:
        return issue.name, f"{stamp(ctx, issue)}-{ctx.clock.now():%Y%m%d}"

    def last(self, issue: IssueRow, tag: str) -> Edition | None:
        """What was composed last and can be shown where the issue as it stands cannot."""
        with self._guard:
            found = (made for key, made in reversed(self._kept.items()) if key[0] == issue.name)
            return next((made for made in found if tag in made.languages), None)

    def picture(self, sha256: str) -> AssetRow | None:
        """A picture of what is not frozen yet."""
        with self._guard:
            return next((a for made in self._kept.values() if (a := made.composition.assets.get(sha256))), None)

    def _get(self, key: tuple[str, str, str], make: Callable[[], Edition]) -> Edition:
        with self._guard:
            if (found := self._kept.get(key)) is not None:
                self._kept.move_to_end(key)
                return found
        made = make()
        with self._guard:
            self._kept[key] = made
            while len(self._kept) > KEPT:
                self._kept.popitem(last=False)
        return made


def stamp(ctx: Context, issue: IssueRow) -> str:
    """Another whenever anything that the issue is made from changes, on disk too."""
    root = ctx.folder
    parts = (root / "campaigns" / issue.campaign, root / "templates", root / "subscribers", root / "newsletter.toml")
    newest = [(info.st_mtime_ns, info.st_size) for part in parts for file in _files(part) if (info := file.stat())]
    return f"{len(newest)}-{max((at for at, _ in newest), default=0)}-{sum(size for _, size in newest)}"


def _files(part: Path) -> list[Path]:
    if part.is_file():
        return [part]
    return [file for file in part.rglob("*") if file.is_file() and not file.name.startswith(".")]


def _compose(ctx: Context, issue: IssueRow, tag: str | None) -> Edition:
    return Edition(ctx, compose(ctx, issue, only=None if tag is None else [tag]))
