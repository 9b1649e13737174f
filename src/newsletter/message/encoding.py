"""Text as bytes on the wire: quoted-printable for bodies (RFC 2045), encoded-words for headers (RFC 2047).

Bodies are cut into pieces that are encoded apart and joined: a piece starts at column 0 and ends there, by a soft line
break if need be, so no value can make a line too long or run into its neighbour.
"""

from __future__ import annotations

import re
from binascii import b2a_base64, b2a_qp
from typing import Final

CRLF: Final = b"\r\n"
SOFT_BREAK: Final = b"=\r\n"

# 76 columns, less one for the `=` of a soft break and two for a guarded first character.
_QUOTED_COLUMNS = 73
_EQUALS = ord("=")

_line_break = re.compile(r"\r\n|\r|\n")
_cut = re.compile(rb".{1,%d}(?<!=)(?<!=.)" % _QUOTED_COLUMNS, re.DOTALL)

_blanks = re.compile("[ \t\n\v\f\r\x1c-\x1f\x85\u2028\u2029]+")
_controls = re.compile("[\x00-\x1f\x7f-\x9f]")
_bidi = re.compile("[\u202a-\u202e\u2066-\u2069]")
_unsafe_in_phrase = re.compile(rb"[^A-Za-z0-9!*+\-/=_]")
_ESCAPES = {bytes([byte]): b"=%02X" % byte for byte in range(256)}


def piece(text: str) -> bytes:
    """A value as a piece of a quoted-printable body: to stand at column 0, with a soft break after it.

    The quick way, for one line without surprises; `long_piece` takes the rest.
    """
    if text.isprintable() and len(text) < 76 and text[:1] not in ".F":
        if text.isascii() and "=" not in text:
            return text.encode()
        quoted = b2a_qp(text.encode())
        if len(quoted) < 76:  # else it was broken into lines, by a bare LF
            return quoted
    return long_piece(text)


def long_piece(text: str) -> bytes:
    """The same for any text."""
    return b"\r\n".join(_quoted_line(line) for line in _line_break.split(text))


def _quoted_line(line: str) -> bytes:
    # b2a_qp breaks lines by a bare LF, at places that leave no room for what `_guarded` adds: undo it.
    quoted = b2a_qp(line.encode("utf-8", "replace")).replace(b"=\n", b"")
    return SOFT_BREAK.join(_guarded(part) for part in _cut.findall(quoted))


def _guarded(line: bytes) -> bytes:
    """No line starts with a dot (SMTP doubles it, and some undo that wrongly) or `From ` (mbox puts > before it)."""
    if line.startswith((b".", b"From ")):
        return _ESCAPES[line[:1]] + line[1:]
    return line


def tidy(text: str) -> str:
    """Header text on one line: white space collapsed, control characters dropped; no-break spaces stay."""
    if not text.isprintable():
        text = _controls.sub("", _blanks.sub(" ", text))
    if "  " in text:
        text = _blanks.sub(" ", text)
    return text.strip(" ")


def tidy_name(name: str) -> str:
    """The same for a display name, which may not turn the direction of what stands beside it either."""
    return tidy(name if name.isprintable() else _bidi.sub("", name))


def header_text(text: str, used: int) -> str:
    """Unstructured header text (a subject) after `used` columns: as it is, folded, or in encoded-words."""
    text = tidy(text)
    if not text.isascii() or "=?" in text:
        return encoded_words(text, used)
    if len(text) <= 76 - used:
        return text
    if max(map(len, text.split(" "))) <= 76 - used:
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


def encoded_words(text: str, used: int, *, phrase: bool = False) -> str:
    """RFC 2047 encoded-words, one a line of at most 76 columns, whole words of the text in each where they fit.

    Readers drop the white space between encoded-words, so a blank of the text stands within one, at its end. In a
    `phrase` (a display name) fewer characters may stand as they are (5.3).
    """
    data = text.encode("utf-8", "replace")
    quoted = b2a_qp(data, header=True).replace(b"=\n", b"")
    quoted = _unsafe_in_phrase.sub(_escape, quoted) if phrase else quoted.replace(b"?", b"=3F")
    room = min(75, 76 - used) - len("=?utf-8?q??=")  # an encoded-word has at most 75 columns
    if len(quoted) > 2 * len(data):  # hardly legible, and longer than base64
        words = (b2a_base64(word, newline=False) for word in _cut_characters(data, room // 4 * 3))
        return "\r\n ".join(f"=?utf-8?b?{word.decode()}?=" for word in words)
    if len(quoted) <= room:
        return f"=?utf-8?q?{quoted.decode()}?="
    return "\r\n ".join([f"=?utf-8?q?{word.decode()}?=" for word in _cut_quoted(quoted, room)])


def _escape(match: re.Match[bytes]) -> bytes:
    return _ESCAPES[match[0]]


def _cut_quoted(quoted: bytes, room: int) -> list[bytes]:
    """Cut after a blank (`_`), else between characters: not inside `=C3`, nor between `=C3` and `=A9`."""
    words, start = [], 0
    while len(quoted) - start > room:
        end = quoted.rfind(b"_", start, start + room) + 1
        if not end:
            end = start + room
            end -= 1 if quoted[end - 1] == _EQUALS else 2 if quoted[end - 2] == _EQUALS else 0
            while quoted[end] == _EQUALS and quoted[end + 1] in b"89AB":
                end -= 3
        words.append(quoted[start:end])
        start = end
    return [*words, quoted[start:]]


def _cut_characters(data: bytes, room: int) -> list[bytes]:
    """UTF-8 cut after a blank, else between characters."""
    words, start = [], 0
    while len(data) - start > room:
        end = data.rfind(b" ", start, start + room) + 1
        if not end:
            end = start + room
            while data[end] & 0xC0 == 0x80:
                end -= 1
        words.append(data[start:end])
        start = end
    return [*words, data[start:]]
