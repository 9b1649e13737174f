"""Which answers to a template's questions can occur together.

Freezing compiles both answers of every yes/no question. Answers that contradict each other (one field equal to two
values) belong to no recipient, and are pruned. Only what is certain is pruned: questions that this module does not
understand never exclude anything.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import Any

from newsletter.message.expressions import fields_of, key, walk
from newsletter.message.parts import Expression
from newsletter.message.tree import bind_question
from newsletter.model.fields import Field, Fields, FieldType
from newsletter.model.recipient import Recipient

Values = tuple[Any, ...]


@dataclass(frozen=True)
class Question:
    kind: str
    expression: Expression

    @cached_property
    def key(self) -> str:
        return f"{self.kind} {key(self.expression)}"


Path = tuple[tuple[Question, Any], ...]


def possible(path: Path, fields: Fields, language: str) -> bool:
    """Whether some recipient may give these answers. True in doubt."""
    by_field: dict[str, list[tuple[Question, Any]]] = {}
    for question, answer in path:
        if _understood(question, fields):
            by_field.setdefault(next(iter(fields_of(question.expression))), []).append((question, answer))
    return all(_satisfiable(fields[name], asked, language) for name, asked in by_field.items() if len(asked) > 1)


_ORDER = {"lt", "le", "gt", "ge"}
_EQUAL = {"eq", "ne"}


def _understood(question: Question, fields: Fields) -> bool:
    """A plain question on one field: its value, truth or length, or a comparison with a constant."""
    names = fields_of(question.expression)
    if len(names) != 1:
        return False
    many = fields[next(iter(names))].type == FieldType.LIST
    match question.kind, question.expression:
        case _, ["field", _]:
            return True
        case "bool", ["op", name, ["field", _], ["const", _]] | ["op", name, ["const", _], ["field", _]] if (
            name in _EQUAL or (name in _ORDER and not many)
        ):
            return True
        case "bool", ["op", "in", ["field", _], ["const", list()]]:
            return not many
        case "bool", ["op", "in", ["const", _], ["field", _]]:
            return many  # a part of a text may be anywhere in it
        case "bool", ["test", "none", ["field", _], []]:
            return True
    return False


def _satisfiable(field: Field, asked: Sequence[tuple[Question, Any]], language: str) -> bool:
    checks = [(bind_question(q.kind, q.expression, [field.path], language), answer) for q, answer in asked]
    return any(all(ask((value,)) == answer for ask, answer in checks) for value in _candidates(field, asked))


def _candidates(field: Field, asked: Sequence[tuple[Question, Any]]) -> Iterator[Any]:
    """Values of the field that stand for all others, as far as these questions can tell."""
    constants = list(_constants(question.expression for question, _ in asked))
    constants += [answer for question, answer in asked if question.kind == "value"]
    if field.type == FieldType.LIST:
        yield from _lists(constants, asked)
        return
    yield None
    if field.type == FieldType.BOOLEAN:
        yield from (True, False)
    elif field.type == FieldType.NUMBER:
        numbers = sorted({0, *(each for each in constants if isinstance(each, (int, float)))})
        yield from (*numbers, *_between(numbers))
    else:
        texts = sorted(each for each in constants if isinstance(each, str))
        yield ""
        # Below all, each one, and just after each one: in every gap that ordering can tell apart.
        yield from ("\x00", *texts, *(text + "\x00" for text in texts), "\U0010ffff" * 4)


def _between(numbers: Sequence[float]) -> Iterator[float]:
    """A number in every gap that comparing can tell apart."""
    yield numbers[0] - 1
    yield numbers[-1] + 1
    yield from ((low + high) / 2 for low, high in pairwise(numbers))


def _lists(constants: Sequence[Any], asked: Sequence[tuple[Question, Any]]) -> Iterator[list[Any]]:
    lengths = [answer for question, answer in asked if question.kind == "len"]
    held: list[Any] = []
    for question, answer in asked:
        match question.expression:
            case ["op", "in", ["const", item], ["field", _]] if answer is True and item not in held:
                held.append(item)
    other = "\x00" * (1 + max((len(each) for each in constants if isinstance(each, str)), default=0))
    yield []
    yield held
    yield from (each for each in constants if isinstance(each, list))
    for size in {*lengths, len(held) + 1}:
        yield held + [other] * (size - len(held))


def _constants(expressions: Iterable[Expression]) -> Iterator[Any]:
    for expression in expressions:
        for part in walk(expression):
            if part[0] == "const":
                yield part[1]
                yield from part[1] if isinstance(part[1], list) else ()


def example(fields: Fields, *, filled: bool) -> Recipient:
    """A recipient with a value of its type in every field, or with nothing in any."""
    values: dict[str, dict[str, Any]] = {"contact": {}, "institution": {}}
    for field in fields:
        values[field.owner][field.name] = _typical(field.type) if filled else _nothing(field.type)
    return Recipient(values["contact"], values["institution"], label="an example")


def _typical(type_: FieldType) -> Any:
    return {
        FieldType.TEXT: "Example",
        FieldType.NUMBER: 7,
        FieldType.DATE: "2026-03-01",
        FieldType.BOOLEAN: True,
        FieldType.LIST: ["example", "other"],
    }[type_]


def _nothing(type_: FieldType) -> Any:
    return [] if type_ == FieldType.LIST else None
