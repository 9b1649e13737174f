"""The pictures of a composition: read, made into assets once, and shown at their place's size."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from newsletter.errors import NewsletterError
from newsletter.gathering.bringing import kept_as
from newsletter.gathering.images import make_asset
from newsletter.i18n import say
from newsletter.model.article import Library
from newsletter.model.campaign import Campaign
from newsletter.model.crop import Crop
from newsletter.model.draft import Draft
from newsletter.rendering.markdown import pictures
from newsletter.rendering.selection import choose
from newsletter.store.editions import AssetRow
from newsletter.workflow.context import Context

LOGO_WIDTH = 140  # pixels on screen; the file has twice as many


def addresses(campaign: Campaign, draft: Draft, library: Library, languages: list[str]) -> list[str]:
    """The pictures of the web that an issue shows in any of its languages, each once.

    One whose address has a merge field is left out: nobody can bring it over.
    """
    found: list[str] = []
    for language in campaign.languages or languages:
        for section in choose(campaign, draft, library, language, languages):
            for article in (item.article for item in section.items):
                found += [article.picture.source] if article.picture else []
                found += pictures(article.body)
    return [each for each in dict.fromkeys(found) if of_web(each) and "{{" not in each and "%7B%7B" not in each]


def of_web(source: str) -> bool:
    return source.lower().startswith(("https://", "http://"))


def lies_at(ctx: Context, campaign: str, source: str) -> str | None:
    """Where a picture lies: in the campaign's folder, else in the workspace. None: of the web, not brought over yet."""
    names = kept_as(source) if of_web(source) else [source]
    near = [f"campaigns/{campaign}/{name}" for name in names]
    found = next((path for path in near if ctx.documents.exists(path)), None)
    return found or (None if of_web(source) else source)


@dataclass
class Pictures:
    ctx: Context
    campaign: str
    key: str
    assets: dict[str, AssetRow] = field(default_factory=dict)
    notices: list[str] = field(default_factory=list)
    stills: dict[str, str] = field(default_factory=dict)  # by source: of what moves, only the first frame is shown
    _made: dict[tuple[str, str, Crop | None], AssetRow | None] = field(default_factory=dict)

    def view(self, source: str, use: str, crop: Crop | None = None) -> dict[str, Any] | None:
        """What a template needs of a picture at a place; None where it cannot be read (said in `notices`)."""
        made = self._asset(source, use, crop)
        return {"url": self._url(made), "width": made.width, "height": made.height} if made else None

    def logo(self, path: str) -> dict[str, Any] | None:
        made = self._asset(path, "logo")
        if made is None or not made.width or not made.height:
            return None
        return {"url": self._url(made), "width": LOGO_WIDTH, "height": round(made.height * LOGO_WIDTH / made.width)}

    def _asset(self, source: str, use: str, crop: Crop | None = None) -> AssetRow | None:
        if (source, use, crop) not in self._made:
            self._made[source, use, crop] = self._make(source, use, crop)
        return self._made[source, use, crop]

    def _make(self, source: str, use: str, crop: Crop | None) -> AssetRow | None:
        try:
            path = self._file(source)
            made = make_asset(self.ctx.documents.read(path), use=use, name=path, crop=crop)
        except NewsletterError as error:
            self.notices.append(say("The picture %(source)s is left out: %(error)s", source=source, error=error))
            return None
        if made.still:
            self.stills[source] = say("Of the moving picture %(source)s only the first frame is shown", source=source)
        row = AssetRow(made.sha256, made.media_type, made.content, path.rsplit("/", 1)[-1], made.width, made.height)
        self.assets[row.sha256] = row
        return row

    def _file(self, source: str) -> str:
        found = lies_at(self.ctx, self.campaign, source)
        if found is None:
            raise NewsletterError(
                say(
                    "it has not been brought over yet. Run `newsletter gather %(campaign)s --key %(key)s`, "
                    "which says why where it cannot be had.",
                    campaign=self.campaign,
                    key=self.key,
                )
            )
        return found

    def _url(self, asset: AssetRow) -> str:
        return f"{self.ctx.settings.public_url}/a/{asset.file_name}"
