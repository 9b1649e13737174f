"""An article: one language of a piece of content. Its translations share a key."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture as an article names it; `source` is a path in the workspace or an https address.

    After assets are stored `sha256`, `media_type`, `width` and `height` (pixels of the file) are known.
    """

    source: str
    alt: str = ""
    credit: str = ""
    sha256: str | None = None
    media_type: str | None = None
    width: int | None = None
    height: int | None = None


@dataclass(frozen=True, slots=True)
class Event:
    """What an event item adds: when (aware times in its own zone), where, in which languages, how to join."""

    start: datetime
    end: datetime | None = None
    zone: str = "UTC"
    place: str = ""
    languages: tuple[str, ...] = ()
    registration: str | None = None
    deadline: datetime | None = None


@dataclass(frozen=True, slots=True)
class Article:
    """One language of an article.

    `body` is Markdown. `own` is true for texts without an outside source (staff wrote them): these may hold merge
    fields; in gathered text braces are literal. `made_from` is the `text_hash` of the text that this one translates.
    """

    key: str
    language: str
    title: str
    summary: str = ""
    body: str = ""
    date: date | None = None
    link: str | None = None
    topics: tuple[str, ...] = ()
    picture: Picture | None = None
    event: Event | None = None
    author: str = ""
    kind: str = "article"  # article, foreword, quotation, figure, event, notice
    own: bool = True
    source: str = ""  # where it came from: a workspace path, a feed or page address
    file: str | None = None  # the workspace file that holds it, for messages
    made_from: str | None = None
    extra: Mapping[str, object] = field(default_factory=dict)

    @property
    def text_hash(self) -> str:
        """Of what a translator works from: title, summary and body."""
        text = "\0".join((self.title, self.summary, self.body))
        return hashlib.sha256(text.encode()).hexdigest()[:16]


Translations = Mapping[str, Article]  # language -> article
Library = Mapping[str, Translations]  # key -> translations


def group(articles: Iterable[Article]) -> dict[str, dict[str, Article]]:
    """Articles by key and language; the first of a doubled pair stays (callers report doubles)."""
    library: dict[str, dict[str, Article]] = {}
    for article in articles:
        library.setdefault(article.key, {}).setdefault(article.language, article)
    return library


def outdated(article: Article, translations: Translations) -> bool:
    """Whether the text this translation was made from has changed since; false where that is not recorded."""
    if article.made_from is None:
        return False
    others = {other.text_hash for language, other in translations.items() if language != article.language}
    return bool(others) and article.made_from not in others
