"""Bytes to text, as people's programs write them: UTF-8 first, then UTF-16, then Windows-1252, then a guess.

The text is given back as it stands: no normalisation, so that « » œ ᵉ ’ and U+202F go through unchanged. Only line
ends become LF, and a byte order mark is dropped.
"""

from __future__ import annotations

import codecs
import unicodedata

from charset_normalizer import from_bytes

from newsletter.errors import Problem, ProblemsFound
from newsletter.i18n import say

_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_ODD = frozenset({"Sc", "Sm", "Sk", "So", "Cc", "No"})  # currency, mathematics, accents alone, controls, fractions


def decode(content: bytes, file: str, *, declared: str | None = None) -> str:
    """The text of a file; `declared` is what the file says of itself (HTML), asked after UTF-8.

    ProblemsFound where it is no text at all.
    """
    text = _marked(content)
    if text is None:
        text = _strict(content, "utf-8")
    if text is None:
        text = _utf16(content)
    if text is None and declared:
        text = _strict(content, declared)
    if text is None and b"\0" not in content:
        text = _western(content) or _guessed(content)
    if text is None:
        raise ProblemsFound([Problem(say("This is no text file: save it as plain text in UTF-8."), file)])
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _marked(content: bytes) -> str | None:
    for mark, name in _MARKS:
        if content.startswith(mark):
            return _strict(content[len(mark) :], name)
    return None


def _strict(content: bytes, name: str) -> str | None:
    try:
        text = content.decode(name)
    except (UnicodeError, LookupError):
        return None
    return None if "\0" in text else text


def _utf16(content: bytes) -> str | None:
    """UTF-16 without a mark: text in any script has spaces and line ends, whose high byte is zero."""
    if len(content) % 2 or b"\0" not in content:
        return None
    little, big = content[1::2].count(0), content[0::2].count(0)
    return _strict(content, "utf-16-le" if little >= big else "utf-16-be")


def _western(content: bytes) -> str | None:
    """Windows-1252, where the result looks like a Western text: few letters beyond ASCII, and few odd signs."""
    text = _strict(content, "cp1252")
    if text is None:
        return None
    letters = [sign for sign in text if sign.isalpha()]
    accented = sum(not sign.isascii() for sign in letters)
    odd = sum(not sign.isascii() and unicodedata.category(sign) in _ODD for sign in text)
    return text if accented <= max(4, len(letters) * 0.25) and odd <= max(2, len(text) * 0.02) else None


def _guessed(content: bytes) -> str | None:
    best = from_bytes(content).best()
    return None if best is None else str(best)
