"""Lines put into a YAML document that people write in, at places that the parser gives; every other byte stays."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.nodes import MappingNode, Node, SequenceNode

from newsletter.errors import NewsletterError
from newsletter.i18n import say

Lines = Callable[[int], list[str]]  # indented by so many blanks


class DraftLayout(NewsletterError):
    """The draft is written in a way into which no line can be put."""


def append(text: str, node: Node | None, name: str, lines: Lines, parent: Node | None = None) -> str:
    """Puts block lines after the last item of a sequence, or makes it one where it is absent or empty."""
    if isinstance(node, SequenceNode) and node.value and not node.flow_style:
        indent = node.start_mark.column
        return insert(text, end_line(text, node, indent), lines(indent))
    if isinstance(node, SequenceNode) and node.value:
        return _append_flow(text, node, name, lines)
    if node is None:
        return _append_key(text, name, lines, parent)
    return _fill(text, node, name, lines, parent)


def _append_key(text: str, name: str, lines: Lines, parent: Node | None) -> str:
    """`name:` and its lines at the end of a mapping (the document's where no parent is given)."""
    if parent is None:
        return "\n".join([text.rstrip("\n"), f"{name}:", *lines(2), ""])
    if in_braces(parent):
        raise DraftLayout(
            say("The draft's %(name)s have no place in a section written in braces: write it in lines.", name=name)
        )
    indent = parent.start_mark.column
    return insert(text, end_line(text, parent, indent), [f"{' ' * indent}{name}:", *lines(indent + 2)])


def _fill(text: str, node: Node, name: str, lines: Lines, parent: Node | None) -> str:
    """`items: []` or `items:` with nothing behind becomes a list in lines; a comment there stays."""
    if parent is not None and in_braces(parent):
        raise DraftLayout(say("A section written in braces takes no new lines: write it in lines."))
    key = key_of(parent or root_of(text), name)
    assert key is not None
    start, end = node.start_mark.index, node.end_mark.index
    if text[start:end].strip():
        text = text[:start].rstrip(" ") + text[end:]
    return insert(text, key.start_mark.line + 1, lines(key.start_mark.column + 2))


def _append_flow(text: str, node: SequenceNode, name: str, lines: Lines) -> str:
    """A list within brackets: the new items behind the last."""
    last = node.value[-1].end_mark.index
    items = YAML(typ="safe", pure=True).load("\n".join(lines(0)))
    return text[:last] + "".join(f", {_flow(item)}" for item in items) + text[last:]


def _flow(item: Any) -> str:
    if isinstance(item, dict):
        return "{" + ", ".join(f"{name}: {_flow(value)}" for name, value in item.items()) + "}"
    if isinstance(item, list):
        return "[" + ", ".join(map(_flow, item)) + "]"
    return scalar(item)


def end_line(text: str, node: Node, indent: int) -> int:
    """The line after a block node. Its end mark lies behind blank lines and comments that belong to what follows."""
    lines = text.split("\n")
    end: int = node.end_mark.line if node.end_mark.column == 0 or _blank_before(lines, node) else node.end_mark.line + 1
    while end > node.start_mark.line + 1 and _belongs_to_next(lines[end - 1], indent):
        end -= 1
    return end


def _blank_before(lines: Sequence[str], node: Node) -> bool:
    """Whether the end mark stands at the start of the next thing's line."""
    return not lines[node.end_mark.line][: node.end_mark.column].strip()


def _belongs_to_next(line: str, indent: int) -> bool:
    stripped = line.strip()
    return not stripped or (stripped.startswith("#") and len(line) - len(line.lstrip()) < indent)


def insert(text: str, number: int, new: Sequence[str]) -> str:
    lines = text.split("\n")
    return "\n".join([*lines[:number], *new, *lines[number:]])


def root_of(text: str) -> Node | None:
    root: Node | None = YAML(typ="rt").compose(text)
    return root


def child_of(node: Node | None, name: str) -> Node | None:
    pairs = node.value if isinstance(node, MappingNode) else ()
    return next((value for key, value in pairs if key.value == name), None)


def key_of(node: Node | None, name: str) -> Node | None:
    pairs = node.value if isinstance(node, MappingNode) else ()
    return next((key for key, _ in pairs if key.value == name), None)


def in_braces(node: Node) -> bool:
    return isinstance(node, (MappingNode, SequenceNode)) and bool(node.flow_style)


def scalar(text: str) -> str:
    """A text as YAML reads it back: plain where that is the same text, else in quotes."""
    plain = text.replace("-", "").replace("_", "")
    if plain.isalnum() and plain[0].isalpha() and text[0].isalpha() and text.lower() not in _WORDS:
        return text
    return "'" + text.replace("'", "''") + "'"


_WORDS = {"null", "true", "false", "yes", "no", "on", "off", "y", "n"}
