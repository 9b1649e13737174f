"""Text into Markdown that says just that text: signs that Markdown would read are escaped."""

from __future__ import annotations

import re

_INLINE = re.compile(r"([\\`*_\[\]<>~|])|&(?=#?\w+;)")
_START = re.compile(r"^(\s*)(?:(#{1,6}|[-+>])(?=\s|$)|(=+|-{2,})(?=\s*$)|(\d{1,9})([.)])(?=\s|$))")
_URL = re.compile(r"https?://[^\s<>\"'`]*[^\s<>\"'`.,;:!?)\]»”’]")
_BULLET = re.compile(r"^\s*(?:[•‣▪]|[*-])\s+")


def escape(text: str) -> str:
    """Inline text as Markdown. Underscores within words mean nothing to CommonMark and stay."""
    return _INLINE.sub(lambda found: "\\" + found.group(0), text)


def escape_line(line: str) -> str:
    """A line of text that starts a line of Markdown, with addresses made links."""
    parts, end = [], 0
    for found in _URL.finditer(line):
        parts += [escape(line[end : found.start()]), f"<{found.group(0)}>"]
        end = found.end()
    return _start("".join([*parts, escape(line[end:])]))


def plain_paragraph(paragraph: str) -> str:
    """A paragraph of plain text; lines that all begin with a bullet become a list."""
    lines = [line.strip(" \t") for line in paragraph.split("\n")]
    if all(_BULLET.match(line) for line in lines) and (len(lines) > 1 or lines[0][0] not in "*-"):
        return "\n".join("- " + escape_line(_BULLET.sub("", line, count=1)) for line in lines)
    return "\n".join(escape_line(line) for line in lines)


def _start(line: str) -> str:
    found = _START.match(line)
    if found is None:
        return line
    if found.group(4):
        return f"{found.group(1)}{found.group(4)}\\{line[found.end(4) :]}"
    return f"{found.group(1)}\\{line[found.end(1) :]}"
