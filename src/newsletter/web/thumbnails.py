"""Pictures of the workspace as pages show them: re-encoded like those of messages, kept, and two at a time."""

from __future__ import annotations

import hashlib
import threading

from newsletter.gathering.images import Asset
from newsletter.model.crop import Crop
from newsletter.web.kept import Kept
from newsletter.workflow.content.picture_files import readable, shown
from newsletter.workflow.context import Context

USES = ("thumb", "lead")
AT_ONCE = 2  # a large photograph takes 150 MB while it is decoded


class Thumbnails:
    def __init__(self) -> None:
        self._made: Kept[str, Asset] = Kept(256)
        self._room = threading.Semaphore(AT_ONCE)

    def find(self, ctx: Context, path: str, use: str, crop: Crop | None) -> tuple[str, Asset | None]:
        """The name of what would be shown, and the picture where it is known already. NewsletterError where none is."""
        name = self._name(readable(ctx, path), use, crop)
        return name, self._made.get(name)

    def make(self, ctx: Context, path: str, use: str, crop: Crop | None) -> Asset:
        content = readable(ctx, path)
        with self._room:
            return self._made.put(self._name(content, use, crop), shown(content, path, use, crop))

    def _name(self, content: bytes, use: str, crop: Crop | None) -> str:
        told = f"{hashlib.sha256(content).hexdigest()}-{use}-{crop.plain() if crop else ''}"
        return hashlib.sha256(told.encode()).hexdigest()[:32]
