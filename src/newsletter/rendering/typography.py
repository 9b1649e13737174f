"""Typography per language, pure and idempotent: spaces, quotation marks, apostrophes, ellipses.

Never inside URLs, addresses, code or merge fields (these are shielded as one private character). A house style
switches rules off (`quotes: false`) by language in newsletter.toml.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

NBSP, NNBSP = "\u00a0", "\u202f"
House = Mapping[str, bool | str]
Rule = Callable[[str], str]

# What must stay as it is: addresses of the web and of mail, times.
VERBATIM = re.compile(r"(?:https?://|mailto:|www\.)\S+|\S+@\S+\.\S+|\d{1,2}:\d{2}")
_SPACE = f"[ {NBSP}{NNBSP}]"
_OPENS = r"(?:(?<=^)|(?<=[\s(\[{«“„‘—–-]))"


def apply(text: str, language: str, house: House | None = None) -> str:
    """The text as a typesetter of that language would set it."""
    rules = [
        rule for name, rule in _RULES.get(language.split("-")[0], ()) if (house or {}).get(name, True) is not False
    ]
    if not rules:
        return text
    pieces, last = [], 0
    for kept in VERBATIM.finditer(text):
        pieces += [_run(rules, text[last : kept.start()]), kept[0]]
        last = kept.end()
    return "".join([*pieces, _run(rules, text[last:])])


def _run(rules: list[Rule], text: str) -> str:
    for rule in rules:
        text = rule(text)
    return text


def _quotes(opening: str, closing: str) -> Rule:
    pattern = re.compile(rf'{_OPENS}"(?=\S)(.+?)(?<=\S)"', re.S)
    return lambda text: pattern.sub(lambda found: f"{opening}{found[1]}{closing}", text)


def _apostrophes(text: str) -> str:
    return re.sub(r"(?<=\w)'(?=\w)", "’", text)


def _ellipsis(text: str) -> str:
    return re.sub(r"(?<!\.)\.\.\.(?!\.)", "…", text)


def _french_spaces(text: str) -> str:
    text = re.sub(rf"(?<=[\w»)%’”\ue000-\uf8ff]){_SPACE}*([;!?]+)(?=\s|$|[»)”’{NBSP}{NNBSP}])", rf"{NNBSP}\1", text)
    text = re.sub(rf"(?<=[\w»)%’”\ue000-\uf8ff]){_SPACE}*:(?=\s|$|{NBSP})", f"{NBSP}:", text)
    text = re.sub(rf"«{_SPACE}*(?=\S)", f"«{NNBSP}", text)
    return re.sub(rf"(?<=\S){_SPACE}*»", f"{NNBSP}»", text)


def _arabic_marks(text: str) -> str:
    marks = {",": "،", ";": "؛", "?": "؟"}
    return re.sub(r"(?<=[\u0600-\u06ff])([,;?])(?=\s|$)", lambda found: marks[found[1]], text)


_COMMON = (("ellipsis", _ellipsis),)
_RULES: dict[str, tuple[tuple[str, Rule], ...]] = {
    "fr": (
        ("quotes", _quotes(f"«{NNBSP}", f"{NNBSP}»")),
        ("apostrophes", _apostrophes),
        *_COMMON,
        ("spaces", _french_spaces),
    ),
    "en": (("quotes", _quotes("“", "”")), ("apostrophes", _apostrophes), *_COMMON),
    "de": (("quotes", _quotes("„", "“")), ("apostrophes", _apostrophes), *_COMMON),
    "es": (("quotes", _quotes("«", "»")), ("apostrophes", _apostrophes), *_COMMON),
    "ar": (("quotes", _quotes("«", "»")), *_COMMON, ("marks", _arabic_marks)),
}
