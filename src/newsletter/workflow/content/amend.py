"""An article that staff wrote, changed in the studio: its file, at the places meant, and nowhere else.

What holds for the whole article, its topics and when it takes place, changes in every file that says it.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from newsletter.errors import NewsletterError, UsageError
from newsletter.gathering import frontmatter
from newsletter.gathering.amending import amended
from newsletter.gathering.frontmatter import EventFront, Front
from newsletter.i18n import say
from newsletter.model.article import Article
from newsletter.model.permission import Action, require
from newsletter.store.people import Person
from newsletter.workflow.content.event_fields import OF_ONE, changed
from newsletter.workflow.content.gather import library_of
from newsletter.workflow.content.joining import follow
from newsletter.workflow.context import Context
from newsletter.workspace.documents import Write

T = TypeVar("T")
Changes = dict[str, dict[str, Any]]  # of the front matter, by language


class TextChanged(NewsletterError):
    """Somebody changed the same text meanwhile; nothing was written."""


@dataclass(frozen=True, slots=True)
class Open:
    """An own text to be changed: as it is read, and the hash of its file; `fronts` are those of all own languages."""

    article: Article
    fronts: Mapping[str, Front]
    hash: str
    files: Mapping[str, str]

    @property
    def front(self) -> Front:
        return self.fronts[self.article.language]

    @property
    def event(self) -> EventFront | None:
        """That of this text, else that of another language."""
        return _first(front.event for front in self._from_here())

    @property
    def topics(self) -> list[str]:
        return _first(front.topics or None for front in self._from_here()) or []

    def _from_here(self) -> list[Front]:
        return [self.front, *(front for tag, front in self.fronts.items() if tag != self.article.language)]


def can_amend(article: Article) -> bool:
    """Gathered texts stay as their source has them: what an issue says otherwise is written in the issue."""
    return article.own and (article.file or "").endswith(".md")


def opened(ctx: Context, campaign: str, key: str, language: str) -> Open:
    translations = library_of(ctx, campaign, ctx.campaign(campaign)).get(key, {})
    article = translations.get(language)
    if article is None or article.file is None:
        raise UsageError(say("There is no article %(key)r in this newsletter.", key=key))
    if not can_amend(article):
        raise UsageError(say("This text cannot be changed here: change it in an issue that uses it."))
    files = {tag: each.file for tag, each in translations.items() if can_amend(each) and each.file}
    fronts = {tag: frontmatter.split(ctx.documents.text(file), file)[0] for tag, file in files.items()}
    text = ctx.documents.text(article.file)
    return Open(article, fronts, hashlib.sha256(text.encode()).hexdigest()[:16], files)


def amend(
    ctx: Context, campaign: str, key: str, language: str, new: Front, body: str, person: Person, *, made_from: str
) -> str | None:
    """Title, summary, date, link, topics and event of `new`, and the body. Says which approval falls, if one does.

    `made_from`: the hash of the file that the writer began with.
    """
    require(person.name, person.roles, Action.EDIT)
    if not new.title:
        raise UsageError(say("Enter a title."))
    with ctx.documents.changing():
        now = opened(ctx, campaign, key, language)
        if now.hash != made_from:
            raise TextChanged(say("Somebody changed this text while you wrote. Nothing is lost: both are below."))
        changes = _changes(now, new)
        rewritten = body != now.article.body
        if not changes and not rewritten:
            return None
        if not now.front.title:  # so far the first line of the file's text was the title
            changes[language]["title"], rewritten = new.title, True
        bodies = {language: body} if rewritten else {}
        writes = [_write(ctx, now.files[tag], changes.get(tag, {}), bodies.get(tag)) for tag in {**changes, **bodies}]
        fallen = follow(ctx, campaign, {key}, person)
        for write in writes:
            ctx.documents.apply(write, person.id)
    return fallen


def _write(ctx: Context, file: str, changes: Mapping[str, Any], body: str | None) -> Write:
    return Write(file, "change the text", amended(ctx.documents.text(file), file, changes, body).encode())


def _changes(now: Open, new: Front) -> Changes:
    changes: Changes = defaultdict(dict)
    language = now.article.language
    for name in ("title", "summary", "date", "link"):
        if getattr(new, name) != (now.article.title if name == "title" else getattr(now.front, name)):
            changes[language][name] = getattr(new, name)
    if new.topics != now.topics:
        for tag in [tag for tag, front in now.fronts.items() if front.topics] or [language]:
            changes[tag]["topics"] = new.topics
    _of_event(now, new.event, changes)
    return changes


def _of_event(now: Open, after: EventFront | None, changes: Changes) -> None:
    """A text that says another place needs an event of its own; when it takes place is said alike by all."""
    language, told = now.article.language, [tag for tag, front in now.fronts.items() if front.event]
    if after is None:
        for tag in told:
            changes[tag]["event"] = None
        return
    other = changed(now.event, after)
    common = {name: value for name, value in other.items() if name not in OF_ONE}
    for tag in told if common else ():
        changes[tag]["event"] = common
    if language in told and other != common:
        changes[language]["event"] = other
    elif language not in told and (other != common or not told):
        changes[language]["event"] = changed(None, after)


def _first(values: Iterable[T | None]) -> T | None:
    return next((value for value in values if value is not None), None)
