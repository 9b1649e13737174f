"""An article: one language of a piece of content. Its translations share a key."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import TypeVar

from newsletter.model.crop import Crop

T = TypeVar("T")
Day = date  # the field of that name hides the type

ENDINGS = {"image/jpeg": "jpg", "image/png": "png", "image/gif": "gif"}  # of the pictures that messages show
KINDS = ("article", "foreword", "quotation", "figure", "event", "notice")


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture as an article names it; `source` is a path in the workspace or an https address.

    After assets are stored `sha256`, `media_type`, `width` and `height` (pixels of the file) are known.
    """

    source: str
    alt: str = ""
    credit: str = ""
    crop: Crop | None = None  # None: the whole
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
    deadline: date | None = None  # a day, or an instant


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
    kind: str = "article"  # one of KINDS
    own: bool = True
    source: str = ""  # where it came from: a workspace path, a feed or page address
    file: str | None = None  # the workspace file that holds it, for messages
    body_line: int = 1  # the line of the file on which the body begins
    made_from: str | None = None
    dates: Mapping[str, Day] = field(default_factory=dict)  # further dates that the text names

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


def complete(translations: Translations, preference: Sequence[str]) -> dict[str, Article]:
    """What a translation leaves out, as the first language that says it has it: date, kind, topics, event, picture.

    Titles, texts and links are never borrowed, nor is the alternative text of a picture: they are in a language.
    """
    order = sorted(translations, key=lambda tag: (preference.index(tag) if tag in preference else len(preference), tag))
    articles = [translations[tag] for tag in order]
    return {tag: _complete(translations[tag], articles) for tag in order}


def _complete(article: Article, others: Sequence[Article]) -> Article:
    picture = _first(each.picture for each in (article, *others))
    if picture is not None and article.picture is None:
        picture = replace(picture, alt="")
    kinds = (each.kind for each in (article, *others) if each.kind != KINDS[0])
    return replace(
        article,
        date=_first(each.date for each in (article, *others)),
        kind=next(kinds, KINDS[0]),
        topics=next((each.topics for each in (article, *others) if each.topics), ()),
        event=_first(each.event for each in (article, *others)),
        picture=picture,
        dates={name: day for each in (*reversed(others), article) for name, day in each.dates.items()},
    )


def _first(values: Iterable[T | None]) -> T | None:
    return next((value for value in values if value is not None), None)


def outdated(article: Article, translations: Translations) -> bool:
    """Whether the text this translation was made from has changed since; false where that is not recorded."""
    if article.made_from is None:
        return False
    others = {other.text_hash for language, other in translations.items() if language != article.language}
    return bool(others) and article.made_from not in others
