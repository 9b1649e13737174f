"""Merge fields in staff's texts, kept away from Markdown and typography: `{{ ... }}` becomes one character.

The characters are of the private use area, which no language writes; content that holds them is refused.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from newsletter.errors import Problem, ProblemsFound

FIRST, LAST = 0xE000, 0xF8FF
FIELD = re.compile(r"\{\{.*?\}\}", re.S)
STATEMENT = re.compile(r"\{%|\{#")
SHIELDED = re.compile(f"[{chr(FIRST)}-{chr(LAST)}]")


@dataclass
class Shield:
    fields: list[str] = field(default_factory=list)

    def put(self, text: str) -> str:
        """The text with its merge fields shielded; ProblemsFound (with the line) for other template syntax."""
        check(text)
        return FIELD.sub(self._keep, text)

    def lift(self, text: str) -> str:
        """The merge fields back in place."""
        return SHIELDED.sub(lambda found: self.fields[ord(found[0]) - FIRST], text)

    def _keep(self, found: re.Match[str]) -> str:
        self.fields.append(found[0])
        return chr(FIRST + len(self.fields) - 1)


def check(text: str) -> None:
    """ProblemsFound for `{%`, `{#`, a field that is not closed, and characters that we need ourselves."""
    problems = []
    rest = FIELD.sub(lambda found: "\n" * found[0].count("\n"), text)
    for number, line in enumerate(rest.splitlines(), 1):
        if STATEMENT.search(line):
            problems.append(Problem("only merge fields {{ ... }} may stand in a text, no {% or {#", line=number))
        if "{{" in line:
            problems.append(Problem("a merge field {{ is not closed with }}", line=number))
        if SHIELDED.search(line):
            problems.append(Problem("a character of the private use area stands here: remove it", line=number))
    if problems:
        raise ProblemsFound(problems)
