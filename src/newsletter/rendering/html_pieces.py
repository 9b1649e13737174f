"""HTML cut into pieces at its comments, and the tags of a piece.

Only tags are read: no text, no comment, nothing inside `<style>`, `<script>` and `<title>`. A piece is read without
knowing what stands before it, so one that stands in many messages is read once.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

# Begins with a plain "<" outside every group and flag, by which the search skips text quickly.
_TAG = re.compile(
    r"""<(?:!--.*?--|(?i:(style|script|title)\b.*?</\1\s*)|(/?)([a-zA-Z][^\s/>]*)((?:[^"'>]++|"[^"]*"|'[^']*')*+))>""",
    re.S,
)
_BEGUN = re.compile(r"<(?:!--|/?[a-zA-Z])")
_RAW = frozenset({"style", "script", "title"})


@dataclass(frozen=True, slots=True)
class Tag:
    """A tag and where it stands in its piece. `attributes`: all that follows the name."""

    start: int
    end: int
    name: str
    attributes: str
    closing: bool


@dataclass(frozen=True, slots=True)
class Piece:
    text: str
    tags: tuple[Tag, ...]


def pieces(html: str) -> Iterator[Piece]:
    """The pieces of a document; together they are its text, and have the tags that it has when read as a whole."""
    begun = ""
    first, *others = html.split("<!--")
    for text in (first, *(f"<!--{other}" for other in others)):
        tags = _tags(begun + text)
        if tags is None:
            begun += text
        else:
            yield Piece(begun + text, tags)
            begun = ""
    if begun:
        yield read(begun)


def read(html: str) -> Piece:
    """All of a document as one piece."""
    return Piece(html, tuple(_read(html)[0]))


@lru_cache(maxsize=2048)
def _tags(text: str) -> tuple[Tag, ...] | None:
    """The tags of a piece, none where it ends within a tag, a comment or a raw text."""
    tags, whole = _read(text)
    return tuple(tags) if whole else None


def _read(text: str) -> tuple[list[Tag], bool]:
    tags: list[Tag] = []
    position, whole = 0, True
    for found in _TAG.finditer(text):
        _, closing, name, attributes = found.groups()
        whole = whole and _BEGUN.search(text, position, found.start()) is None
        position = found.end()
        if name is not None:
            tags.append(Tag(found.start(), found.end(), name, attributes, bool(closing)))
            whole = whole and (bool(closing) or name.lower() not in _RAW)
    return tags, whole and _BEGUN.search(text, position) is None
