"""Links: where they lead, and what they are called."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

from newsletter.checks.checked import HEADINGS, Checked, collapsed, text_of
from newsletter.checks.finding import Finding, error, warning
from newsletter.i18n import Number, say

SAFE = frozenset(("http", "https", "mailto", "tel"))

TARGET = error("link-target", say("Whoever follows it gets nowhere."), say("Give a whole address, with https://."))
HEADLINE = error(
    "headline-nowhere",
    say("There is more to read, and no way to it."),
    say("Show the whole text, or have the headline linked to it in the template."),
)
SAME_TEXT = warning(
    "link-text",
    say("Read out in a list of links they cannot be told apart."),
    say("Name in each link what it leads to; the headline is the best link."),
)
NAMELESS = error("link-name", say("Screen readers can only spell out its address."), say("Put a text into the link."))


def check(checked: Checked) -> Iterator[Finding]:
    targets: dict[str, set[str]] = {}
    for link in checked.root.iter("a"):
        name, target = _name(link), link.get("href")
        if target is None and not name:
            continue  # an anchor
        if what := _unsafe(name[:60], target):
            yield checked.found(TARGET, what, link)
        elif not name:
            if not list(link.iter("img")):  # linked pictures are for images.py
                yield checked.found(NAMELESS, say("A link has no text"), link)
        else:
            targets.setdefault(name.casefold(), set()).add(str(target))
    for name, found in targets.items():
        if len(found) > 1:
            yield checked.found(
                SAME_TEXT, say("“%(name)s” leads to %(count)s addresses", name=name[:60], count=Number(len(found)))
            )
    yield from _headlines(checked)


def _name(link: Any) -> str:
    return text_of(link) or " ".join(image.get("alt", "") for image in link.iter("img")).strip()


def _unsafe(name: str, target: str | None) -> str | None:
    if not (target or "").strip():
        return say("The link “%(name)s” has no address", name=name)
    assert target is not None
    if target.startswith("#"):
        values = {"name": name, "target": target[:20]}
        return say("The link “%(name)s” has the address %(target)s, which leads nowhere in many programs", **values)
    try:
        parts = urlsplit(target.strip())
    except ValueError:
        return say("The link “%(name)s” has an address that cannot be read", name=name)
    if not parts.scheme:
        return say("The link “%(name)s” has no whole address, but %(target)s", name=name, target=target[:60])
    if parts.scheme not in SAFE:
        return say("The link “%(name)s” has an address that begins with %(scheme)s:", name=name, scheme=parts.scheme)
    if parts.scheme in ("http", "https") and not parts.hostname:
        return say("The link “%(name)s” has an address without a host", name=name)
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
            finding = checked.found(HEADLINE, say("The headline “%(title)s” leads nowhere", title=item.title[:60]))
            yield HEADLINE.at(finding.what, languages=[checked.language], articles=[item.key])


def _letters(text: str) -> str:
    """A text reduced to what Markdown, HTML and plain text have in common."""
    return "".join(re.findall(r"\w", re.sub(r"\[\d+\]|https?://\S+", "", text)))
