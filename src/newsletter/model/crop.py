"""The part of a picture that is shown: a frame in percent of it once upright, so that it holds for any copy of it."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict, Field, model_validator

from newsletter.i18n import say

ASPECTS = {"16:9": 16 / 9, "3:2": 3 / 2, "4:3": 4 / 3, "1:1": 1.0, "3:4": 3 / 4}  # width to height
LEAST = 1.0  # percent
NEAR = 0.01  # of an aspect: hundredths of a percent are too coarse to meet it
BEYOND = say("The frame goes beyond the picture: its place and its width (or height) are at most 100 together.")
Box = tuple[int, int, int, int]  # left, top, right, bottom


class Crop(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    x: float = Field(default=0, ge=0, le=100, description="From the left, in percent of the picture")
    y: float = Field(default=0, ge=0, le=100, description="From the top")
    width: float = Field(default=100, ge=LEAST, le=100)
    height: float = Field(default=100, ge=LEAST, le=100)

    @model_validator(mode="after")
    def _within(self) -> Crop:
        if beyond(self.x, self.y, self.width, self.height):
            raise ValueError(BEYOND)
        return self

    @property
    def whole(self) -> bool:
        return self.width >= 100 and self.height >= 100

    def box(self, width: int, height: int) -> Box:
        """In pixels of a picture of this size; at least one."""
        left, top = min(round(self.x * width / 100), width - 1), min(round(self.y * height / 100), height - 1)
        right, bottom = round((self.x + self.width) * width / 100), round((self.y + self.height) * height / 100)
        return left, top, min(max(right, left + 1), width), min(max(bottom, top + 1), height)

    def fitted(self, aspect: str, width: int, height: int) -> Crop:
        """The frame with this aspect, about its middle and within the picture; as it is where it has it, or none is."""
        if aspect not in ASPECTS or self.aspect(width, height) == aspect:
            return self
        steep = ASPECTS[aspect] * height / width  # width to height in percent
        wide = min(self.width, 100.0, 100.0 * steep)
        wide, high = max(LEAST, wide), max(LEAST, min(100.0, wide / steep))
        x, y = self.x + (self.width - wide) / 2, self.y + (self.height - high) / 2
        return frame(min(max(0.0, x), 100 - wide), min(max(0.0, y), 100 - high), wide, high)

    def aspect(self, width: int, height: int) -> str:
        """The name of the aspect that the frame has, if it has one of ours."""
        ratio = self.width * width / (self.height * height)
        return next((name for name, wanted in ASPECTS.items() if abs(ratio / wanted - 1) < NEAR), "")

    def plain(self) -> dict[str, Any]:
        """As it is written into a file: no more decimals than there are."""
        return {name: int(value) if value == int(value) else value for name, value in self.model_dump().items()}


def frame(x: float, y: float, width: float, height: float) -> Crop:
    """In hundredths of a percent."""
    x, y = round(x, 2), round(y, 2)
    width, height = min(width, 100 - x), min(height, 100 - y)
    return Crop(x=x, y=y, width=round(width, 2), height=round(height, 2))


def beyond(x: float, y: float, width: float, height: float) -> bool:
    return x + width > 100.01 or y + height > 100.01  # hundredths are rounded
