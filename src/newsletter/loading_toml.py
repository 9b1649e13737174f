"""TOML into models, as `loading` does for YAML: every mistake at once, each with file:line:column."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError
from ruamel.yaml.error import FileMark
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from newsletter.errors import Problem, ProblemsFound
from newsletter.i18n import say
from newsletter.loading import place_in, problems_of

M = TypeVar("M", bound=BaseModel)
Names = tuple[str, ...]
Places = dict[Names, tuple[int, int]]  # line and column of a key, from 0

_PART = r"(?:[A-Za-z0-9_-]+|\"(?:\\.|[^\"\\])*\"|'[^']*')"
_KEY = rf"{_PART}(?:\s*\.\s*{_PART})*"
_TABLE = re.compile(rf"\s*\[\[?\s*({_KEY})\s*\]")
_PAIR = re.compile(rf"\s*({_KEY})\s*=")
_INLINE = re.compile(rf"({_KEY})\s*=|\"(?:\\.|[^\"\\])*\"|'[^']*'|[{{}}]|#.*")
_LONG = re.compile(r'"""|\'\'\'')
_AT = re.compile(r" \(at (?:line (\d+), column (\d+)|end of document)\)")


class TomlDocument:
    """A text as data and as places. ProblemsFound where it is no TOML."""

    def __init__(self, text: str, file: str) -> None:
        self.file = file
        try:
            self.data = tomllib.loads(text)
        except tomllib.TOMLDecodeError as error:
            found = _AT.search(str(error))
            line, column = map(int, found.groups()) if found and found[1] else (text.count("\n") + 1, None)
            message = say("This is no TOML: %(why)s", why=_AT.sub("", str(error)))
            raise ProblemsFound([Problem(message, file, line, column)]) from error
        self._root = _node(self.data, (), _places(text))

    def load(self, model: type[M], environment: Mapping[str, Any]) -> M:
        """As `model`. What the environment says goes before what the document says."""
        try:
            return model.model_validate({**self.data, **environment})
        except ValidationError as error:
            found = [
                Problem(problem.message, say("the environment")) if str(each["loc"][0]) in environment else problem
                for each, problem in zip(error.errors(), problems_of(error, model, self._root, self.file), strict=True)
            ]
            raise ProblemsFound(sorted(found, key=lambda each: (each.line or 0, each.column or 0))) from error

    def problem(self, message: str, *path: str) -> Problem:
        """One at the place of a key, or of what there is of its path."""
        return Problem(message, self.file, *place_in(self._root, path))


def _node(value: Any, path: Names, places: Places) -> Node:
    """The data as the tree in which `loading` looks for places."""
    mark = _mark(path, places)
    if isinstance(value, dict):
        pairs = [
            (ScalarNode("", name, _mark((*path, name), places)), _node(each, (*path, name), places))
            for name, each in value.items()
        ]
        return MappingNode("", pairs, mark)
    if isinstance(value, list):
        return SequenceNode("", [_node(each, path, places) for each in value], mark)
    return ScalarNode("", str(value), mark)


def _mark(path: Names, places: Places) -> FileMark:
    while path and path not in places:
        path = path[:-1]
    line, column = places.get(path, (0, 0))
    return FileMark("", 0, line, column)


def _places(text: str) -> Places:
    places: Places = {}
    table: Names = ()
    within = ""  # the quotes of a text of several lines
    for number, line in enumerate(text.split("\n")):
        if not within:
            if header := _TABLE.match(line):
                table = _note(places, (), header[1], number, header.start(1))
            elif pair := _PAIR.match(line):
                key = _note(places, table, pair[1], number, pair.start(1))
                _inline(places, key, line, pair.end(), number)
        for quotes in _LONG.findall(line):
            within = "" if within == quotes else within or quotes
    return places


def _inline(places: Places, key: Names, line: str, start: int, number: int) -> None:
    """The keys of `{name = value}` on a line."""
    within: list[Names] = []
    for found in _INLINE.finditer(line, start):
        if found[0] == "{":
            within.append(key)
        elif found[0] == "}":
            key = within.pop() if within else key
        elif found[1] and within:
            key = _note(places, within[-1], found[1], number, found.start(1))


def _note(places: Places, table: Names, key: str, line: int, column: int) -> Names:
    """Notes a dotted key, and the tables that it implies; says its path."""
    path = table
    for part in _parts(key):
        path = (*path, part)
        places.setdefault(path, (line, column))
    return path


def _parts(key: str) -> Iterator[str]:
    for part in re.findall(_PART, key):
        yield part[1:-1] if part[0] in "\"'" else part
