"""The sources that there are; a new one is a file beside this and a line below."""

from __future__ import annotations

from pathlib import PurePosixPath

from newsletter.errors import NewsletterError, nearest
from newsletter.gathering.sources import feed, html, markdown, text
from newsletter.gathering.sources.base import Document, Hints, Source
from newsletter.i18n import say

__all__ = ["SOURCES", "Document", "Hints", "Source", "source_for"]

SOURCES: dict[str, Source] = {
    source.kind: source for source in (markdown.SOURCE, text.SOURCE, html.SOURCE, feed.SOURCE)
}


class UnknownSource(NewsletterError):
    """No source reads a file of this ending."""


def source_for(path: str, kind: str | None = None) -> Source:
    """The source of this kind, else the one that the ending names."""
    if kind is not None:
        return SOURCES[kind]
    ending = PurePosixPath(path).suffix.lower()
    by_ending = {each: source for source in SOURCES.values() for each in source.endings}
    if ending not in by_ending:
        known = nearest(ending, by_ending)
        raise UnknownSource(
            say(
                "No source reads %(ending)s (%(known)s): rename it.",
                ending=ending or say("files without an ending"),
                known=known,
            )
        )
    return by_ending[ending]
