"""Client support: what the message uses and one of the readers' mail programs does not show at all.

Only losses are told. What a program passes over without harm (round corners, a shadow, dark mode, rules for phones
over styles that stand inline) is no finding, nor is what has a fallback beside it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Any
from urllib.parse import urlsplit

from newsletter.checks.checked import Checked, Spot
from newsletter.checks.css import Declarations, declarations, xpath
from newsletter.checks.finding import Finding, Rule, Severity
from newsletter.checks.support import VARIABLES, Support
from newsletter.i18n import say

UNSUPPORTED = "unsupported"

# Passed over without harm: what is said is there, and in its place.
GRACEFUL = re.compile(
    "css-("
    + "|".join(
        (
            *("accent-color", "animation", "at-.*", "backdrop-filter", "border-(radius.*|spacing|collapse)", "box-.*"),
            *("background-(blend-mode|clip|origin|position|repeat|size)", "caption-side", "color-scheme", "comments"),
            *("cursor", "direction", "display", "empty-cells", "filter", "font.*", "height", "hyphen.*", "important"),
            *("inert.*", "letter-spacing", "line-height", "list-style.*", "max-.*", "min-.*", "mix-blend-mode"),
            *("object-position", "orphans", "outline.*", "overflow.*", "pseudo-.*", "resize", "scroll-snap"),
            *("selector-.*", "shape-.*", "sytem-ui", "tab-size", "table-layout", "text-.*", "transition"),
            *("user-select", "vertical-align", "visibility", "white-space.*", "widows", "word-.*"),
        )
    )
    + ")|html-(abbr|acronym|body|div|hr|img|link|base|p|span|strong|style|table|input-hidden|ruby|rp|rt|small|wbr)"
)
PICTURES = re.compile(r"css-(background.*|.*-gradient|border-image|mask-image|clip-path)|image-.*|html-(svg|picture)")
CONTENT = re.compile(r"html-(?!bdi|semantics).*")
WORTH = {
    "picture": (
        say("Readers there see no picture, or an empty ground."),
        say("Use a JPEG or PNG in the text, or set a ground colour as well."),
    ),
    "content": (
        say("Readers there see nothing of it, or cannot use it."),
        say("Link to a page where it works."),
    ),
    "layout": (
        say("For readers there, parts stand in another place, order or size."),
        say("Build it with tables, padding and pixels."),
    ),
}


def check(checked: Checked) -> Iterator[Finding]:
    support = checked.support
    if support is None:
        return
    for spot in checked.spots:
        for slug in {*_of_element(support, spot.element), *_of_style(support, spot.element.get("style", ""))}:
            if not _falls_back(slug, spot):
                yield from _lost(checked, support, slug, spot.element)
    for rule in checked.rules:
        if not rule.media:
            for element, lacking in _only_here(checked, rule.selector, rule.declarations):
                for slug in _of_style(support, lacking):
                    yield from _lost(checked, support, slug, element)


def _lost(checked: Checked, support: Support, slug: str, element: Any) -> Iterator[Finding]:
    lacking = [] if GRACEFUL.fullmatch(slug) else support.lacking(slug, checked.programs)
    if lacking:
        feature = support.features[slug].title
        what = say(
            "%(feature)s is used, which %(programs)s cannot show", feature=feature, programs=support.named(lacking)
        )
        yield checked.found(_rule(slug), what, element)


def _rule(slug: str) -> Rule:
    kind = "picture" if PICTURES.fullmatch(slug) else "content" if CONTENT.fullmatch(slug) else "layout"
    why, mend = WORTH[kind]
    return Rule(UNSUPPORTED, Severity.WARNING, why, mend)


def _only_here(checked: Checked, selector: str, told: Declarations) -> Iterator[tuple[Any, str]]:
    """What a rule for everybody sets on elements that do not have it inline, too."""
    path = xpath(selector)
    for element in checked.root.xpath(path) if path else ():
        own = declarations(element.get("style", ""))
        lacking = ";".join(f"{name}:{value}" for name, value in told.items() if name not in own)
        if lacking:
            yield element, lacking


def _of_element(support: Support, element: Any) -> Iterator[str]:
    tag = element.tag
    kind = support.inputs.get((tag, element.get("type", "submit" if tag == "button" else "text")))
    if slug := kind or support.elements.get(tag):
        yield slug
    if tag in ("img", "source"):
        yield from _of_picture(support, element.get("src") or element.get("srcset") or "")


# Those that no program at all should be sent are told of with the pictures.
_TOLD = ("webp", "svg", "avif")
_SAME = {"jpeg": "jpg", "tif": "tiff", "heic": "heif", "webm": "mp4"}


def _of_picture(support: Support, address: str) -> Iterator[str]:
    try:
        ending = urlsplit(address.strip()).path.rsplit(".", 1)[-1].lower()
    except ValueError:
        return
    slug = f"image-{_SAME.get(ending, ending)}"
    if slug in support.features and ending not in _TOLD:
        yield slug


_FUNCTION = re.compile(r"([a-z-]+)\(")
_UNIT = re.compile(r"(?<![\w#.-])-?(?:\d+\.?\d*|\.\d+)([a-z]+)\b")


@lru_cache(maxsize=4096)
def _of_style(support: Support, style: str) -> frozenset[str]:
    """The same few styles stand on hundreds of elements."""
    found: set[str] = set()
    for name, value in declarations(style).items():
        if name.startswith(("mso-", "-")) and not name.startswith("--"):
            continue  # for one program alone, which knows it
        value = re.sub(r"url\([^)]*\)|\"[^\"]*\"|'[^']*'", lambda match: match[0][:4], value.lower())
        found.update(_of_property(support, name, value))
        found.update(support.functions[each] for each in _FUNCTION.findall(value) if each in support.functions)
        found.update(support.units[each] for each in _UNIT.findall(value) if each in support.units)
    return frozenset(found)


def _of_property(support: Support, name: str, value: str) -> Iterator[str]:
    if name.startswith("--"):
        yield VARIABLES
    elif name == "background" and "url(" in value:
        yield support.properties["background-image"]
    elif name == "display":
        if slug := support.displays.get(value.replace("!important", "").strip()):
            yield slug
    elif value != "none" and (slug := support.properties.get(name) or support.properties.get(_shorter(name))):
        yield slug


def _shorter(name: str) -> str:
    """`border-inline-color` is told of with `border-inline`."""
    return name.rsplit("-", 1)[0]


def _falls_back(slug: str, spot: Spot) -> bool:
    """Whether readers lose nothing, as something else stands in for it."""
    if PICTURES.fullmatch(slug) and slug.startswith("css-"):
        return bool(spot.own.get("background-color") or spot.element.get("bgcolor"))
    if slug in ("html-video", "html-audio", "html-object", "html-picture"):
        return next(spot.element.iter("a", "img"), None) is not None
    return False
