"""Values put into the head of an article file, line by line: what was not meant to change keeps every byte."""

from __future__ import annotations

import io
import re
from collections.abc import Collection, Mapping
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.nodes import MappingNode, Node

_MINUTE = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d")  # as people write it; YAML would put it in quotes within braces


def with_values(head: str, values: Mapping[str, Any]) -> str:
    """`head`: what stands between the `---` lines. None takes a value out; a mapping says only what changes within it.

    ValueError where the head is written in a way into which no line can be put.
    """
    root = YAML().compose(head) if head.strip() else None
    lines = head.removesuffix("\n").split("\n") if head else []
    if root is None:
        made = [*lines, *_new(values, (), 0)]
    elif isinstance(root, MappingNode) and not root.flow_style:
        made = _block(lines, root, values, len(lines))
    else:
        raise ValueError("no lines")
    return "".join(f"{line}\n" for line in made)


def _block(lines: list[str], node: MappingNode, values: Mapping[str, Any], end: int) -> list[str]:
    """A mapping in lines; `end` is the line after it. From its foot upwards, so that the marks above stay true."""
    indent = node.start_mark.column
    starts = [key.start_mark.line for key, _ in node.value]
    last = _trimmed(lines, starts[-1], end, indent)
    lines = [*lines[:last], *_new(values, [key.value for key, _ in node.value], indent), *lines[last:]]
    for (key, value), start, stop in reversed(list(zip(node.value, starts, [*starts[1:], last], strict=True))):
        if key.value in values:
            lines = _entry(lines, key, value, values[key.value], _trimmed(lines, start, stop, indent))
    return lines


def _entry(lines: list[str], key: Node, node: Node, value: Any, stop: int) -> list[str]:
    start, indent = key.start_mark.line, key.start_mark.column
    if isinstance(value, Mapping) and isinstance(node, MappingNode) and node.value and not node.flow_style:
        return _block(lines, node, value, stop)
    if value is None or node.start_mark.line != start or node.end_mark.line != start:
        return [*lines[:start], *([] if value is None else _lines(str(key.value), value, indent)), *lines[stop:]]
    line, left, right = lines[start], node.start_mark.column, node.end_mark.column
    if isinstance(value, Mapping) and isinstance(node, MappingNode):
        new = _braces(line, node, value)
    elif isinstance(value, (list, Mapping)):
        new = _flow(value)
    else:
        new = _lines("x", value, 0)[0].removeprefix("x: ")
    gap = "" if line[:left].endswith((" ", "\t")) else " "
    return [*lines[:start], line[:left] + gap + new + line[right:], *lines[start + 1 :]]


def _braces(line: str, node: MappingNode, value: Mapping[str, Any]) -> str:
    """A mapping on one line: what is the same stays as it was written."""
    kept = {key.value: line[key.start_mark.column : each.end_mark.column] for key, each in node.value}
    told = {name: None if each is None else f"{name}: {_flow(each)}" for name, each in value.items()}
    return "{" + ", ".join(each for each in (kept | told).values() if each is not None) + "}"


def _new(values: Mapping[str, Any], known: Collection[str], indent: int) -> list[str]:
    absent = {name: value for name, value in values.items() if value is not None and name not in known}
    return [line for name, value in absent.items() for line in _lines(name, value, indent)]


def _lines(name: str, value: Any, indent: int) -> list[str]:
    """`name: value`; a mapping of the head itself in lines of its own, one within it in braces, as is every list."""
    blank = " " * indent
    if isinstance(value, Mapping) and not indent:
        inner = [line for each, part in value.items() if part is not None for line in _lines(each, part, 2)]
        return [f"{name}:", *inner]
    if isinstance(value, (list, Mapping)):
        return [f"{blank}{name}: {_flow(value)}"]
    return [blank + line for line in _dumped({name: value}, flow=False).splitlines()]


def _flow(value: Any) -> str:
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{name}: {_flow(part)}" for name, part in value.items() if part is not None) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_flow, value)) + "]"
    if isinstance(value, str) and _MINUTE.fullmatch(value):
        return value
    return _dumped([value], flow=True).strip().removeprefix("[").removesuffix("]")


def _dumped(value: Any, *, flow: bool) -> str:
    yaml, stream = YAML(), io.StringIO()
    yaml.width, yaml.allow_unicode, yaml.default_flow_style = 1_000_000, True, flow
    yaml.dump(value, stream)
    return stream.getvalue()


def _trimmed(lines: list[str], start: int, stop: int, indent: int) -> int:
    """Without the blank lines and comments that belong to what follows."""
    while stop > start + 1 and _of_next(lines[stop - 1], indent):
        stop -= 1
    return stop


def _of_next(line: str, indent: int) -> bool:
    bare = line.strip()
    return not bare or (bare.startswith("#") and len(line) - len(line.lstrip()) <= indent)
