"""The tree of a rule over recipients: one expression language, six node kinds.

A rule is a Jinja2 expression (`institution.region == "Africa" and "pensions" in institution.topics`); Jinja2 is only
the parser. What is admitted becomes a tree of All, Any, Not, Compare, In and Has,
from which come SQL (audience/sql.py),
`evaluate`, and the canonical text of `to_text`: parse(to_text(tree)) == tree (model/segment.py parses).

What rules mean: an empty text and an absent value are the same, written `none`; `==` and `!=` always answer (`!=` is
IS DISTINCT FROM, so an empty value differs from every other); `<` and its kin are false for an empty value. A rule
never answers "unknown". `segment.africa` stands for the rule of that name in subscribers/segments.yaml.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from newsletter.model.recipient import Recipient

Value = str | int | float | bool | None


@dataclass(frozen=True, slots=True)
class All:
    """Every part holds; without parts it holds for everybody (`true`)."""

    parts: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Any:
    """At least one part holds; without parts it holds for nobody (`false`)."""

    parts: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Not:
    part: Node


@dataclass(frozen=True, slots=True)
class Compare:
    """A field beside a value; `operator` is == != < <= > or >=. The value None asks whether the field is empty."""

    path: str
    operator: str
    value: Value


@dataclass(frozen=True, slots=True)
class In:
    """The field is one of these values."""

    path: str
    values: tuple[Value, ...]


@dataclass(frozen=True, slots=True)
class Has:
    """The list in the field contains this text."""

    path: str
    value: str


Node = All | Any | Not | Compare | In | Has
EVERYBODY = All(())
NOBODY = Any(())

ORDER: dict[str, Callable[[float | str, float | str], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


def all_of(*parts: Node) -> Node:
    """`and`, in normal form: nested ones are flattened, a single part stands for itself."""
    flat = tuple(inner for part in parts for inner in (part.parts if isinstance(part, All) else (part,)))
    return flat[0] if len(flat) == 1 else All(flat)


def any_of(*parts: Node) -> Node:
    """`or`, in normal form."""
    flat = tuple(inner for part in parts for inner in (part.parts if isinstance(part, Any) else (part,)))
    return flat[0] if len(flat) == 1 else Any(flat)


def paths(tree: Node) -> set[str]:
    """The fields that a rule reads."""
    return set(_paths(tree))


def _paths(tree: Node) -> Iterator[str]:
    match tree:
        case All(parts) | Any(parts):
            for part in parts:
                yield from _paths(part)
        case Not(part):
            yield from _paths(part)
        case Compare(path) | In(path) | Has(path):
            yield path


def evaluate(tree: Node, recipient: Recipient) -> bool:
    """Whether a rule holds for one recipient; equals what the rule's SQL answers."""
    match tree:
        case All(parts):
            return all(evaluate(part, recipient) for part in parts)
        case Any(parts):
            return any(evaluate(part, recipient) for part in parts)
        case Not(part):
            return not evaluate(part, recipient)
        case In(path, values):
            found = _value(recipient, path)
            return any(_same(found, value) for value in values)
        case Has(path, value):
            found = _value(recipient, path)
            return isinstance(found, list | tuple) and value in found
        case Compare(path, sign, value):
            return _compare(_value(recipient, path), sign, value)


def _value(recipient: Recipient, path: str) -> object:
    """The value of a field, None where it is empty or not of a kind that JSON holds for rules."""
    value = recipient.value(path)
    return None if value == "" or value == [] or value == () else value


def _compare(found: object, sign: str, value: Value) -> bool:
    if sign in ("==", "!="):
        return _same(found, value) == (sign == "==")
    both_texts = isinstance(found, str) and isinstance(value, str)
    both_numbers = _is_number(found) and _is_number(value)
    return (both_texts or both_numbers) and ORDER[sign](found, value)  # type: ignore[arg-type]


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _same(found: object, value: Value) -> bool:
    """Equality that does not take true for 1."""
    return isinstance(found, bool) == isinstance(value, bool) and bool(found == value)


def to_text(tree: Node) -> str:
    """The rule as text, always the same for the same tree."""
    match tree:
        case All(()):
            return "true"
        case Any(()):
            return "false"
        case All(parts):
            return " and ".join(_grouped(part) for part in parts)
        case Any(parts):
            return " or ".join(_grouped(part) for part in parts)
        case Not(part):
            return f"not {_grouped(part)}"
        case Compare(path, sign, value):
            return f"{path} {sign} {literal(value)}"
        case In(path, values):
            return f"{path} in [{', '.join(map(literal, values))}]"
        case Has(path, value):
            return f"{literal(value)} in {path}"


def _grouped(part: Node) -> str:
    text = to_text(part)
    bare = isinstance(part, Compare | In | Has) or text in ("true", "false")
    return text if bare else f"({text})"


def literal(value: Value) -> str:
    """A value as the expression language writes it."""
    if value is None:
        return "none"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return '"' + "".join(map(_character, value)) + '"'
    return repr(value)


def _character(sign: str) -> str:
    if sign in '\\"':
        return "\\" + sign
    return sign if sign >= " " and sign != "\x7f" else f"\\x{ord(sign):02x}"
