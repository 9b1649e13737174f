"""Which variant a recipient gets: the decision tree bound to closures over the field values."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from newsletter.message.expressions import describe
from newsletter.message.parts import Expression, Tree
from newsletter.message.slots import Links, Value, Values, bind_value

Leaf = Callable[[Values], int | None]

# Questions never depend on personal links (a link can only be printed).
_NO_LINKS = Links()


def answer_key(answer: Any) -> str:
    """How a tree names an answer: as JSON."""
    return json.dumps(answer, ensure_ascii=False)


def bind_question(kind: str, expression: Expression, fields: Sequence[str], language: str) -> Callable[[Values], Any]:
    """What answers a question: `bool` its truth, `len` the number of items, `value` the value itself."""
    value = bind_value(expression, fields, language)
    convert: dict[str, Callable[[Any], Any]] = {"bool": bool, "len": _length, "value": _itself}
    answer = convert[kind]
    return lambda values: answer(value(values, _NO_LINKS))


def _itself(value: Any) -> Any:
    return value


def _length(value: Any) -> int:
    return 0 if value is None else len(value)


def bind_tree(tree: Tree, fields: Sequence[str], language: str) -> Leaf:
    """The number of a recipient's variant, or None where its answers have no variant."""
    return _bind(tree.root, fields, language)


def _bind(node: dict[str, Any], fields: Sequence[str], language: str) -> Leaf:
    if "variant" in node:
        number: int = node["variant"]
        return lambda values: number
    kind, expression = node["ask"]
    answers = {key: _bind(then, fields, language) for key, then in node["then"].items()}
    if kind == "bool":
        yes, no = answers.get("true", _none), answers.get("false", _none)
        return _bool_node(bind_value(expression, fields, language), yes, no)
    return _other_node(bind_question(kind, expression, fields, language), answers)


def _none(values: Values) -> None:
    return None


def _bool_node(value: Value, yes: Leaf, no: Leaf) -> Leaf:
    return lambda values: yes(values) if value(values, _NO_LINKS) else no(values)


def _other_node(question: Callable[[Values], Any], answers: dict[str, Leaf]) -> Leaf:
    return lambda values: answers.get(answer_key(question(values)), _none)(values)


@dataclass(frozen=True, slots=True)
class Answer:
    """One step of the way to a variant."""

    kind: str
    expression: Expression
    answer: Any

    def __str__(self) -> str:
        asked = describe(self.expression)
        match self.kind, self.answer:
            case "bool", True:
                return asked
            case "bool", _:
                return f"not ({asked})"
            case "len", _:
                return f"{asked} | length == {self.answer}"
        return f"{asked} == {answer_key(self.answer)}"


def ways(tree: Tree) -> dict[int, list[tuple[Answer, ...]]]:
    """For each variant, the answers that lead to it (one row a way): "version for ..." on screen."""
    found: dict[int, list[tuple[Answer, ...]]] = {}
    for number, way in _ways(tree.root, ()):
        found.setdefault(number, []).append(way)
    return found


def _ways(node: dict[str, Any], so_far: tuple[Answer, ...]) -> Iterator[tuple[int, tuple[Answer, ...]]]:
    if "variant" in node:
        yield node["variant"], so_far
        return
    kind, expression = node["ask"]
    for key, then in node["then"].items():
        yield from _ways(then, (*so_far, Answer(kind, expression, json.loads(key))))
