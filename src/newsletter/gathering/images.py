"""Pictures as assets: opened within limits, re-encoded without metadata, at most twice as wide as their place."""

from __future__ import annotations

import hashlib
import io
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from newsletter.errors import NewsletterError
from newsletter.gathering.moving import Moved, TooMuch, resized
from newsletter.i18n import say
from newsletter.model.crop import Crop

if TYPE_CHECKING:
    from PIL.Image import Image

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class PlaceOf:
    """Where a picture stands: the most pixels in width (twice those on screen) and the most bytes (slow links).

    `moving`: the most bytes of one that moves; 0 where none does.
    """

    width: int
    limit: int
    moving: int = 0


PLACES = {
    "lead": PlaceOf(1072, 150_000, 1_000_000),
    "card": PlaceOf(720, 60_000, 1_000_000),
    "inline": PlaceOf(1072, 150_000, 1_000_000),
    "logo": PlaceOf(280, 15_000),
    "thumb": PlaceOf(320, 25_000),  # in the studio, where pictures are chosen
    "kept": PlaceOf(2400, 4_000_000, 4_000_000),  # of an upload, so that a part of it is still sharp as a lead
}
MAX_PIXELS = 50_000_000
ORIENTATION = 0x0112  # of EXIF; from 5 on the picture lies on its side
FORMATS = ("JPEG", "PNG", "GIF", "WEBP", "BMP", "TIFF")  # decoded by Pillow itself, without other programs
OF_WEB = FORMATS[:4]
QUALITIES = (85, 78, 70, 62, 54, 46)
DRAWN_COLOURS = 2000  # with no more colours than this a picture is drawn: a chart, a logo


class PictureError(NewsletterError):
    """Why a picture cannot be used."""


@dataclass(frozen=True, slots=True)
class Asset:
    sha256: str
    media_type: str  # image/jpeg or image/png, and image/gif for what moves: others do not show everywhere
    width: int
    height: int
    content: bytes
    name: str
    still: bool = False  # the first frame of one that moves, and is too much for a message


def make_asset(
    data: bytes, *, use: str = "card", name: str, crop: Crop | None = None, formats: tuple[str, ...] = FORMATS
) -> Asset:
    """The same bytes for the same picture, always. PictureError says what is wrong with it."""
    place, still = PLACES[use], False
    try:
        moved = _moving(data, name, place, crop, formats)
    except TooMuch:
        moved, still = None, True
    if moved is not None:
        content, (width, height) = moved
        return Asset(hashlib.sha256(content).hexdigest(), "image/gif", width, height, content, name)
    picture = _opened(data, name, formats)
    if crop is not None and not crop.whole:
        picture = picture.crop(crop.box(picture.width, picture.height))
    drawn = use == "logo" or picture.getcolors(DRAWN_COLOURS) is not None
    media_type, content, picture = _encoded(_within(picture, place.width), place.limit, drawn=drawn)
    return Asset(hashlib.sha256(content).hexdigest(), media_type, picture.width, picture.height, content, name, still)


def _moving(data: bytes, name: str, place: PlaceOf, crop: Crop | None, formats: tuple[str, ...]) -> Moved | None:
    if not place.moving or not data.startswith(b"GIF8"):
        return None
    return _read(data, name, formats, lambda _: resized(data, place.width, place.moving, crop))


def upright_size(data: bytes, name: str) -> tuple[int, int]:
    """Width and height as it is seen, without decoding it."""

    def measured(opened: Image) -> tuple[int, int]:
        lying = opened.getexif().get(ORIENTATION, 1) >= 5
        return (opened.height, opened.width) if lying else (opened.width, opened.height)

    return _read(data, name, FORMATS, measured)


def _opened(data: bytes, name: str, formats: tuple[str, ...]) -> Image:
    """The picture upright and in sRGB; of a moving one the first frame."""
    from PIL import ImageOps

    def loaded(opened: Image) -> Image:
        opened.load()
        ImageOps.exif_transpose(opened, in_place=True)  # no copy of what may be 200 MB
        return _srgb(opened)

    return _read(data, name, formats, loaded)


def _read(data: bytes, name: str, formats: tuple[str, ...], then: Callable[[Image], T]) -> T:
    """What `then` makes of the picture, whose head alone has been read; PictureError where anything is wrong."""
    from PIL import Image, ImageCms, UnidentifiedImageError  # heavy: loaded when the first picture comes

    if b"<svg" in data[:2000].lower():
        raise PictureError(say("%(name)s is an SVG, which mail programs do not show: export it as PNG.", name=name))
    Image.init()
    try:
        with warnings.catch_warnings(), Image.open(io.BytesIO(data), formats=formats) as opened:
            warnings.simplefilter("ignore")
            if opened.width * opened.height > MAX_PIXELS:
                raise PictureError(
                    say(
                        "%(name)s has %(width)s x %(height)s pixels: scale it down first.",
                        name=name,
                        width=opened.width,
                        height=opened.height,
                    )
                )
            return then(opened)
    except Image.DecompressionBombError:
        raise PictureError(
            say("%(name)s has more pixels than any message can use: scale it down first.", name=name)
        ) from None
    except UnidentifiedImageError:
        raise PictureError(say("%(name)s is no picture that can be read: save it as JPEG or PNG.", name=name)) from None
    except (OSError, ValueError, SyntaxError, EOFError, IndexError, ImageCms.PyCMSError) as error:
        raise PictureError(
            say(
                "%(name)s is damaged (%(error)s): save it again as JPEG or PNG.",
                name=name,
                error=type(error).__name__,
            )
        ) from error


def _srgb(picture: Image) -> Image:
    """RGB, or RGBA where something is transparent, in the colours that the file's profile means."""
    if picture.mode.startswith("I;16") or picture.mode == "I":
        picture = picture.convert("I").point(lambda value: value * (1 / 257)).convert("L")
    profile = picture.info.get("icc_profile")
    if profile and picture.mode in ("RGB", "RGBA", "CMYK"):
        picture = _converted(picture, profile)
    transparent = picture.mode in ("RGBA", "LA", "PA") or "transparency" in picture.info
    mode = "RGBA" if transparent else "RGB"
    picture = picture if picture.mode == mode else picture.convert(mode)
    if transparent and picture.getchannel("A").getextrema()[0] == 255:
        return picture.convert("RGB")
    return picture


def _converted(picture: Image, profile: bytes) -> Image:
    from PIL import ImageCms

    source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
    mode = "RGBA" if picture.mode == "RGBA" else "RGB"
    result = ImageCms.profileToProfile(picture, source, ImageCms.createProfile("sRGB"), outputMode=mode)
    return picture if result is None else result


def _within(picture: Image, width: int) -> Image:
    from PIL import Image as Images

    if picture.width <= width:
        return picture
    height = max(1, round(picture.height * width / picture.width))
    return picture.resize((width, height), Images.Resampling.LANCZOS, reducing_gap=3.0)


def _encoded(picture: Image, limit: int, *, drawn: bool) -> tuple[str, bytes, Image]:
    """PNG for what is drawn or transparent; else, or where that is too long, JPEG."""
    transparent = picture.mode == "RGBA"
    if transparent or drawn:
        content = _png(picture, limit)
        if transparent or len(content) <= limit:
            return "image/png", content, picture
    content, picture = _jpeg(picture, limit)
    return "image/jpeg", content, picture


def _png(picture: Image, limit: int) -> bytes:
    """With all its colours, else, where that is too long, with 256."""
    from PIL import Image as Images

    content = _saved(picture, "PNG", optimize=True)
    if len(content) <= limit:
        return content
    return _saved(picture.quantize(256, method=Images.Quantize.FASTOCTREE), "PNG", optimize=True)


def _jpeg(picture: Image, limit: int) -> tuple[bytes, Image]:
    """Of as good a quality as the limit allows; smaller where none is good enough."""
    while True:
        for quality in QUALITIES:
            content = _saved(picture, "JPEG", quality=quality, optimize=True, progressive=True)
            if len(content) <= limit:
                return content, picture
        picture = _within(picture, round(picture.width * 0.85))


def _saved(picture: Image, kind: str, **options: Any) -> bytes:
    stream = io.BytesIO()
    clean = picture.copy()  # by now no larger than its place
    clean.info = {}
    clean.save(stream, kind, **options)
    return stream.getvalue()
