"""Moving pictures: a GIF frame by frame, within limits, since many mail programs play it and the others show its start.

Pillow decodes a frame only once it is asked for, so the limits hold before memory or time is spent.
"""

from __future__ import annotations

import io
from collections.abc import Callable
from functools import lru_cache
from typing import TYPE_CHECKING

from newsletter.errors import NewsletterError
from newsletter.model.crop import Crop

if TYPE_CHECKING:
    from PIL.GifImagePlugin import GifImageFile
    from PIL.Image import Image

MOST_FRAMES = 60
MOST_PIXELS = 30_000_000  # of all frames together, as they lie in the file
SAMPLES = 6  # frames from which the common colours are taken
TICK = 100  # ms of a frame that says nothing, or less than programs show
LEAST = 20
WHOLE = Crop()


class TooMuch(NewsletterError):
    """It has more frames, pixels or bytes than a message can carry: its first frame has to do."""


Moved = tuple[bytes, tuple[int, int]]  # a GIF, and its size in pixels


def resized(data: bytes, width: int, most: int, crop: Crop | None) -> Moved | None:
    """The same movement at most as wide as this, or half as wide where that is too heavy; None where nothing moves.

    TooMuch where even that is too heavy. What cannot be decoded is raised as Pillow says it.
    """
    found = _tried(data, width, most, crop or WHOLE)
    if isinstance(found, TooMuch):
        raise found
    return found


@lru_cache(maxsize=8)
def _tried(data: bytes, width: int, most: int, crop: Crop) -> Moved | TooMuch | None:
    """Remembered, for an issue is composed again and again while people work on it."""
    from PIL import Image as Images

    with Images.open(io.BytesIO(data), formats=("GIF",)) as opened:
        if not opened.is_animated:  # type: ignore[attr-defined]
            return None
        try:
            for narrow in dict.fromkeys((width, min(width, opened.width) // 2)):
                content, size = _encoded(opened, narrow, crop)  # type: ignore[arg-type]
                if len(content) <= most:
                    return content, size
        except TooMuch as too_much:
            return too_much
    return TooMuch()


def _encoded(opened: GifImageFile, width: int, crop: Crop) -> Moved:
    frames, durations = _frames(opened, lambda frame: _small(frame, width, crop))
    transparent = any(frame.mode == "RGBA" for frame in frames)
    first, *others = _each_alone(frames) if transparent else _in_common_colours(frames)
    stream = io.BytesIO()
    first.save(
        stream,
        "GIF",
        save_all=True,
        append_images=others,
        duration=durations,
        disposal=2 if transparent else 1,  # what is opaque writes only what changes
        **({"loop": opened.info["loop"]} if "loop" in opened.info else {}),
    )
    return stream.getvalue(), first.size


def _frames(opened: GifImageFile, made: Callable[[Image], Image]) -> tuple[list[Image], list[int]]:
    frames: list[Image] = []
    durations: list[int] = []
    while True:
        try:
            opened.seek(len(frames))
        except EOFError:
            return frames, durations
        if len(frames) == MOST_FRAMES or (len(frames) + 1) * opened.width * opened.height > MOST_PIXELS:
            raise TooMuch
        frames.append(made(opened))
        asked = int(opened.info.get("duration", 0))
        durations.append(asked if asked >= LEAST else TICK)


def _small(opened: Image, width: int, crop: Crop) -> Image:
    from PIL import Image as Images

    frame = opened.convert("RGBA")
    if not crop.whole:
        frame = frame.crop(crop.box(frame.width, frame.height))
    if frame.width > width:
        height = max(1, round(frame.height * width / frame.width))
        frame = frame.resize((width, height), Images.Resampling.BILINEAR, reducing_gap=2.0)
    frame.info = {}
    return frame.convert("RGB") if frame.getchannel("A").getextrema()[0] == 255 else frame


def _each_alone(frames: list[Image]) -> list[Image]:
    """A GIF knows no half-transparent pixels."""
    made = [frame.convert("RGBA") for frame in frames]
    for frame in made:
        frame.putalpha(frame.getchannel("A").point(lambda value: 255 if value >= 128 else 0))
    return made


def _in_common_colours(frames: list[Image]) -> list[Image]:
    """With one palette what stands still stays the same from frame to frame, and need not be written again."""
    from PIL import Image as Images

    samples = frames[:: max(1, len(frames) // SAMPLES)]
    width, height = frames[0].size
    sheet = Images.new("RGB", (width, height * len(samples)))
    for number, sample in enumerate(samples):
        sheet.paste(sample, (0, number * height))
    palette = sheet.quantize(255, method=Images.Quantize.MEDIANCUT)
    return [frame.quantize(palette=palette, dither=Images.Dither.NONE) for frame in frames]
