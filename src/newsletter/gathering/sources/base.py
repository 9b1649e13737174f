"""What a source is: a function from one document to articles, and the endings by which it is known.

`read` yields an Article for each text that it finds and a Problem for each that it cannot read; it raises nothing. A
new source is one file here and one line in `sources/__init__.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass

from newsletter.errors import Problem
from newsletter.gathering.language import Detect
from newsletter.model.article import Article

Found = Iterator[Article | Problem]


@dataclass(frozen=True, slots=True)
class Document:
    """The bytes of a file, or of what an address answered. `name` is its path, or the address that was asked."""

    name: str
    content: bytes
    url: str | None = None  # set for what was fetched: where redirects ended; relative links start here
    charset: str | None = None  # as the server said


@dataclass(frozen=True, slots=True)
class Hints:
    """What the campaign says about a source, and the workspace about its languages."""

    languages: Collection[str]
    detect: Detect
    language: str | None = None
    topics: tuple[str, ...] = ()

    def all_topics(self, own: Collection[str] = ()) -> tuple[str, ...]:
        return tuple(dict.fromkeys((*own, *self.topics)))


@dataclass(frozen=True, slots=True)
class Source:
    kind: str
    endings: tuple[str, ...]
    read: Callable[[Document, Hints], Found]
    several: bool = False  # one document holds several articles, which are then stored each
