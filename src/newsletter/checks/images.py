"""Pictures: what is shown in Outlook, in Gmail, and where pictures are blocked."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

from newsletter.checks.checked import Checked
from newsletter.checks.css import declarations, pixels
from newsletter.checks.finding import Finding, error

BODY = 600  # pixels, where the message does not say its width

ALT = error(
    "picture-alt",
    "Readers who see no pictures, by choice or otherwise, learn nothing of it.",
    'Write an alternative text, or alt="" where the headline says the same.',
)
WIDTH = error(
    "picture-width",
    "Outlook then shows the file in its own size, twice as wide as the message.",
    "Give the width in whole pixels, no wider than the message.",
)
ADDRESS = error(
    "picture-address",
    "Gmail and Outlook do not show it.",
    "Use a JPEG or PNG at an https address, or a picture of the workspace.",
)


def check(checked: Checked) -> Iterator[Finding]:
    widest = _body_width(checked)
    for image in checked.root.iter("img"):
        name = _name(image)
        if image.get("alt") is None:
            yield checked.found(ALT, f"the picture {name} has no alternative text", image)
        elif not image.get("alt").strip() and _only_content(image):
            yield checked.found(ALT, f"the picture {name} is a link without a name", image)
        yield from _width(checked, image, name, widest)
        if reason := _unshown(checked, image.get("src", "")):
            yield checked.found(ADDRESS, f"the picture {name} {reason}", image)


def _name(image: Any) -> str:
    return (image.get("src", "").split("?")[0].rsplit("/", 1)[-1] or "without address")[:80]


def _only_content(image: Any) -> bool:
    """Whether it is all that a link holds."""
    link = next(image.iterancestors("a"), None)
    return link is not None and not "".join(link.itertext()).strip() and len(list(link.iter("img"))) == 1


def _width(checked: Checked, image: Any, name: str, widest: float) -> Iterator[Finding]:
    width = image.get("width", "")
    if not re.fullmatch(r"[1-9]\d*", width):
        yield checked.found(WIDTH, f"the picture {name} has width {width!r}", image)
    elif int(width) > widest:
        yield checked.found(WIDTH, f"the picture {name} is {width} pixels wide in a message of {widest:g}", image)


def _body_width(checked: Checked) -> float:
    widths = (
        pixels(declarations(element.get("style", "")).get("max-width")) for element in checked.root.iter("div", "table")
    )
    return max((width for width in widths if width), default=BODY)


def _unshown(checked: Checked, address: str) -> str | None:
    """Why some program does not show what is at this address."""
    parts = urlsplit(address)
    ending = parts.path.rsplit(".", 1)[-1].lower()
    if not address.strip():
        return "has no address"
    if parts.scheme == "cid":
        return None
    if parts.scheme != "https":
        return f"has an address that begins with {parts.scheme}:" if parts.scheme else "has a relative address"
    if ending in ("webp", "svg", "avif"):
        return f"is of the kind {ending}"
    if checked.assets is not None and address.startswith(f"{checked.public_url}/a/") and address not in checked.assets:
        return "is not among the pictures of this issue"
    return None
