"""The articles of each newsletter, kept until one of its files changes: reading them all takes a page's whole time."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field

from newsletter.model.article import Library
from newsletter.workflow.context import Context
from newsletter.workflow.gather import library_of

Stamp = tuple[int, int, int]


@dataclass
class Libraries:
    _kept: dict[str, tuple[Stamp, Library]] = field(default_factory=dict)
    _guard: threading.Lock = field(default_factory=threading.Lock)

    def of(self, ctx: Context, campaign: str) -> Library:
        now = _stamp(ctx, campaign)
        with self._guard:
            kept = self._kept.get(campaign)
        if kept is not None and kept[0] == now:
            return kept[1]
        library = library_of(ctx, campaign, ctx.campaign(campaign))
        if _lies_within(library, campaign):
            with self._guard:
                self._kept[campaign] = (now, library)
        return library


def _stamp(ctx: Context, campaign: str) -> Stamp:
    """Another whenever a file of the newsletter changes, comes or goes, on disk too."""
    files = [file for file in (ctx.folder / "campaigns" / campaign).rglob("*") if file.suffix and file.is_file()]
    infos = [file.stat() for file in [*files, ctx.folder / "newsletter.toml"]]
    return len(infos), max(info.st_mtime_ns for info in infos), sum(info.st_size for info in infos)


def _lies_within(library: Library, campaign: str) -> bool:
    """A source may name files elsewhere in the workspace, which the stamp does not see."""
    return all(
        article.file is None or article.file.startswith(f"campaigns/{campaign}/")
        for translations in library.values()
        for article in translations.values()
    )
