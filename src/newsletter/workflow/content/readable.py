"""An article's text for its page in the studio: safe HTML, with merge fields as chips that say their name.

It is no message: links lead where the text says, pictures of the workspace are shown as the studio has them, others are
left to their alternative text, nothing is a template.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from html import escape

from newsletter.errors import ProblemsFound
from newsletter.rendering.markdown import to_html
from newsletter.rendering.shield import FIELD, SHIELDED, Shield

_SIMPLE = re.compile(r"\{\{\s*([\w.]+)\s*(?:\|.*)?\}\}")
_PLACE = "https://shown.invalid/"  # an address that the sanitiser keeps, until that of the studio takes its place
_SHOWN = re.compile(rf'src="{re.escape(_PLACE)}(\d+)"')
_TAG = re.compile(r"<(?:\"[^\"]*\"|[^>\"])*>")


def body(
    markdown: str,
    language: str,
    *,
    own: bool,
    names: Mapping[str, str],
    picture: Callable[[str], str] = lambda _: "",
) -> str:
    """HTML. `names`: what readers call a field, by its path. `picture`: where this page has a picture, or nothing."""
    shield = Shield()
    try:
        shielded = shield.put(markdown) if own else markdown
    except ProblemsFound:  # checking names it; here it is read as it stands
        shielded, shield = markdown, Shield()
    shown: list[str] = []

    def show(source: str) -> dict[str, str] | None:
        if not (address := picture(source)):
            return None
        shown.append(address)
        return {"url": f"{_PLACE}{len(shown) - 1}"}

    html = to_html(shielded, language, own=False, picture=show)
    html = _TAG.sub(lambda tag: _tag(tag[0], shield, shown), html)
    return SHIELDED.sub(lambda sign: _chip(shield.lift(sign[0]), names), html) if shield.active else html


def _tag(tag: str, shield: Shield, shown: list[str]) -> str:
    """Without pictures that were written in HTML; a field in an attribute is text."""
    if tag.startswith("<img"):
        found = _SHOWN.search(tag)
        if found is None or int(found[1]) >= len(shown):
            return ""
        tag = tag.replace(found[0], f'src="{escape(shown[int(found[1])])}" loading="lazy"')
    return SHIELDED.sub(lambda sign: escape(shield.lift(sign[0])), tag) if shield.active else tag


def line(text: str, *, own: bool, names: Mapping[str, str]) -> str:
    """HTML of a title or a summary, which hold no marks."""
    if not own:
        return escape(text)
    parts, end = [], 0
    for found in FIELD.finditer(text):
        parts += [escape(text[end : found.start()]), _chip(found[0], names)]
        end = found.end()
    return "".join([*parts, escape(text[end:])])


def _chip(field: str, names: Mapping[str, str]) -> str:
    """By the name of the field; an expression that is more than a field says itself."""
    found = _SIMPLE.fullmatch(field)
    last = found[1].rpartition(".")[2].replace("_", " ") if found else field.strip("{} ")
    said = names.get(found[1], last) if found else last
    return f'<span class="merge-field" translate="no">{escape(said)}</span>'
