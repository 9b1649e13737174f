"""The picture of an article or of an issue's item, as staff see and change it: what is common to both."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from newsletter.errors import NewsletterError, UsageError
from newsletter.gathering.images import upright_size
from newsletter.i18n import say
from newsletter.model.article import Picture
from newsletter.model.crop import BEYOND, Crop, beyond, frame
from newsletter.model.crop import LEAST as LEAST_SIDE
from newsletter.workflow.content.picture_files import readable
from newsletter.workflow.content.pictures import lies_at
from newsletter.workflow.context import Context

LEAST = 16  # pixels of a side
SHARP = 536  # pixels: as wide as the picture that leads an article
SIDES = ("x", "y", "width", "height")


class PictureChanged(NewsletterError):
    """Somebody changed the same picture meanwhile; nothing was written."""


@dataclass(frozen=True, slots=True)
class Words:
    """What is said of the picture in one language. `other`: this language shows another picture, which it keeps."""

    language: str
    title: str  # of the text in this language
    alt: str
    credit: str
    writable: bool
    other: bool = False


@dataclass(frozen=True, slots=True)
class Pictured:
    """A picture, or none, with what is said of it; `hash` is another when any of it changes."""

    picture: Picture | None
    words: tuple[Words, ...]
    path: str | None = None  # where it lies; None: nowhere in the workspace
    size: tuple[int, int] | None = None  # of the whole; None: it cannot be read
    why: str = ""  # it cannot be read

    @property
    def hash(self) -> str:
        return hashlib.sha256(repr((self.picture, self.words)).encode()).hexdigest()[:16]

    @property
    def credits(self) -> dict[str, str]:
        """One for all, unless the languages say it each in its own words."""
        said = {each.language: each.credit for each in self.words if each.writable and not each.other}
        different = set(filter(None, said.values()))
        return said if len(different) > 1 else {"": next(iter(different), "")}

    @property
    def crop(self) -> Crop:
        return (self.picture and self.picture.crop) or Crop()

    @property
    def pixels(self) -> tuple[int, int]:
        """Of the part that is shown."""
        left, top, right, bottom = self.crop.box(*self.size) if self.size else (0, 0, 0, 0)
        return right - left, bottom - top

    @property
    def aspect(self) -> str:
        return self.crop.aspect(*self.size) if self.size and not self.crop.whole else ""


def pictured(ctx: Context, campaign: str, picture: Picture | None, words: tuple[Words, ...]) -> Pictured:
    if picture is None:
        return Pictured(None, words)
    path = lies_at(ctx, campaign, picture.source)
    if path is None:
        return Pictured(picture, words, why=say("It lies in the web, and has not been brought over yet."))
    try:
        return Pictured(picture, words, path, upright_size(readable(ctx, path), path))
    except NewsletterError as error:
        return Pictured(picture, words, why=error.args[0])


def checked(ctx: Context, campaign: str, source: str) -> str:
    """A picture that somebody chose: it can be read. PictureError or UsageError says why it cannot."""
    path = lies_at(ctx, campaign, source)
    if path is None:
        raise UsageError(say("Choose a picture that lies in the workspace."))
    upright_size(readable(ctx, path), path)
    return source


def unchanged(now: Pictured, made_from: str) -> Pictured:
    """PictureChanged where somebody else was there since a page showed it."""
    if now.hash != made_from:
        raise PictureChanged(say("Somebody changed the picture meanwhile: look at it anew, and repeat the step."))
    if now.picture is None:
        raise UsageError(say("This article has no picture yet: choose or upload one first."))
    return now


def framed(now: Pictured, given: Mapping[str, str], aspect: str) -> Crop | None:
    """The frame that somebody typed or drew, with the aspect that was asked for; None is the whole."""
    if now.size is None:
        raise UsageError(say("There is no picture here that can be cropped."))
    crop = _typed(given).fitted(aspect, *now.size)
    left, top, right, bottom = crop.box(*now.size)
    wide, high = right - left, bottom - top
    if wide < LEAST or high < LEAST:
        raise UsageError(
            say("This frame holds %(wide)s × %(high)s pixels: choose a larger part.", wide=wide, high=high)
        )
    return None if (wide, high) == now.size else crop


def _typed(given: Mapping[str, str]) -> Crop:
    try:
        values = {name: float(given.get(name, "").strip().replace(",", ".")) for name in SIDES}
    except ValueError:
        raise UsageError(say("Give the frame in numbers: place, width and height in percent of the picture.")) from None
    if not all(0 <= value <= 100 for value in values.values()) or min(values["width"], values["height"]) < LEAST_SIDE:
        raise UsageError(say("The numbers of a frame lie between 0 and 100: they are percent of the picture."))
    if beyond(**values):
        raise UsageError(BEYOND)
    return frame(**values)


def whole(now: Pictured, picture: Mapping[str, Any]) -> dict[str, Any]:
    """All that the file says of the shown picture, with these values instead."""
    shown = now.picture
    assert shown is not None
    crop = shown.crop.plain() if shown.crop else None
    return {"file": shown.source, "crop": crop, "credit": shown.credit or None, **picture}
