"""What HTML looks like in Chromium, and by how much two pictures differ."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from PIL import Image, ImageChops
from playwright.sync_api import Page, Route

from tests.browser import chromium

WIDTHS = (640, 375)
THRESHOLD = 16  # of 255, in the channel that differs most


def _placeholder() -> bytes:
    picture = Image.new("RGB", (240, 120), "#c8d8e8")
    picture.paste("#405060", (0, 0, 120, 60))
    out = io.BytesIO()
    picture.save(out, "PNG")
    return out.getvalue()


@dataclass
class Camera:
    """One page, in which every picture is the same placeholder and nothing else is loaded."""

    page: Page

    def shoot(self, html: str, width: int) -> Image.Image:
        self.page.set_viewport_size({"width": width, "height": 400})
        self.page.set_content(html, wait_until="load")
        return Image.open(io.BytesIO(self.page.screenshot(full_page=True))).convert("RGB")

    def difference(self, one: str, other: str) -> float:
        """The largest share of pixels that differ, over the widths."""
        return max(difference(self.shoot(one, width), self.shoot(other, width)) for width in WIDTHS)


def difference(one: Image.Image, other: Image.Image) -> float:
    """The share of pixels that differ; what only one of the pictures has differs."""
    width, height = max(one.width, other.width), max(one.height, other.height)
    common = (min(one.width, other.width), min(one.height, other.height))
    same = ImageChops.difference(one.crop((0, 0, *common)), other.crop((0, 0, *common)))
    worst = same.getchannel("R")
    for channel in ("G", "B"):
        worst = ImageChops.lighter(worst, same.getchannel(channel))
    differing = sum(worst.histogram()[THRESHOLD + 1 :]) + width * height - common[0] * common[1]
    return differing / (width * height)


@contextmanager
def camera() -> Iterator[Camera]:
    placeholder = _placeholder()

    def answer(route: Route) -> None:
        if route.request.resource_type == "image":
            route.fulfill(body=placeholder, content_type="image/png")
        else:
            route.abort()

    with chromium() as browser:
        page = browser.new_context(java_script_enabled=False).new_page()
        page.route("**/*", answer)
        yield Camera(page)
