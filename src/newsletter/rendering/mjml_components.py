"""What MJML knows: components, the attributes of each and their kinds, and what may stand in what.

Facts from the documentation of MJML 4 and 5 (https://documentation.mjml.io). A kind is the name of a
pattern in `KINDS`, or the words allowed, separated by `|`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

_SIZE = r"-?(?:\d+\.?\d*|\.\d+)"
KINDS: Mapping[str, tuple[re.Pattern[str], str]] = MappingProxyType(
    {
        "text": (re.compile(r".*", re.S), "text"),
        "line": (re.compile(r"[^\t\r\n]*"), "on one line"),
        "color": (re.compile(r"(?!.*[;{}<>\"]).*"), "a colour such as #1a2b3c"),
        "px": (re.compile(rf"\s*(?:{_SIZE}px|0)\s*"), "a size in px such as 10px"),
        "px auto": (re.compile(rf"\s*(?:{_SIZE}px|0|auto)\s*"), "a size in px such as 10px, or auto"),
        "size": (re.compile(rf"\s*(?:{_SIZE}(?:px|%)|0)\s*"), "a size such as 10px or 50%"),
        "size auto": (re.compile(rf"\s*(?:{_SIZE}(?:px|%)|0|auto)\s*"), "a size such as 10px or 50%, or auto"),
        "sizes": (re.compile(rf"\s*(?:(?:{_SIZE}(?:px|%)|0)(?:\s+|$)){{1,4}}"), "one to four sizes such as 10px 25px"),
        "spacing": (re.compile(rf"\s*(?:{_SIZE}(?:px|em)|0|normal)\s*"), "a size such as 1px or 0.1em"),
        "height": (re.compile(rf"\s*(?:{_SIZE}(?:px|%|em)?|normal)\s*"), "a line height such as 1.5, 20px or 150%"),
        "number": (re.compile(r"\s*\d+\s*"), "a whole number"),
    }
)


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


_ALL = {"css-class": "text", "mj-class": "text"}
_PADDING = _sides("padding", "sizes", "size")
_BORDER = _sides("border", "line", "line")
_BOX = {**_ALL, **_PADDING, "container-background-color": "color"}
_LINK = _of({"text": "href name rel target title"})
_FONT = _of({"color": "color", "text": "font-family font-style font-weight text-decoration text-transform",
             "px": "font-size", "spacing": "letter-spacing", "height": "line-height"})  # fmt: skip
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
        **_ALL, **_PADDING, **_sides("inner-padding", "sizes", "size"), **_BACKGROUND,
        "mode": "fixed-height|fluid-height",
        "height": "size", "background-width": "size", "background-height": "size", "border-radius": "text",
        "container-background-color": "color", "inner-background-color": "color", "vertical-align": _THIRDS,
    }, "mj-body", "mj-wrapper"),
    "mj-group": _component({**_ALL, "background-color": "color", "direction": "ltr|rtl", "vertical-align": _THIRDS,
                            "width": "size"}, "mj-section"),
    "mj-column": _component({
        **_ALL, **_PADDING, **_BORDER, **_sides("inner-border", "line", "line"), "background-color": "color",
        "inner-background-color": "color", "border-radius": "sizes", "inner-border-radius": "sizes",
        "direction": "ltr|rtl", "vertical-align": _THIRDS, "width": "size",
    }, "mj-section", "mj-group"),
    "mj-text": _component({**_BOX, **_FONT, "align": "left|center|right|justify", "background-color": "color",
                           "height": "size", "vertical-align": _THIRDS}, *_CONTAINERS),
    "mj-button": _component({
        **_BOX, **_FONT, **_LINK, **_BORDER, "align": _ALIGN, "background-color": "color", "border-radius": "text",
        "height": "size", "inner-padding": "sizes", "text-align": _ALIGN, "vertical-align": _THIRDS, "width": "size",
    }, *_CONTAINERS),
    "mj-image": _component({
        **_BOX, **_LINK, **_BORDER, **_of({"text": "alt src srcset sizes usemap", "px": "width font-size"}),
        "align": _ALIGN, "border-radius": "sizes", "fluid-on-mobile": "true|false", "height": "px auto",
        "max-height": "size",
    }, *_CONTAINERS),
    "mj-divider": _component({**_BOX, "align": _ALIGN, "border-color": "color", "border-style": "text",
                              "border-width": "px", "width": "size"}, *_CONTAINERS),
    "mj-spacer": _component({**_BOX, **_BORDER, "height": "size"}, *_CONTAINERS),
    "mj-table": _component({
        **_BOX, **_of({"text": "border font-family font-weight font-style", "number": "cellpadding cellspacing"}),
        "align": _ALIGN, "color": "color", "font-size": "px", "line-height": "height", "role": "none|presentation",
        "table-layout": "auto|fixed|initial|inherit", "vertical-align": _THIRDS, "width": "size auto",
    }, *_CONTAINERS),
    "mj-social": _component({
        **_BOX, **_FONT, **_ICON, "align": _ALIGN, "border-radius": "sizes", "inner-padding": "sizes",
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
        "align": _ALIGN, "hamburger": "text", "ico-align": _ALIGN, "ico-color": "color", "ico-font-size": "size",
        "ico-line-height": "height",
    }, *_CONTAINERS),
    "mj-navbar-link": _component({**_ALL, **_PADDING, **_FONT, **_LINK}, "mj-navbar"),
    "mj-accordion": _component({**_BOX, **_ICONS, "border": "text", "font-family": "text"}, *_CONTAINERS,
                               hands_down=_DOWN),
    "mj-accordion-element": _component({**_ALL, **_ICONS, "background-color": "color", "border": "text",
                                        "font-family": "text"}, "mj-accordion", hands_down=_DOWN),
    "mj-accordion-title": _component({**_ALL, **_PADDING, **_FONT, "background-color": "color"},
                                     "mj-accordion-element"),
    "mj-accordion-text": _component({**_ALL, **_PADDING, **_FONT, "background-color": "color"}, "mj-accordion-element"),
})  # fmt: skip

# Components whose content is HTML or text, kept as it is written.
VERBATIM = frozenset({
    "mj-breakpoint", "mj-preview", "mj-style", "mj-title", "mj-raw", "mj-text", "mj-button", "mj-table",
    "mj-social-element", "mj-navbar-link", "mj-accordion-title", "mj-accordion-text", "mj-carousel-image",
    "mj-html-attribute",
})  # fmt: skip

# What the compiler cannot do, with what to do instead.
REFUSED: Mapping[str, str] = MappingProxyType({
    "mj-carousel": "a carousel cannot be compiled (few mail programs show one); use mj-image components",
    "mj-html-attributes": "<mj-html-attributes> cannot be compiled; write attributes in an mj-text, mj-table or mj-raw",
    "mj-include": 'use {% include "file" %} instead of <mj-include>: it keeps file, line and escaping',
})  # fmt: skip

# Attributes (with a value, or any) that the compiler cannot do.
IMPOSSIBLE: Mapping[tuple[str, str, str], str] = MappingProxyType({
    ("mj-hero", "mode", "fluid-height"): "a hero of fluid height cannot be compiled; give it a height in px",
    ("mj-wrapper", "gap", ""): "the gap of a wrapper cannot be compiled; give its sections a padding",
    ("mj-raw", "position", "file-start"): "nothing can be put before the doctype: mail programs would lose the layout",
    ("mj-body", "id", ""): "an id of the body is not kept; use css-class",
})  # fmt: skip


def valid(kind: str, value: str) -> bool:
    """Whether a value is of a kind."""
    pattern = KINDS.get(kind)
    if pattern is not None:
        return pattern[0].fullmatch(value) is not None
    return value in kind.split("|")


def expected(kind: str) -> str:
    """A kind in words."""
    pattern = KINDS.get(kind)
    return pattern[1] if pattern is not None else "one of " + ", ".join(word for word in kind.split("|") if word)
