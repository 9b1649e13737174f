"""The articles of each newsletter, kept until one of its files changes: reading them all takes a page's whole time."""

from __future__ import annotations

from pathlib import PurePosixPath

from newsletter.model.article import Library
from newsletter.web.kept import Kept
from newsletter.workflow.content.gather import library_of
from newsletter.workflow.context import Context


class Libraries:
    def __init__(self) -> None:
        self._kept: Kept[tuple[str, str], Library] = Kept(16)

    def of(self, ctx: Context, campaign: str) -> Library:
        def is_draft(path: str) -> bool:  # a save of one changes no article
            file = PurePosixPath(path)
            return file.suffix == ".yaml" and file.parent.name == campaign and file.name != "campaign.yaml"

        key = (campaign, ctx.documents.stamp(f"campaigns/{campaign}", "newsletter.toml", but=is_draft))
        if (known := self._kept.get(key)) is not None:
            return known
        library = library_of(ctx, campaign, ctx.campaign(campaign))
        return self._kept.put(key, library) if _lies_within(library, campaign) else library


def _lies_within(library: Library, campaign: str) -> bool:
    """A source may name files elsewhere in the workspace, which the stamp does not see."""
    return all(
        article.file is None or article.file.startswith(f"campaigns/{campaign}/")
        for translations in library.values()
        for article in translations.values()
    )
