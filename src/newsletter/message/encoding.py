"""Text as bytes on the wire: quoted-printable for bodies (RFC 2045), encoded-words for headers (RFC 2047).

Bodies are cut into pieces that are encoded apart and joined: a piece starts at column 0 and ends there, by a soft line
break if need be, so no value can make a line too long or run into its neighbour.
"""

from __future__ import annotations

import re
from binascii import b2a_base64, b2a_qp
from typing import Final

SOFT_BREAK: Final = b"=\r\n"

# 76 columns, less one for the `=` of a soft break and two for a guarded first character.
_QUOTED_COLUMNS = 73

_plain_piece = re.compile(r"(?!\.|From )[ -<>-~]{1,75}").fullmatch
_line_break = re.compile(r"\r\n|\r|\n")
_cut = re.compile(rb".{1,%d}(?<!=)(?<!=.)" % _QUOTED_COLUMNS, re.DOTALL)

_blanks = re.compile("[ \t\n\v\f\r\x1c-\x1f\x85\u2028\u2029]+")
_controls = re.compile("[\x00-\x1f\x7f-\x9f]")
_bidi = re.compile("[\u202a-\u202e\u2066-\u2069]")
_plain_header = re.compile(r"(?!.*=\?)(?! )[ -~]*(?<! )").fullmatch
# What an encoded-word in a phrase may not hold as it is (RFC 2047, 5.3).
_unsafe_in_word = re.compile(rb"[^A-Za-z0-9!*+\-/=_]")


def piece(text: str) -> bytes:
    """A piece of a quoted-printable body; what follows it starts on a line of its own."""
    if _plain_piece(text):
        return text.encode() + SOFT_BREAK
    if "\n" not in text and "\r" not in text:
        quoted = b2a_qp(text.encode("utf-8", "replace"))
        if len(quoted) < 76 and b"\n" not in quoted and not quoted.startswith((b".", b"From ")):
            return quoted + SOFT_BREAK if quoted else quoted
    return long_piece(text)


def long_piece(text: str, *, last: bool = False) -> bytes:
    """The same for any text, by the careful way (`piece` is for short values); after the `last` nothing follows."""
    quoted = b"\r\n".join(_quoted_line(line) for line in _line_break.split(text))
    return quoted if last or not quoted or quoted.endswith(b"\r\n") else quoted + SOFT_BREAK


def _quoted_line(line: str) -> bytes:
    # b2a_qp breaks lines by a bare LF, at places that leave no room for what `_guarded` adds: undo it.
    quoted = b2a_qp(line.encode("utf-8", "replace")).replace(b"=\n", b"")
    return SOFT_BREAK.join(_guarded(part) for part in _cut.findall(quoted))


def _hex(match: re.Match[bytes]) -> bytes:
    return b"=%02X" % ord(match[0])


def _guarded(line: bytes) -> bytes:
    """No line starts with a dot (SMTP doubles it, some hosts forget to undo that) or `From ` (mbox puts > before it)."""
    if line.startswith((b".", b"From ")):
        return b"=%02X" % line[0] + line[1:]
    return line


def tidy(text: str) -> str:
    """Header text on one line: white space collapsed, control characters dropped; no-break spaces stay."""
    if _plain_header(text) and "  " not in text:
        return text
    return _controls.sub("", _blanks.sub(" ", text)).strip(" ")


def tidy_name(name: str) -> str:
    """The same for a display name, which may not turn the direction of what stands beside it either."""
    return name if name.isascii() and _plain_header(name) else tidy(_bidi.sub("", name))


def header_text(text: str, used: int) -> str:
    """Unstructured header text (a subject) after `used` columns: as it is, folded, or in encoded-words."""
    text = tidy(text)
    if len(text) <= 76 - used and _plain_header(text):
        return text
    if _plain_header(text) and max(map(len, text.split(" "))) <= 76 - used:
        return _folded(text, used)
    return encoded_words(text, used)


def _folded(text: str, used: int) -> str:
    """ASCII text in lines of at most 76 columns, broken at its spaces."""
    lines: list[str] = []
    line, room = "", 76 - used
    for word in text.split(" "):
        if line and len(line) + 1 + len(word) > room:
            lines.append(line)
            line, room = word, 75
        else:
            line = f"{line} {word}" if line else word
    return "\r\n ".join([*lines, line])


def encoded_words(text: str, used: int) -> str:
    """RFC 2047 encoded-words, one a line of at most 76 columns, whole characters in each; fit for phrases too."""
    data = text.encode("utf-8", "replace")
    quoted = _q(data)
    room = 76 - used - len("=?utf-8?q??=")
    if len(quoted) * 3 > len(data) * 4 + 12:
        return "\r\n ".join(f"=?utf-8?b?{word}?=" for word in _base64_words(data, room // 4 * 3))
    if len(quoted) <= room:
        return f"=?utf-8?q?{quoted.decode()}?="
    middle = len(text) // 2
    return f"{encoded_words(text[:middle], used)}\r\n {encoded_words(text[middle:], used)}"


def _q(data: bytes) -> bytes:
    quoted = b2a_qp(data, header=True)
    if b"\n" in quoted or b"\r" in quoted:  # too long for a line: only the length is of interest
        quoted = quoted.replace(b"=\n", b"")
    return _unsafe_in_word.sub(_hex, quoted)


def _base64_words(data: bytes, step: int) -> list[str]:
    words, start = [], 0
    while start < len(data):
        end = min(start + step, len(data))
        while end < len(data) and data[end] & 0xC0 == 0x80:  # inside a character
            end -= 1
        words.append(b2a_base64(data[start:end], newline=False).decode())
        start = end
    return words
