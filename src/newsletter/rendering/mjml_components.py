"""What MJML knows: components, the attributes of each and their kinds, and what may stand in what.

Facts from the documentation of MJML 4 and 5 (https://documentation.mjml.io). A kind is the name of a
pattern in `KINDS`, or the words allowed, separated by `|`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from newsletter.i18n import Listed, say


@dataclass(frozen=True, slots=True)
class Kind:
    """What values an attribute takes, as a pattern and in words.

    `printed`: further values, which npm's mjml prints as they stand or reads in part, and the compiler the same.
    """

    pattern: re.Pattern[str]
    words: str
    printed: re.Pattern[str] | None = None


_SIZE = r"-?(?:\d+\.?\d*|\.\d+)"
_WORDS = "xx-small|x-small|small|medium|large|x-large|xx-large|smaller|larger|inherit|initial"
_PRINTED = re.compile(r"[^;{}<>\"\t\r\n]*")


def _kind(pattern: str, words: str, printed: re.Pattern[str] | None = None) -> Kind:
    return Kind(re.compile(pattern, re.S), words, printed)


KINDS: Mapping[str, Kind] = MappingProxyType({
    "text": _kind(r".*", say("text")),
    "line": _kind(r"[^\t\r\n]*", say("on one line")),
    "color": _kind(r"(?!.*[;{}<>\"]).*", say("a colour such as #1a2b3c")),
    "px": _kind(rf"\s*(?:{_SIZE}px|0)\s*", say("a size in px such as 10px")),
    "px auto": _kind(rf"\s*(?:{_SIZE}px|0|auto)\s*", say("a size in px such as 10px, or auto")),
    "size": _kind(rf"\s*(?:{_SIZE}(?:px|%)|0)\s*", say("a size such as 10px or 50%")),
    "size auto": _kind(rf"\s*(?:{_SIZE}(?:px|%)|0|auto)\s*", say("a size such as 10px or 50%, or auto")),
    "sizes": _kind(rf"\s*(?:(?:{_SIZE}(?:px|%)|0)(?:\s+|$)){{1,4}}", say("one to four sizes such as 10px 25px")),
    "number": _kind(r"\s*\d+(?:px)?\s*", say("a whole number")),
    "font size": _kind(rf"\s*(?:{_SIZE}(?:px|em|rem|%|pt)|0|{_WORDS})\s*", say("a size such as 16px"), _PRINTED),
    "spacing": _kind(rf"\s*(?:{_SIZE}(?:px|em|rem)|0|normal)\s*", say("a size such as 1px or 0.1em"), _PRINTED),
    "height": _kind(
        rf"\s*(?:{_SIZE}(?:px|%|em|rem)?|normal)\s*", say("a line height such as 1.5, 20px or 150%"), _PRINTED
    ),
    "line width": _kind(rf"\s*(?:{_SIZE}px|0)\s*", say("a size in px such as 10px"), _PRINTED),
    "image width": _kind(rf"\s*(?:{_SIZE}px|0)\s*", say("a size in px such as 10px"), re.compile(r"\s*\d[^;{}<>\"]*")),
    "column width": _kind(
        rf"\s*(?:{_SIZE}(?:px|%)|0)\s*", say("a size such as 10px or 50%"), re.compile(r"\d+|\d+,\d+%")
    ),
    "free sizes": _kind(
        rf"\s*(?:(?:{_SIZE}(?:px|%|em|rem)|0)(?:\s+|$)){{1,4}}", say("one to four sizes such as 10px 25px")
    ),
    "free size": _kind(rf"\s*(?:{_SIZE}(?:px|%|em|rem)|0)\s*", say("a size such as 10px"), re.compile(r"[\w.% ]*")),
})  # fmt: skip


@dataclass(frozen=True, slots=True)
class Component:
    """One component: its attributes (name -> kind), its parents, and what it hands down to its children."""

    attributes: Mapping[str, str]
    parents: frozenset[str]
    hands_down: frozenset[str] = frozenset()


def _of(kinds: Mapping[str, str]) -> dict[str, str]:
    return {name: kind for kind, names in kinds.items() for name in names.split()}


_SIDES = ("top", "right", "bottom", "left")
_ALIGN, _THIRDS = "left|center|right", "top|middle|bottom"


def _sides(name: str, whole: str, side: str) -> dict[str, str]:
    return {name: whole, **{f"{name}-{each}": side for each in _SIDES}}


def _padding(whole: str, side: str) -> dict[str, str]:
    """Of a padding only the left and the right are reckoned with."""
    return {**_sides("padding", whole, side), "padding-top": "free size", "padding-bottom": "free size"}


_ALL = {"css-class": "text", "mj-class": "text"}
_PADDING = _padding("sizes", "size")
_STRICT_PADDING = _sides("padding", "sizes", "size")
_BORDER = _sides("border", "line", "line")
_BOX = {**_ALL, **_PADDING, "container-background-color": "color"}
_FREE_BOX = {**_BOX, **_sides("padding", "free sizes", "free size")}  # with which MJML does not reckon
_LINK = _of({"text": "href name rel target title"})
_FONT = _of({"color": "color", "text": "font-family font-style font-weight text-decoration text-transform",
             "font size": "font-size", "spacing": "letter-spacing", "height": "line-height"})  # fmt: skip
_BACKGROUND = _of({
    "color": "background-color", "repeat|no-repeat": "background-repeat",
    "text": "background-url background-size background-position-x background-position-y",
    "line": "background-position",
})  # fmt: skip
_SECTION = {
    **_ALL, **_PADDING, **_BORDER, **_BACKGROUND, "border-radius": "text", "direction": "ltr|rtl",
    "full-width": "full-width|false|", "text-align": _ALIGN, "text-padding": "sizes",
}  # fmt: skip
_ICONS = {
    **_of({"text": "icon-wrapped-url icon-wrapped-alt icon-unwrapped-url icon-unwrapped-alt",
           "size": "icon-width icon-height"}),
    "icon-align": _THIRDS, "icon-position": "left|right",
}  # fmt: skip
_ICON = {"icon-size": "size", "icon-height": "size", "icon-padding": "sizes", "text-padding": "sizes"}
_CONTAINERS = frozenset({"mj-column", "mj-hero"})


def _component(attributes: Mapping[str, str], *parents: str, hands_down: str = "") -> Component:
    return Component(attributes, frozenset(parents), frozenset(hands_down.split()))


_DOWN = " ".join(["border", *_ICONS])

COMPONENTS: Mapping[str, Component] = MappingProxyType({
    "mjml": _component({"lang": "text", "dir": "ltr|rtl|auto", "owa": "desktop|mobile"}),
    "mj-head": _component({}, "mjml"),
    "mj-body": _component({**_ALL, "width": "px", "background-color": "color", "id": "text"}, "mjml"),
    "mj-attributes": _component({}, "mj-head"),
    "mj-breakpoint": _component({"width": "px"}, "mj-head"),
    "mj-font": _component(_of({"text": "name href"}), "mj-head"),
    "mj-html-attributes": _component({}, "mj-head"),
    "mj-selector": _component({"path": "text"}, "mj-html-attributes"),
    "mj-html-attribute": _component({"name": "text"}, "mj-selector"),
    "mj-preview": _component({}, "mj-head"),
    "mj-style": _component({"inline": "inline|"}, "mj-head"),
    "mj-title": _component({}, "mj-head"),
    "mj-raw": _component({**_ALL, "position": "file-start"}, "mj-head", "mj-body", "mj-wrapper", "mj-section",
                         "mj-group", "mj-column", "mj-hero", "mj-navbar", "mj-social", "mj-accordion"),
    "mj-wrapper": _component({**_SECTION, "gap": "px"}, "mj-body"),
    "mj-section": _component(_SECTION, "mj-body", "mj-wrapper"),
    "mj-hero": _component({
        **_ALL, **_STRICT_PADDING, **_sides("inner-padding", "sizes", "size"), **_BACKGROUND,
        "mode": "fixed-height|fluid-height",
        "height": "size", "background-width": "size", "background-height": "size", "border-radius": "text",
        "container-background-color": "color", "inner-background-color": "color", "vertical-align": _THIRDS,
    }, "mj-body", "mj-wrapper"),
    "mj-group": _component({**_ALL, "background-color": "color", "direction": "ltr|rtl", "vertical-align": _THIRDS,
                            "width": "column width", "align": _ALIGN}, "mj-section"),
    "mj-column": _component({
        **_ALL, **_PADDING, **_BORDER, **_sides("inner-border", "line", "line"), "background-color": "color",
        "inner-background-color": "color", "border-radius": "sizes", "inner-border-radius": "sizes",
        "direction": "ltr|rtl", "vertical-align": _THIRDS, "width": "column width", "align": _ALIGN,
    }, "mj-section", "mj-group"),
    "mj-text": _component({**_FREE_BOX, **_FONT, "align": "left|center|right|justify", "background-color": "color",
                           "height": "size", "vertical-align": _THIRDS}, *_CONTAINERS),
    "mj-button": _component({
        **_FREE_BOX, **_FONT, **_LINK, **_BORDER, "align": _ALIGN, "background-color": "color", "border-radius": "text",
        "height": "size", "inner-padding": "sizes", "text-align": _ALIGN, "vertical-align": _THIRDS, "width": "size",
    }, *_CONTAINERS),
    "mj-image": _component({
        **_BOX, **_LINK, **_BORDER, **_of({"text": "alt src srcset sizes usemap", "font size": "font-size"}),
        "width": "image width", "align": _ALIGN, "border-radius": "sizes", "fluid-on-mobile": "true|false",
        "height": "px auto", "max-height": "size",
    }, *_CONTAINERS),
    "mj-divider": _component({**_BOX, "align": _ALIGN, "border-color": "color", "border-style": "text",
                              "border-width": "line width", "width": "size"}, *_CONTAINERS),
    "mj-spacer": _component({**_FREE_BOX, **_BORDER, "height": "size"}, *_CONTAINERS),
    "mj-table": _component({
        **_FREE_BOX, **_of({"text": "border font-family font-weight font-style", "number": "cellpadding cellspacing"}),
        "align": _ALIGN, "color": "color", "font-size": "font size", "line-height": "height",
        "role": "none|presentation", "table-layout": "auto|fixed|initial|inherit", "vertical-align": _THIRDS,
        "width": "size auto",
    }, *_CONTAINERS),
    "mj-social": _component({
        **_FREE_BOX, **_FONT, **_ICON, "align": _ALIGN, "border-radius": "sizes", "inner-padding": "sizes",
        "mode": "horizontal|vertical", "table-layout": "auto|fixed", "vertical-align": _THIRDS,
    }, *_CONTAINERS, hands_down="border-radius color font-family font-size font-weight font-style icon-size "
        "icon-height icon-padding text-padding line-height text-decoration"),
    "mj-social-element": _component({
        **_ALL, **_PADDING, **_FONT, **_LINK, **_ICON, **_of({"text": "alt src srcset sizes"}), "align": _ALIGN,
        "background-color": "color", "border-radius": "sizes", "icon-position": "left|right", "vertical-align": _THIRDS,
    }, "mj-social"),
    "mj-navbar": _component({
        **_ALL, **_PADDING, **_sides("ico-padding", "sizes", "size"), "container-background-color": "color",
        **_of({"text": "base-url ico-open ico-close ico-font-family ico-text-transform ico-text-decoration"}),
        "align": _ALIGN, "hamburger": "text", "ico-align": _ALIGN, "ico-color": "color", "ico-font-size": "font size",
        "ico-line-height": "height",
    }, *_CONTAINERS, hands_down="base-url"),
    "mj-navbar-link": _component({**_ALL, **_PADDING, **_FONT, **_LINK}, "mj-navbar"),
    "mj-accordion": _component({**_BOX, **_ICONS, "border": "text", "font-family": "text"}, *_CONTAINERS,
                               hands_down=_DOWN),
    "mj-accordion-element": _component({**_ALL, **_ICONS, "background-color": "color", "border": "text",
                                        "font-family": "text"}, "mj-accordion", hands_down=_DOWN),
    "mj-accordion-title": _component({**_ALL, **_STRICT_PADDING, **_FONT, "background-color": "color"},
                                     "mj-accordion-element"),
    "mj-accordion-text": _component({**_ALL, **_STRICT_PADDING, **_FONT, "background-color": "color"},
                                    "mj-accordion-element"),
})  # fmt: skip

# Components whose content is HTML or text, kept as it is written.
VERBATIM = frozenset({
    "mj-breakpoint", "mj-preview", "mj-style", "mj-title", "mj-raw", "mj-text", "mj-button", "mj-table",
    "mj-social-element", "mj-navbar-link", "mj-accordion-title", "mj-accordion-text", "mj-carousel-image",
    "mj-html-attribute",
})  # fmt: skip

# What the compiler cannot do, with what to do instead.
REFUSED: Mapping[str, str] = MappingProxyType({
    "mj-carousel": say("a carousel cannot be compiled (few mail programs show one); use mj-image components"),
    "mj-html-attributes": say(
        "<mj-html-attributes> cannot be compiled; write attributes in an mj-text, mj-table or mj-raw"
    ),
    "mj-include": say('use {% include "file" %} instead of <mj-include>: it keeps file, line and escaping'),
})  # fmt: skip

# Attributes (with a value, or any) that the compiler cannot do.
IMPOSSIBLE: Mapping[tuple[str, str, str], str] = MappingProxyType({
    ("mj-hero", "mode", "fluid-height"): say("a hero of fluid height cannot be compiled; give it a height in px"),
    ("mj-wrapper", "gap", ""): say("the gap of a wrapper cannot be compiled; give its sections a padding"),
    ("mj-raw", "position", "file-start"): say(
        "nothing can be put before the doctype: mail programs would lose the layout"
    ),
    ("mj-body", "id", ""): say("an id of the body is not kept; use css-class"),
})  # fmt: skip


# Attributes that MJML does not know at a component, but reads there all the same.
_ICON_NAMES = frozenset(_ICONS)
READ: Mapping[str, frozenset[str]] = MappingProxyType({
    "mj-group": frozenset({"padding", "padding-left", "padding-right"}),
    "mj-hero": frozenset({"align", "width"}),
    "mj-image": frozenset({"full-width"}),
    "mj-accordion": frozenset({"align"}),
    "mj-accordion-title": _ICON_NAMES | {"border"},
    "mj-accordion-text": frozenset({"border"}),
    "mj-section": frozenset({"gap"}),
    "mj-navbar-link": frozenset({"navbarBaseUrl"}),
})  # fmt: skip
# The same, read for Outlook alone.
READ_FOR_OUTLOOK = frozenset({("mj-section", "align")})


def valid(kind: str, value: str) -> bool:
    """Whether a value is of a kind."""
    known = KINDS.get(kind)
    if known is not None:
        return known.pattern.fullmatch(value) is not None
    return value in kind.split("|")


def accepted(kind: str, value: str) -> bool:
    """Whether a value can be compiled, though mail programs may pass over it."""
    printed = KINDS[kind].printed if kind in KINDS else None
    return valid(kind, value) or (printed is not None and printed.fullmatch(value) is not None)


def expected(kind: str) -> str:
    """A kind in words."""
    known = KINDS.get(kind)
    if known is not None:
        return known.words
    return say("one of %(words)s", words=Listed(word for word in kind.split("|") if word))
