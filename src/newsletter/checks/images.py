"""Pictures: what is shown in Outlook, in Gmail, and where pictures are blocked."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

from newsletter.checks.checked import Checked
from newsletter.checks.css import declarations, pixels
from newsletter.checks.finding import Finding, error
from newsletter.i18n import say

BODY = 600  # pixels, where the message does not say its width

ALT = error(
    "picture-alt",
    say("Readers who see no pictures, by choice or otherwise, learn nothing of it."),
    say('Write an alternative text, or alt="" where the headline says the same.'),
)
WIDTH = error(
    "picture-width",
    say("Outlook then shows the file in its own size, twice as wide as the message."),
    say("Give the width in whole pixels, no wider than the message."),
)
ADDRESS = error(
    "picture-address",
    say("Gmail and Outlook do not show it."),
    say("Use a JPEG or PNG at an https address, or a picture of the workspace."),
)


def check(checked: Checked) -> Iterator[Finding]:
    widest = _body_width(checked)
    for image in checked.root.iter("img"):
        name = _name(image)
        if image.get("alt") is None:
            yield checked.found(ALT, say("The picture %(name)s has no alternative text", name=name), image)
        elif not image.get("alt").strip() and _only_content(image):
            yield checked.found(ALT, say("The picture %(name)s is a link without a name", name=name), image)
        yield from _width(checked, image, name, widest)
        if reason := _unshown(checked, image.get("src", ""), name):
            yield checked.found(ADDRESS, reason, image)


def _name(image: Any) -> str:
    return (image.get("src", "").split("?")[0].rsplit("/", 1)[-1] or "?")[:80]


def _only_content(image: Any) -> bool:
    """Whether it is all that a link holds."""
    link = next(image.iterancestors("a"), None)
    return link is not None and not "".join(link.itertext()).strip() and len(list(link.iter("img"))) == 1


def _width(checked: Checked, image: Any, name: str, widest: float) -> Iterator[Finding]:
    width = image.get("width", "")
    if not re.fullmatch(r"[1-9]\d*", width):
        yield checked.found(
            WIDTH,
            say("The picture %(name)s has no width in whole pixels, but %(width)r", name=name, width=width),
            image,
        )
    elif int(width) > widest:
        values = {"name": name, "width": width, "widest": f"{widest:g}"}
        what = say("The picture %(name)s is %(width)s pixels wide in a message of %(widest)s", **values)
        yield checked.found(WIDTH, what, image)


def _body_width(checked: Checked) -> float:
    widths = (
        pixels(declarations(element.get("style", "")).get("max-width")) for element in checked.root.iter("div", "table")
    )
    return max((width for width in widths if width), default=BODY)


def _unshown(checked: Checked, address: str, name: str) -> str | None:
    """Why some program does not show what is at this address."""
    parts = urlsplit(address)
    ending = parts.path.rsplit(".", 1)[-1].lower()
    if not address.strip():
        return say("The picture %(name)s has no address", name=name)
    if parts.scheme == "cid":
        return None
    if parts.scheme != "https":
        if not parts.scheme:
            return say("The picture %(name)s has an address without a host", name=name)
        return say("The picture %(name)s has an address that begins with %(scheme)s:", name=name, scheme=parts.scheme)
    if ending in ("webp", "svg", "avif"):
        return say("The picture %(name)s is of the kind %(kind)s", name=name, kind=ending)
    if checked.assets is not None and address.startswith(f"{checked.public_url}/a/") and address not in checked.assets:
        return say("The picture %(name)s is not among the pictures of this issue", name=name)
    return None
