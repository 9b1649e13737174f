"""Links: where they lead, and what they are called."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

from newsletter.checks.checked import HEADINGS, Checked, collapsed, text_of
from newsletter.checks.finding import Finding, error, warning

SAFE = frozenset(("http", "https", "mailto", "tel"))

TARGET = error("link-target", "Whoever follows it gets nowhere.", "Give a whole address, with https://.")
HEADLINE = error(
    "headline-nowhere",
    "There is more to read, and no way to it.",
    "Link the headline in the template to the item's url, or show the whole text.",
)
SAME_TEXT = warning(
    "link-text",
    "Read out in a list of links they cannot be told apart.",
    "Name in each link what it leads to; the headline is the best link.",
)
NAMELESS = error("link-name", "Screen readers can only spell out its address.", "Put a text into the link.")


def check(checked: Checked) -> Iterator[Finding]:
    targets: dict[str, set[str]] = {}
    for link in checked.root.iter("a"):
        name, target = _name(link), link.get("href")
        if target is None and not name:
            continue  # an anchor
        if reason := _unsafe(target):
            yield checked.found(TARGET, f"the link {name[:60]!r} {reason}", link)
        elif not name:
            if not list(link.iter("img")):  # linked pictures are for images.py
                yield checked.found(NAMELESS, "a link has no text", link)
        else:
            targets.setdefault(name.casefold(), set()).add(str(target))
    for name, found in targets.items():
        if len(found) > 1:
            yield checked.found(SAME_TEXT, f"{name[:60]!r} leads to {len(found)} addresses")
    yield from _headlines(checked)


def _name(link: Any) -> str:
    return text_of(link) or " ".join(image.get("alt", "") for image in link.iter("img")).strip()


def _unsafe(target: str | None) -> str | None:
    if not (target or "").strip():
        return "has no address"
    assert target is not None
    if target.startswith("#"):
        return f"has the address {target[:20]!r}, which leads nowhere in many programs"
    try:
        parts = urlsplit(target.strip())
    except ValueError:
        return "has an address that cannot be read"
    if not parts.scheme:
        return f"has the relative address {target[:60]!r}"
    if parts.scheme not in SAFE:
        return f"has an address that begins with {parts.scheme}:"
    if parts.scheme in ("http", "https") and not parts.hostname:
        return "has an address without a host"
    return None


def _headlines(checked: Checked) -> Iterator[Finding]:
    """An item leads somewhere where its address is linked, unless its text is shown whole."""
    linked = {link.get("href") for link in checked.root.iter("a")}
    titles = {text_of(heading) for tag in HEADINGS for heading in checked.root.iter(tag)}
    shown = _letters(text_of(checked.root))
    for item in checked.items:
        if item.url in linked or collapsed(item.title) not in titles:
            continue
        if _letters(item.text)[-200:] not in shown:
            finding = checked.found(HEADLINE, f"the headline {item.title[:60]!r} leads nowhere")
            yield HEADLINE.at(finding.what, languages=[checked.language], articles=[item.key])


def _letters(text: str) -> str:
    """A text reduced to what Markdown, HTML and plain text have in common."""
    return "".join(re.findall(r"\w", re.sub(r"\[\d+\]|https?://\S+", "", text)))
