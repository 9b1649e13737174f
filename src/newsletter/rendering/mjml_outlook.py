"""What Outlook alone sees of a component, as npm's mjml says it.

Outlook gets tables in comments of its own. The compiler reckons their widths without borders and shares, forgets the
alignment of a column, and suffixes one class of several. So a component whose table would differ carries what is right
as a mark in a value that is printed there, and `settled` puts it into its place.
"""

from __future__ import annotations

import re

from newsletter.rendering.mjml_widths import Box, divider_width, is_uneven, share

_MARK = "--zqmso:"
_CELL = re.compile(
    r'(<td)( class="[^"]*")?( style=")vertical-align:([^;"]*);--zqmso:([^;",]*),(\w*)([^"]*?;width:)[^;"]*'
)
_RULE = re.compile(r' width="[^"]*"( style="border-top:[^;"]*);--zqmso:([^;"]*)([^"]*;width:)[^;"]*')
_LEFT_OVER = re.compile(r'vertical-align:;--zqmso:[^;"]*;?|;--zqmso:[^;"]*')
_SEPARATE = re.compile(r'(<td[^>]* style="vertical-align:[^;"]*);border-collapse:separate(?=;width:)')
_SUFFIX = '-outlook"'
_CLASS = ' class="'
_SUFFIXED = re.compile(rf'{_CLASS}[^" ]* [^"]*{_SUFFIX}')


def for_outlook(tag: str, attributes: dict[str, str], box: Box) -> dict[str, str]:
    """The attributes, with a mark where Outlook would be told something else than by npm's mjml."""
    align, in_group = attributes.get("align", ""), box.parent == "mj-group"
    if tag in ("mj-column", "mj-group") and (align or in_group or box.uneven or is_uneven(attributes)):
        found = {name: value for name, value in attributes.items() if name != "align"}
        width = share(attributes.get("width"), box)
        if in_group:
            width, align = int(width), ""
        vertical = attributes.get("vertical-align", "top" if tag == "mj-column" else "")
        return {**found, "vertical-align": f"{vertical};{_MARK}{width:.10g}px,{align}"}
    if tag == "mj-divider" and (rule := divider_width(attributes, box)) is not None:
        return {**attributes, "border-color": f"{attributes.get('border-color', '#000000')};{_MARK}{rule:.10g}px"}
    return attributes


def settled(html: str) -> str:
    """Puts what was carried where Outlook sees it, and takes the marks out."""
    html = _marks_settled(html)
    if "border-collapse:separate;width:" in html:
        html = _SEPARATE.sub(r"\1", html)
    if _SUFFIX in html:
        html = _SUFFIXED.sub(lambda found: _CLASS + found[0].removeprefix(_CLASS).replace(" ", "-outlook "), html)
    return html


def _marks_settled(html: str) -> str:
    """Tag for tag around each mark, which is quicker than a pattern for all of a page."""
    parts: list[str] = []
    position = 0
    while (at := html.find(_MARK, position)) >= 0:
        start, end = html.rindex("<", 0, at), html.index(">", at) + 1
        parts += html[position:start], _tag(html[start:end])
        position = end
    return "".join([*parts, html[position:]]) if parts else html


def _tag(tag: str) -> str:
    if found := _CELL.match(tag):
        begins, names, style, vertical, width, align, further = found.groups("")
        aligned = f' align="{align}"' if align else ""
        vertical = f"vertical-align:{vertical}" if vertical else ""
        return (
            f"{begins}{aligned}{names}{style}{vertical}{further if vertical else 'width:'}{width}{tag[found.end() :]}"
        )
    if _RULE.search(tag):
        return _RULE.sub(r' width="\2"\1\3\2', tag)
    return _LEFT_OVER.sub("", tag)
