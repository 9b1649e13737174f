"""What the compiler forgets or misplaces, carried in by a value that it prints.

mrml prints a value as it stands into a style or an attribute. So where it forgets one (the borders of an image), that
one rides on another of the same element: `font-size="13px;border-left:1px solid"`. Each entry is a difference between
mrml 6 and MJML that was measured; the fidelity tests hold them.
"""

from __future__ import annotations

import re

from newsletter.rendering import mjml_outlook
from newsletter.rendering.mjml_widths import Box, borders, edges, inside_button

# Values that may end with a quote and further attributes, and are quoted here.
CARRIERS = frozenset(
    {("mj-image", "alt"), ("mj-image", "target"), ("mj-social-element", "alt"), ("mj-table", "cellpadding")}
)
_SIDES = ("top", "right", "bottom", "left")
_MARK = "--zqwidth:1"  # a column of a group: its width on phones is a whole percentage
_FLAT = "--zqflat:1"  # a column whose inner table alone has round corners
_INSIDE = "--zqinside:1"  # a border radius of the section alone, not of the full width around it
_OUTSIDE = re.compile(rf'(<table [^>]*style="[^"]*)border-radius:[^;"]*;{_INSIDE};(width:100%;")')
_RIGHT = "--zqright:1"  # the cell of an icon that stands right of its text
_SEPARATE = re.compile(r' style="border-collapse:separate;"(><tbody><tr><td style="[^"]*--zqflat:1)')
_SWAP = re.compile(rf'(<td style="padding:[^"]*;{_RIGHT};"><table(?:(?!</table>).)*</table></td>)(<td.*?</td>)')
_WIDTH = re.compile(r"direction:(ltr|rtl);--zqwidth:1;([^\"]*?;width:)(\d+)(?:\.\d+)?%")
_PX_LATER = re.compile(r"(.*\s)(\d+px)(.*)")
_ZERO = re.compile(r"(?<!\S)0(?!\S)")
_MENU = re.compile(r'(\s(?:id|for)=)"00000000"')


def fitted(tag: str, attributes: dict[str, str], box: Box) -> dict[str, str]:
    """The attributes with which the compiler prints what MJML says. `box` is the box the component stands in."""
    found = {name: _in_px(value) if name.startswith("padding") else value for name, value in attributes.items()}
    match tag:
        case "mj-button":
            if borders(found, "border") and (width := inside_button(found)) is not None:
                _carry(found, "text-transform", "none", f"width:{width:g}px" if width >= 0 else "width:auto")
        case "mj-image":
            _carry_attributes(found, "alt", "", "sizes")
            if found.get("href") and found.get("title"):
                _carry_attributes(found, "target", "_blank", "title", keep=True)
            each = ("border", *(f"border-{side}" for side in _SIDES))
            _carry(found, "font-size", "13px", _styles(found, *each))
            for name in each:
                found.pop(name, None)
        case "mj-social-element":
            _carry_attributes(found, "alt", "", "srcset", "sizes")
            if found.pop("icon-position", "") == "right":
                _carry(found, "vertical-align", "middle", _RIGHT)
        case "mj-table":
            if found.get("cellspacing", "0").strip() not in ("", "0"):
                _carry(found, "table-layout", "auto", "border-collapse:separate")
            elif found.get("border", "none") != "none":  # where the compiler separates what MJML collapses
                _carry(found, "table-layout", "auto", "border-collapse:collapse !important")
            if found.get("role") == "none":
                _carry_attributes(found, "cellpadding", "0", "role")
        case "mj-hero":
            _carry(found, "vertical-align", "top", _styles(found, "border-radius"))
            _hero_height(found)
        case "mj-section" | "mj-wrapper":
            _borders(found, "border")
            if found.get("full-width") != "full-width":
                found.pop("full-width", None)
            elif found.get("border-radius"):
                _carry(found, "border-radius", "", _INSIDE)
        case "mj-accordion-title" | "mj-accordion-text":
            _one_padding(found, "padding", "16px")
            if tag == "mj-accordion-title":
                _carry(found, "font-size", "13px", _styles(found, "font-weight"))
        case "mj-navbar":
            _one_padding(found, "ico-padding", "10px")
        case "mj-column":
            _borders(found, "border")
            _borders(found, "inner-border")
            if found.get("inner-border-radius") and not found.get("border-radius"):
                gutter = any(found.get(name) for name in ("padding", *(f"padding-{side}" for side in _SIDES)))
                _carry(found, "vertical-align", "top", _FLAT if gutter else "border-collapse:separate")
            if box.parent == "mj-group" and not found.get("width") and 100 % max(1, box.columns):
                found["direction"] = f"{found.get('direction', 'ltr')};{_MARK}"
    return found


def _in_px(padding: str) -> str:
    """The compiler takes a padding with a bare 0 for none at all."""
    return _ZERO.sub("0px", padding)


def settled(html: str) -> str:
    """Takes the marks out of what was compiled, and gives each menu a name of its own."""
    html = mjml_outlook.settled(html)
    if "--zq" in html:
        html = _unmarked(html)
    if '"00000000"' in html:
        names = (f'"menu-{number // 2}"' for number in range(2 * html.count('"00000000"')))
        html = _MENU.sub(lambda found: found[1] + next(names), html)
    return html


def _unmarked(html: str) -> str:
    html = _WIDTH.sub(r"direction:\1;\2\3%", html)
    if _FLAT in html:
        html = _SEPARATE.sub(r"\1", html).replace(f";{_FLAT}", "")
    if _INSIDE in html:
        html = _OUTSIDE.sub(r"\1\2", html).replace(f";{_INSIDE}", "")
    if _RIGHT in html:
        html = _SWAP.sub(r"\2\1", html).replace(f";{_RIGHT}", "")
    return html


def _styles(attributes: dict[str, str], *names: str) -> str:
    return ";".join(f"{name}:{attributes[name]}" for name in names if attributes.get(name))


def _carry(attributes: dict[str, str], by: str, otherwise: str, styles: str) -> None:
    if styles:
        attributes[by] = f"{attributes.get(by) or otherwise};{styles}"


def _carry_attributes(attributes: dict[str, str], by: str, otherwise: str, *names: str, keep: bool = False) -> None:
    """Further attributes, behind the quote that ends the value that carries them."""
    carried = "".join(f'" {name}="{_quoted(attributes[name])}' for name in names if name in attributes)
    for name in names if not keep else ():
        attributes.pop(name, None)
    attributes[by] = _quoted(attributes.get(by, otherwise)) + carried


def _quoted(value: str) -> str:
    return value.replace('"', "&quot;")


def _borders(attributes: dict[str, str], name: str) -> None:
    """A border must begin with its px, or the compiler reckons with none, or with that of all sides."""
    for each in (name, f"{name}-left", f"{name}-right"):
        value = attributes.get(each, "").strip()
        if each != name and attributes.get(name) and value in ("0", "none"):
            attributes[each] = "0px none"
        elif found := _PX_LATER.fullmatch(value):
            attributes[each] = f"{found[2]} {found[1].strip()}{found[3]}"


def _hero_height(attributes: dict[str, str]) -> None:
    """MJML takes the numbers of a vertical padding off the height, also those in percent; the compiler those in px."""
    sides = edges(attributes.get("padding") or "0px")
    sides.update({side: attributes[f"padding-{side}"] for side in _SIDES if attributes.get(f"padding-{side}")})
    if attributes.get("padding"):
        attributes["padding"] = " ".join(f"{side}px" if side == "0" else side for side in sides.values())
    if attributes.get("height", "").strip().endswith("%"):  # of which MJML takes the number
        attributes["height"] = f"{int(float(attributes['height'].strip()[:-1]))}px"
    percent = sum(int(float(sides[side][:-1])) for side in ("top", "bottom") if sides[side].endswith("%"))
    if percent:
        attributes["height"] = f"{int(float(attributes.get('height', '0').rstrip('px%') or 0)) - percent}px"


def _one_padding(attributes: dict[str, str], name: str, otherwise: str) -> None:
    """One side's padding must follow the padding of all sides, which the compiler writes last."""
    single = {side: attributes.pop(f"{name}-{side}", "") for side in _SIDES}
    if any(single.values()):
        whole = edges(attributes.get(name) or otherwise)
        attributes[name] = " ".join(single[side] or whole[side] for side in _SIDES)
