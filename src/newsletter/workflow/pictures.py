"""The pictures of a composition: read, made into assets once, and shown at their place's size."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from newsletter.errors import NewsletterError
from newsletter.gathering.images import make_asset
from newsletter.store.editions import AssetRow
from newsletter.workflow.context import Context

LOGO_WIDTH = 140  # pixels on screen; the file has twice as many


@dataclass
class Pictures:
    ctx: Context
    campaign: str
    assets: dict[str, AssetRow] = field(default_factory=dict)
    notices: list[str] = field(default_factory=list)
    _made: dict[tuple[str, str], AssetRow | None] = field(default_factory=dict)

    def view(self, source: str, use: str) -> dict[str, Any] | None:
        """What a template needs of a picture at a place; None where it cannot be read (said in `notices`)."""
        made = self._asset(source, use)
        return {"url": self._url(made), "width": made.width, "height": made.height} if made else None

    def logo(self, path: str) -> dict[str, Any] | None:
        made = self._asset(path, "logo")
        if made is None or not made.width or not made.height:
            return None
        return {"url": self._url(made), "width": LOGO_WIDTH, "height": round(made.height * LOGO_WIDTH / made.width)}

    def _asset(self, source: str, use: str) -> AssetRow | None:
        if (source, use) not in self._made:
            self._made[source, use] = self._make(source, use)
        return self._made[source, use]

    def _make(self, source: str, use: str) -> AssetRow | None:
        documents = self.ctx.documents
        near = f"campaigns/{self.campaign}/{source}"
        path = near if documents.exists(near) else source
        try:
            made = make_asset(documents.read(path), use=use, name=path)
        except NewsletterError as error:
            self.notices.append(f"The picture {source} is left out: {error}")
            return None
        row = AssetRow(made.sha256, made.media_type, made.content, path.rsplit("/", 1)[-1], made.width, made.height)
        self.assets[row.sha256] = row
        return row

    def _url(self, asset: AssetRow) -> str:
        ending = "png" if asset.media_type == "image/png" else "jpg"
        return f"{self.ctx.settings.public_url}/a/{asset.sha256}.{ending}"
