"""How wide the box of a component is, as npm's mjml reckons it, and what the compiler gets wrong about sizes."""

from __future__ import annotations

import re
from dataclasses import dataclass

from newsletter.rendering.mjml_components import VERBATIM
from newsletter.rendering.mjml_tree import COMMENT, Node

_WHOLE = re.compile(r"(\d+)(?:,\d+(%))?")
_LEADING = re.compile(r"(?:^|\s)(\d+)")
_LINE = re.compile(r"(?:inner-)?border(?:-(?:top|right|bottom|left))?")
_IN_PX = re.compile(r"0|\d+px")
_NUMBER = re.compile(r"\s*(-?(?:\d+\.?\d*|\.\d+))\s*(%?)")


@dataclass(frozen=True, slots=True)
class Box:
    """The width in px inside a component, by how many columns it is shared, and which component it is.

    `uneven`: something around has borders or shares for paddings, which the compiler reckons with in its own way.
    """

    width: float
    columns: int
    parent: str
    uneven: bool = False


def read(tag: str, attributes: dict[str, str]) -> dict[str, str]:
    """The attributes, the width of a column as npm's mjml reads it: 300 is 300px, and 33,33% is 33%."""
    width = attributes.get("width", "") if tag in ("mj-column", "mj-group") else ""
    if found := _WHOLE.fullmatch(width):
        return {**attributes, "width": f"{found[1]}{found[2] or 'px'}"}
    return attributes


def columns(node: Node) -> int:
    """By how many columns the box of a component is shared."""
    return sum(child.tag not in (COMMENT, "mj-raw") for child in node.children) if node.children else 0


def inside(tag: str, attributes: dict[str, str], box: Box, columns: int) -> Box:
    """The box that a component's children have."""
    if tag in VERBATIM:
        return box
    match tag:
        case "mj-body":
            width = _number(attributes.get("width")) or 600.0
        case "mj-section" | "mj-wrapper":
            padding = attributes.get("padding", "20px 0")
            width = int(box.width) - _padding(attributes, padding) - borders(attributes, "border")
        case "mj-column" | "mj-group":
            width = share(attributes.get("width"), box) - _padding(attributes, attributes.get("padding"))
            width -= borders(attributes, "border") + borders(attributes, "inner-border")
        case "mj-hero":
            width = box.width - _padding(attributes, attributes.get("padding"))
        case _:
            width = box.width
    return Box(width, columns, tag, box.uneven or is_uneven(attributes))


def is_uneven(attributes: dict[str, str]) -> bool:
    for name, value in attributes.items():
        if _LINE.fullmatch(name) and value not in ("none", "0"):
            return True
        if name.startswith("padding") and not all(map(_IN_PX.fullmatch, value.split())):
            return True
    return False


def fitted(tag: str, attributes: dict[str, str], box: Box) -> dict[str, str]:
    """The attributes, with what the compiler would do differently: an image is as wide as its column at most."""
    if tag == "mj-image":
        padding = _padding(attributes, attributes.get("padding", "10px 25px"))
        most = int(box.width) - padding - borders(attributes, "border")
        width = _number(attributes["width"]) if attributes.get("width") else most
        return {**attributes, "width": f"{min(int(width), most):g}px"}
    return attributes


def divider_width(attributes: dict[str, str], box: Box) -> float | None:
    """The width in px of a divider's table for Outlook; none where the compiler finds it too."""
    padding = attributes.get("padding", "10px 25px")
    width = _NUMBER.match(attributes.get("width") or "100%")
    if not (box.uneven or is_uneven(attributes)) or width is None:
        return None
    if not width[2]:
        return float(width[1])
    return (int(box.width) - _padding(attributes, padding)) * int(float(width[1])) / 100


def share(width: str | None, box: Box) -> float:
    """The width in px of a column."""
    found = _NUMBER.match(width) if width else None
    if found is None:
        return box.width / max(1, box.columns)
    return float(found[1]) * box.width / 100 if found[2] else float(found[1])


def _number(value: str | None) -> float:
    found = _NUMBER.match(value) if value else None
    return float(found[1]) if found else 0.0


def _padding(attributes: dict[str, str], padding: str | None) -> float:
    return _edge(attributes, padding, "left") + _edge(attributes, padding, "right")


def _edge(attributes: dict[str, str], padding: str | None, side: str) -> float:
    """One side of a padding, in whole px as npm's mjml reads it."""
    single = attributes.get(f"padding-{side}")
    if single:
        return int(_number(single))
    return int(_number(edges(padding)[side])) if padding else 0


def inside_button(attributes: dict[str, str]) -> float | None:
    """The width of what a button of a width in px holds."""
    found = _NUMBER.match(attributes.get("width") or "")
    if found is None or found[2]:
        return None
    sides = edges(attributes.get("inner-padding") or "10px 25px")
    padding = sum(int(_number(sides[side])) for side in ("left", "right"))
    return float(found[1]) - padding - borders(attributes, "border")


def in_percent(attributes: dict[str, str]) -> bool:
    """Whether a left or right padding is a share, which the compiler does not reckon with."""
    whole = edges(attributes.get("padding") or "0")
    return any((attributes.get(f"padding-{side}") or whole[side]).endswith("%") for side in ("left", "right"))


def edges(padding: str) -> dict[str, str]:
    """The four sides of a padding of one to four values."""
    values = padding.split() or ["0"]
    top, right = values[0], values[1 % len(values)]
    bottom = values[2] if len(values) > 2 else top
    return {"top": top, "right": right, "bottom": bottom, "left": values[3] if len(values) > 3 else right}


def borders(attributes: dict[str, str], name: str) -> float:
    """The px of the left and the right border together."""
    return sum(_border(attributes.get(f"{name}-{side}") or attributes.get(name)) for side in ("left", "right"))


def _border(value: str | None) -> float:
    found = _LEADING.search(value or "")
    return float(found[1]) if found else 0.0
