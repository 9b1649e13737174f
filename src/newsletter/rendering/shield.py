"""Merge fields in staff's texts, kept away from Markdown and typography: `{{ ... }}` becomes one character.

The characters are of the private use area, which no language writes; an own text that holds them is refused.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace

from newsletter.errors import Problem, ProblemsFound
from newsletter.i18n import say

FIRST, LAST = 0xE000, 0xF8FF
FIELD = re.compile(r"\{\{(?:(?!\{\{|\}\}).)*\}\}")  # on one line, and none within another
STATEMENT = re.compile(r"\{[%#]")
SHIELDED = re.compile(f"[{chr(FIRST)}-{chr(LAST)}]")


@dataclass(frozen=True, slots=True)
class Place:
    """Where a text stands: its file, and the line of the file on which it begins."""

    file: str | None = None
    line: int = 1


@dataclass
class Shield:
    """For one text. `active`: whether it has merge fields, so that what comes of it is a template."""

    fields: list[str] = field(default_factory=list)

    @property
    def active(self) -> bool:
        return bool(self.fields)

    def put(self, text: str, place: Place | None = None) -> str:
        """The text with its merge fields shielded; ProblemsFound (with file and line) for other template syntax."""
        check(text, place or Place())
        return FIELD.sub(self._keep, text)

    def lift(self, text: str) -> str:
        """The merge fields back in place, verbatim."""
        return SHIELDED.sub(self._give, text) if self.fields else text

    def holds(self, text: str) -> bool:
        """Whether a merge field stands in this piece of the shielded text."""
        return self.active and SHIELDED.search(text) is not None

    def _keep(self, found: re.Match[str]) -> str:
        if len(self.fields) > LAST - FIRST:
            raise ProblemsFound([Problem(say("a text holds at most %(most)s merge fields", most=LAST - FIRST + 1))])
        self.fields.append(found[0])
        return chr(FIRST + len(self.fields) - 1)

    def _give(self, found: re.Match[str]) -> str:
        return self.fields[ord(found[0]) - FIRST]


def check(text: str, place: Place) -> None:
    """ProblemsFound for `{%`, `{#`, a field that is not closed on its line, and characters that we need ourselves."""
    problems = []
    for number, line in enumerate(FIELD.sub("", text).split("\n"), place.line):
        at = Problem("", place.file, number)
        if STATEMENT.search(line):
            problems.append(replace(at, message=say("only merge fields {{ ... }} may stand in a text, no {% or {#")))
        if "{{" in line:
            problems.append(replace(at, message=say("a merge field {{ is not closed with }} on its line")))
        if SHIELDED.search(line):
            problems.append(replace(at, message=say("a character of the private use area stands here: remove it")))
    if problems:
        raise ProblemsFound(problems)


def lines(template: str, text: str, place: Place) -> tuple[int, ...]:
    """For each line of a template made from `text`: the line of the file, for messages about its merge fields."""
    origin = [(found[0], text.count("\n", 0, found.start()) + place.line) for found in FIELD.finditer(text)]
    result, current = [], place.line
    for line in template.split("\n"):
        for found in FIELD.finditer(line):
            current = _taken(origin, found[0]) or current
        result.append(current)
    return tuple(result)


def _taken(origin: list[tuple[str, int]], wanted: str) -> int | None:
    """The line of the first occurrence not used yet (fields keep their order)."""
    index = next((index for index, (name, _) in enumerate(origin) if name == wanted), None)
    return None if index is None else origin.pop(index)[1]
