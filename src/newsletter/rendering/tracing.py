"""From a line of the rendered MJML back to the template that printed it.

What reads the finished MJML (lint, MJML itself) knows lines of it only. So where it finds something, the message is
rendered once more with a note of template and line before every piece of template text; the notes are private-use
characters, and never part of a message.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from jinja2 import nodes

from newsletter.errors import Problem
from newsletter.rendering.manuscript import Templates
from newsletter.rendering.places import Place

_NOTE = re.compile("\ue000(\\d+):(\\d+)\ue001")


def add_notes(tree: nodes.Template, number: int) -> None:
    """Puts notes into a parsed template; `number` stands for its name."""
    for output in tree.find_all(nodes.Output):
        output.nodes = [noted for each in output.nodes for noted in _noted(each, number)]


def _noted(node: nodes.Expr, number: int) -> list[nodes.Expr]:
    if not isinstance(node, nodes.TemplateData):
        return [_note(number, node.lineno), node]
    lines = node.data.splitlines(keepends=True)
    return [
        part
        for line, text in enumerate(lines, node.lineno)
        for part in (_note(number, line), nodes.TemplateData(text, lineno=line))
    ]


def _note(number: int, line: int) -> nodes.TemplateData:
    return nodes.TemplateData(f"\ue000{number}:{line}\ue001", lineno=line)


def in_templates(problems: Sequence[Problem], traced: str, names: Sequence[str], templates: Templates) -> list[Problem]:
    """The problems with the places of the templates instead of those of the rendered text."""
    lines = _pieces(traced, names)
    moved = []
    for each in problems:
        if each.line is not None and 0 < each.line <= len(lines):
            file, line = templates.place(*_place(lines[each.line - 1], each.column))
            each = Problem(each.message, file, line)
        moved.append(each)
    return moved


def _pieces(traced: str, names: Sequence[str]) -> list[list[tuple[Place, str]]]:
    """For each line of the text its pieces, with their places."""
    lines = []
    place: Place = (None, None)
    for line in traced.split("\n"):
        first, *rest = _NOTE.split(line)
        pieces = [(place, first)]
        for number, at, text in zip(rest[::3], rest[1::3], rest[2::3], strict=True):
            place = (names[int(number)], int(at))
            pieces.append((place, text))
        lines.append(pieces)
    return lines


def _place(pieces: Sequence[tuple[Place, str]], column: int | None) -> Place:
    """The place of the piece that holds this column; without a column, of the first that shows anything."""
    before = 0
    for place, text in pieces:
        before += len(text)
        if (before >= column) if column else text.strip():
            return place
    return pieces[-1][0]
