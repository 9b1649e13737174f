"""The opening tag of a component, with the attributes that hold: defaults, classes and what is handed down written out.

The compiler resolves defaults its own way and reads some values otherwise than npm's mjml; so each component says all
it is, and what it cannot say is told as wrong.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from functools import lru_cache

from newsletter.i18n import say
from newsletter.rendering import mjml_widths as widths
from newsletter.rendering.mjml_carried import CARRIERS, fitted
from newsletter.rendering.mjml_components import COMPONENTS, IMPOSSIBLE, READ, accepted, expected
from newsletter.rendering.mjml_outlook import for_outlook
from newsletter.rendering.mjml_tree import COMMENT, Node, Written, as_read

_PLAIN = re.compile(r"[\x20\x21\x23-\x5b\x5d-\x7e]*")  # printable ASCII but " and backslash
_SHORT_COLOR = re.compile(r"#([0-9a-fA-F])([0-9a-fA-F])([0-9a-fA-F])")
_COLORS = frozenset(
    (tag, name) for tag, each in COMPONENTS.items() for name, kind in each.attributes.items() if kind == "color"
)
_FONT = "Ubuntu, Helvetica, Arial, sans-serif"
# Texts in which each character counts; in all other values a line break is a blank.
_FREE = frozenset("alt css-class href name path src srcset title ico-open ico-close background-url".split())  # noqa: SIM905
_OWN = frozenset({"font-family"})  # handed down in an accordion past its elements, see `_resolved`


@dataclass(slots=True, eq=False)
class Defaults:
    """What `mj-attributes` says."""

    all: dict[str, str] = field(default_factory=dict)
    tags: dict[str, dict[str, str]] = field(default_factory=dict)
    classes: dict[str, dict[str, str]] = field(default_factory=dict)
    inside: dict[tuple[str, str], dict[str, str]] = field(default_factory=dict)  # by class of a parent and tag


def defaults_of(root: Node) -> Defaults:
    head = root.find("mj-head")
    blocks = [child for child in head.children if child.tag == "mj-attributes"] if head else []
    return _read_defaults(
        tuple(
            (node.tag, node.written, tuple((child.tag, child.written) for child in node.children))
            for block in blocks
            for node in block.children
            if node.tag != COMMENT
        )
    )


@lru_cache(maxsize=32)
def _read_defaults(nodes: tuple[tuple[str, Written, tuple[tuple[str, Written], ...]], ...]) -> Defaults:
    """The same object for the same defaults, so that what follows from them can be remembered."""
    found = Defaults()
    for tag, written, children in nodes:
        attributes = as_read(written)
        if tag == "mj-class":
            name = attributes.pop("name", "")
            found.classes.setdefault(name, {}).update(attributes)
            for child, values in children:
                found.inside[name, child] = as_read(values)
        elif tag == "mj-all":
            found.all.update(attributes)
        else:
            found.tags.setdefault(tag, {}).update(attributes)
    return found


@dataclass(frozen=True, slots=True, eq=False)
class Around:
    """What a component gets from those around it: their mj-class, the attributes they hand down, their box.

    Compared by identity, which is quick: the same opening tag, which is remembered, gives the same object.
    """

    mj_class: str
    handed: tuple[tuple[str, str], ...]
    box: widths.Box


@dataclass(frozen=True, slots=True)
class Opening:
    """An opening tag, in parts between which its unusual values stand, and what its children get."""

    parts: tuple[str, ...]
    around: Around
    wrong: tuple[str, ...]


OUTERMOST = Around("", (), widths.Box(0, 1, "mjml"))


@lru_cache(maxsize=4096)
def opening_of(defaults: Defaults, tag: str, written: Written, around: Around, columns: int) -> Opening:
    """The opening tag of a component with so many columns in it, from `written` on."""
    box, own = around.box, as_read(written)
    handed = dict(around.handed)
    attributes = _resolved(defaults, tag, own, around)
    wrong = _wrong(tag, own, attributes, around)
    attributes = widths.read(tag, known_to_mjml(tag, attributes))
    outer = replace(box, columns=max(1, box.columns))
    inner = widths.inside(tag, attributes, outer, columns)
    parts = parts_of(tag, fitted(tag, for_outlook(tag, widths.fitted(tag, attributes, outer), outer), box))
    down = {name: attributes[name] for name in COMPONENTS[tag].hands_down if attributes.get(name)}
    if tag == "mj-accordion":
        down["font-family"] = attributes.get("font-family") or _FONT
    elif tag == "mj-accordion-element":
        down["font-family"] = attributes.get("font-family") or handed.get("font-family", _FONT)
    return Opening(parts, Around(own.get("mj-class", around.mj_class), tuple(down.items()), inner), wrong)


def known_to_mjml(tag: str, attributes: dict[str, str]) -> dict[str, str]:
    """Without the attributes that MJML passes over."""
    known = COMPONENTS[tag].attributes
    return {name: value for name, value in attributes.items() if name in known}


def _read(tag: str, attributes: dict[str, str]) -> dict[str, str]:
    """Those that MJML knows, or reads though it does not know them: see `_wrong`."""
    known, read = COMPONENTS[tag].attributes, READ.get(tag, ())
    return {name: value for name, value in attributes.items() if name in known or name in read}


def _wrong(tag: str, own: dict[str, str], attributes: dict[str, str], around: Around) -> tuple[str, ...]:
    """What the lint could not see, because it depends on defaults."""
    kinds = COMPONENTS[tag].attributes
    found: list[str] = []
    for name, value in attributes.items():
        if name not in kinds:
            if value.strip(" 0px"):
                found.append(
                    say(
                        "by its class or a default, <%(tag)s> has a %(name)s, which cannot be compiled",
                        tag=tag,
                        name=name,
                    )
                )
        elif own.get(name) != value and (
            reason := IMPOSSIBLE.get((tag, name, value)) or IMPOSSIBLE.get((tag, name, ""))
        ):
            found.append(reason)
        elif own.get(name) != value and value and not accepted(kinds[name], value):
            found.append(
                say(
                    'by its class or a default, %(name)s="%(value)s" is not %(kind)s',
                    name=name,
                    value=value,
                    kind=expected(kinds[name]),
                )
            )
    if around.box.parent == "mj-group" and "," in attributes.get("width", ""):
        found.append(say('width="%(width)s" is no width; write a point for the comma', width=attributes["width"]))
    if tag == "mj-navbar-link" and "href" not in attributes and dict(around.handed).get("base-url"):
        found.append(say("a link of a navbar with a base-url needs an href"))
    if tag == "mj-wrapper" and widths.in_percent(attributes):
        found.append(say("the sections of a wrapper would be too wide: give its left and right padding in px"))
    return tuple(found)


def _resolved(defaults: Defaults, tag: str, own: dict[str, str], around: Around) -> dict[str, str]:
    """The attributes that hold, without the component's own defaults: mj-all, handed down, tag, class, own."""
    handed, known = dict(around.handed), COMPONENTS[tag].attributes
    found = dict(defaults.all)
    found.update(
        {
            name: value
            for name, value in handed.items()
            if name in known and (tag == "mj-social-element" or name not in _OWN)
        }
    )
    found.update(defaults.tags.get(tag, ()))
    classes: dict[str, str] = {}
    for name in own.get("mj-class", "").split(" "):
        values = defaults.classes.get(name, {})
        both = [classes.get("css-class"), values.get("css-class")]
        classes.update(values)
        if all(both):
            classes["css-class"] = " ".join(filter(None, both))
    found.update(classes)
    for name in around.mj_class.split(" "):
        found.update(defaults.inside.get((name, tag), ()))
    if tag in ("mj-accordion-title", "mj-accordion-text"):  # no default, only its parents' font
        found["font-family"] = handed.get("font-family", _FONT)
    found.update(own)
    found.pop("mj-class", None)
    return _read(tag, found)


def parts_of(tag: str, attributes: dict[str, str]) -> tuple[str, ...]:
    """The opening tag; each second part is a value that the compiler must not see."""
    parts = [f"<{tag}"]
    for name, value in attributes.items():
        if name.startswith("xmlns"):
            continue
        if (tag, name) in _COLORS:
            value = _SHORT_COLOR.sub(r"#\1\1\2\2\3\3", value) if value[4:5] in ("", ";") else value
        if name not in _FREE:
            value = " ".join(value.split())
        if _PLAIN.fullmatch(value) is None:
            parts[-1] += f' {name}="'
            parts += value if (tag, name) in CARRIERS else value.replace('"', "&quot;"), '"'
        else:
            parts[-1] += f' {name}="{value}"'
    parts[-1] += ">"
    return tuple(parts)
