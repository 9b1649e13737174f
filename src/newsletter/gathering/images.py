"""Pictures as assets: opened within limits, re-encoded without metadata, at most twice as wide as their place."""

from __future__ import annotations

import hashlib
import io
import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from newsletter.errors import NewsletterError

if TYPE_CHECKING:
    from PIL.Image import Image

# Widths in pixels of the file (twice those on screen) and the most bytes (facts of email design: slow links, clipping).
PLACES = {"lead": (1072, 150_000), "card": (720, 60_000), "logo": (280, 15_000), "inline": (1072, 150_000)}
MAX_PIXELS = 50_000_000
QUALITIES = (85, 78, 70, 62, 54, 46)
FLAT_COLOURS = 256  # with no more colours than this a picture is drawn, not photographed


class PictureError(NewsletterError):
    """Why a picture cannot be used."""


@dataclass(frozen=True, slots=True)
class Asset:
    sha256: str
    media_type: str
    width: int
    height: int
    content: bytes
    name: str


def make_asset(data: bytes, *, use: str = "card", name: str) -> Asset:
    """The same bytes for the same picture, always. PictureError says what is wrong with it."""
    from PIL import Image, ImageOps, UnidentifiedImageError  # heavy: loaded when the first picture comes

    if data.lstrip()[:5].lower() in (b"<svg ", b"<?xml"):
        raise PictureError(f"{name} is an SVG, which mail programs do not show: export it as PNG.")
    try:
        with warnings.catch_warnings(), Image.open(io.BytesIO(data)) as opened:
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            if opened.width * opened.height > MAX_PIXELS:
                raise PictureError(f"{name} has {opened.width} x {opened.height} pixels: scale it down first.")
            picture = ImageOps.exif_transpose(opened)
            picture.load()
            picture = _srgb(picture)
    except (UnidentifiedImageError, OSError, ValueError, Image.DecompressionBombError, Warning) as error:
        raise PictureError(f"{name} cannot be read as a picture ({type(error).__name__}): save it again.") from error
    width, limit = PLACES[use]
    if picture.width > width:
        height = max(1, round(picture.height * width / picture.width))
        picture = picture.resize((width, height), Image.Resampling.LANCZOS)
    media_type, content = _encoded(picture, limit, keep_png=use == "logo" or _is_flat(picture))
    digest = hashlib.sha256(content).hexdigest()
    return Asset(digest, media_type, picture.width, picture.height, content, name)


def _srgb(picture: Image) -> Image:
    """In sRGB, whatever the file's profile; transparency stays."""
    from PIL import ImageCms

    profile = picture.info.get("icc_profile")
    transparent = picture.mode in ("RGBA", "LA", "PA") or "transparency" in picture.info
    if profile and picture.mode in ("RGB", "RGBA", "CMYK"):
        source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        mode = "RGBA" if picture.mode == "RGBA" else "RGB"
        converted: Image | None = ImageCms.profileToProfile(
            picture, source, ImageCms.createProfile("sRGB"), outputMode=mode
        )
        if converted is not None:
            return converted
    return picture.convert("RGBA" if transparent else "RGB")


def _is_flat(picture: Image) -> bool:
    return picture.mode == "RGBA" or picture.getcolors(FLAT_COLOURS) is not None


def _encoded(picture: Image, limit: int, *, keep_png: bool) -> tuple[str, bytes]:
    if keep_png:
        content = _saved(picture, "PNG", optimize=True)
        if len(content) <= limit or picture.mode == "RGBA":
            return "image/png", content
    content = b""
    for quality in QUALITIES:
        content = _saved(picture.convert("RGB"), "JPEG", quality=quality, optimize=True, progressive=True)
        if len(content) <= limit:
            break
    return "image/jpeg", content


def _saved(picture: Image, kind: str, **options: Any) -> bytes:
    stream = io.BytesIO()
    clean = picture.copy()
    clean.info = {}
    clean.save(stream, kind, **options)
    return stream.getvalue()
