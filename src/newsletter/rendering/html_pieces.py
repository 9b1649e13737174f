"""HTML cut into pieces at its comments, and the tags of a piece.

Only tags are read: no text, no comment, nothing inside `<style>`, `<script>` and `<title>`. A piece is read without
knowing what stands before it, so one that stands in many messages is read once.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple

# Begins with a plain "<" outside every group and flag, by which the search skips text quickly. What is begun and does
# not end is found as its "<" alone.
_TAG = re.compile(
    r"""<(?:(?:!--.*?--|(?i:(style|script|title)\b.*?</\1\s*)"""
    r"""|(/?)([a-zA-Z][^\s/>]*)((?:[^"'>]++|"[^"]*"|'[^']*')*+))>|(?=!--|/?[a-zA-Z]))""",
    re.S,
)
_RAW = frozenset({"style", "script", "title"})


class Tag(NamedTuple):
    """A tag and where it stands in its piece. `attributes`: all that follows the name."""

    start: int
    end: int
    name: str
    attributes: str
    closing: bool


class Piece(NamedTuple):
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
    whole = True
    for found in _TAG.finditer(text):
        _, closing, name, attributes = found.groups()
        start, end = found.span()
        if name is not None:
            tags.append(Tag(start, end, name, attributes, bool(closing)))
            whole = whole and (bool(closing) or name.lower() not in _RAW)
        elif end == start + 1:
            whole = False
    return tags, whole
