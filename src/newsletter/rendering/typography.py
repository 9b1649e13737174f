"""Typography per language, pure and idempotent: quotation marks, apostrophes, ellipses, dashes, spaces.

What somebody else said is left as it is: of a quotation only the marks are set, and block quotations are not handed in
at all. Nor are addresses, times and merge fields touched. The house style (newsletter.toml, by language) switches rules
off, `quotes = false`, or gives them another value: `quotes = "„…“"`, `narrow = "\\u00a0"`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

NBSP, NNBSP = "\u00a0", "\u202f"
House = Mapping[str, bool | str]

# Noncharacters, which no text holds: the bound between two pieces, something verbatim, the words of a quotation.
_BOUND, _VERBATIM, _WORDS = "\ufdd0", "\ufdd1", "\ufdd2"
_OURS = f"{_BOUND}{_VERBATIM}{_WORDS}"
_SHIELDED = "\ue000-\uf8ff"

_KEPT = re.compile(
    r"\{\{.*?\}\}"  # a merge field
    r"|(?:https?://|mailto:|tel:|www\.)\S*[^\s.,;:!?)\]»”\"'’]"
    r"|[^\s\"«»“”„(]+@[^\s\"«»“”]+\.\w+"
    r"|\d{1,2}:\d{2}"
)
_QUOTATION = re.compile(
    r"(?P<open>«)(?P<words>[^«»]+)(?P<close>»)"
    r"|(?P<open2>[„“])(?P<words2>[^„“”]+)(?P<close2>[“”])"
    rf"|(?:(?<=^)|(?<=[\s(\[{{—–{_BOUND}-]))(?P<open3>\")(?P<words3>[^\"«»“”„]+)(?P<close3>\")(?!\w)"
)
_BLANK = f"[ {NBSP}{NNBSP}]"
_WORD = rf"[\w»)\]%’”“\"{_OURS}{_SHIELDED}]"
_END = rf"(?=\s|$|[»)\]”’\"{_OURS}])"


def apply(text: str, language: str, house: House | None = None) -> str:
    """The text as a typesetter of that language would set it."""
    return join_apply([text], language, house)[0]


def join_apply(pieces: Sequence[str], language: str, house: House | None = None) -> list[str]:
    """The pieces of one paragraph (its texts between marks such as emphasis), set as one text."""
    style = _STYLES.get(language.split("-")[0])
    text = _BOUND.join(pieces)
    if style is None or any(sign in piece for piece in pieces for sign in _OURS):
        return list(pieces)
    return _set(text, style, house or {}).split(_BOUND)


@dataclass(frozen=True, slots=True)
class Style:
    """A language's marks, and its rules by the name under which the house style knows them."""

    opening: str
    closing: str
    rules: tuple[tuple[str, Callable[[str, House], str]], ...]


def _set(text: str, style: Style, house: House) -> str:
    kept: list[str] = []
    words: list[str] = []
    text = _hidden(text, _KEPT, kept, _VERBATIM)
    text = _QUOTATION.sub(lambda found: _marked(found, style, house, words), text)
    for name, rule in style.rules:
        if house.get(name, True) is not False:
            text = rule(text, house)
    return _shown(_shown(text, words, _WORDS), kept, _VERBATIM)


def _hidden(text: str, pattern: re.Pattern[str], kept: list[str], sign: str) -> str:
    def hide(found: re.Match[str]) -> str:
        kept.append(found[0])
        return sign

    return pattern.sub(hide, text)


def _shown(text: str, kept: Sequence[str], sign: str) -> str:
    pieces: Iterator[str] = iter(kept)
    return re.sub(sign, lambda _: next(pieces), text)


def _marked(found: re.Match[str], style: Style, house: House, words: list[str]) -> str:
    """A quotation with the language's marks; marks that are no straight ones stay the writer's."""
    opening, said, closing = (part for part in found.groups() if part is not None)
    blank = _narrow(house) if style.opening == f"«{NNBSP}" else ""
    inner = said.strip(f" {NBSP}{NNBSP}")
    if not inner.strip(f"{_BOUND}\n"):
        return found[0]
    if opening == '"' and house.get("quotes", True) is not False:
        words.append(inner)
        first, last = _marks(style, house)
        return f"{first}{_WORDS}{last}"
    if opening == "«" and blank and house.get("spaces", True) is not False:
        words.append(inner)
        return f"«{blank}{_WORDS}{blank}»"
    words.append(said)
    return f"{opening}{_WORDS}{closing}"


def _marks(style: Style, house: House) -> tuple[str, str]:
    own = house.get("quotes")
    if isinstance(own, str) and "…" in own:
        first, _, last = own.partition("…")
        return first, last
    narrow = _narrow(house)
    return style.opening.replace(NNBSP, narrow), style.closing.replace(NNBSP, narrow)


def _narrow(house: House) -> str:
    """The narrow space of French; some houses want U+00A0 everywhere, as old mail programs show it better."""
    own = house.get("narrow")
    return own if isinstance(own, str) else (NBSP if own is False else NNBSP)


# Rules


def _apostrophes(text: str, house: House) -> str:
    return re.sub(rf"(?<=[\w{_SHIELDED}{_OURS}])'(?=[\w{_SHIELDED}{_OURS}])", "’", text)


def _ellipses(text: str, house: House) -> str:
    return re.sub(r"(?<!\.)\.\.\.(?!\.)", "…", text)


def _dashes(text: str, house: House) -> str:
    """A hyphen between blanks is a dash."""
    return re.sub(r"(?<=[^\s-]) --? (?=[^\s-])", " – ", text)


def _french_spaces(text: str, house: House) -> str:
    narrow = _narrow(house)
    text = re.sub(rf"(?<={_WORD}){_BLANK}*({_BOUND}?)({_BLANK}*)([;!?]+){_END}", rf"\1{narrow}\3", text)
    return re.sub(rf"(?<={_WORD}){_BLANK}*({_BOUND}?)({_BLANK}*):{_END}", rf"\1{NBSP}:", text)


def _units(text: str, house: House) -> str:
    """No line break between a number and its sign, or `n°`, `§`, `Art.` and its number."""
    text = re.sub(r"(?<=\d) (?=[%‰€$£°](?:\W|$))", NBSP, text)
    return re.sub(r"(?<![\w])(n°|nº|N°|§|Art\.|art\.|Abs\.|Nr\.|No\.) (?=\d)", rf"\1{NBSP}", text)


def _german_abbreviations(text: str, house: House) -> str:
    narrow = _narrow(house)
    return re.sub(r"\b(z|d|u|i|o|v)\. ?(?=(?:B|h|a|d|R|Ä|H|E)\.)", lambda found: f"{found[1]}.{narrow}", text)


def _arabic_marks(text: str, house: House) -> str:
    marks = {",": "،", ";": "؛", "?": "؟"}
    return re.sub(
        rf"(?<=[\u0600-\u06ff{_SHIELDED}{_OURS}»])([,;?])(?=\s|$|[»{_BOUND}])", lambda found: marks[found[1]], text
    )


_COMMON = (("apostrophes", _apostrophes), ("ellipses", _ellipses), ("dashes", _dashes))
_STYLES: dict[str, Style] = {
    "fr": Style(f"«{NNBSP}", f"{NNBSP}»", (*_COMMON, ("spaces", _french_spaces), ("units", _units))),
    "en": Style("“", "”", _COMMON),
    "de": Style("„", "“", (*_COMMON, ("units", _units), ("abbreviations", _german_abbreviations))),
    "es": Style("«", "»", (*_COMMON, ("units", _units))),
    "ar": Style("«", "»", (("ellipses", _ellipses), ("marks", _arabic_marks))),
}
