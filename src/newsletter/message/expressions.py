"""Reading expressions (their format: message/parts.py): what they ask for, and how to say them to a person."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from newsletter.message.parts import Expression

_SIGNS = {
    "add": "+",
    "sub": "-",
    "mul": "*",
    "truediv": "/",
    "floordiv": "//",
    "mod": "%",
    "eq": "==",
    "ne": "!=",
    "lt": "<",
    "le": "<=",
    "gt": ">",
    "ge": ">=",
    "in": "in",
}


def key(expression: Expression) -> str:
    """One text for equal expressions (1, 1.0 and true differ)."""
    return json.dumps(expression, ensure_ascii=False, sort_keys=True)


def operands(expression: Expression) -> Iterator[Expression]:
    """The expressions directly inside this one."""
    match expression:
        case ["filter", _, subject, args, kwargs]:
            yield subject
            yield from args
            yield from kwargs.values()
        case ["test", _, subject, args]:
            yield subject
            yield from args
        case ["op", _, *inner] | ["item", *inner]:
            yield from inner
        case ["join", inner, *_] | ["list", inner]:
            yield from inner


def walk(expression: Expression) -> Iterator[Expression]:
    """The expression and all that is inside it."""
    yield expression
    for inner in operands(expression):
        yield from walk(inner)


def fields_of(expression: Expression) -> set[str]:
    """Paths of the fields that the value depends on."""
    return {part[1] for part in walk(expression) if part[0] == "field"}


def links_of(expression: Expression) -> set[str]:
    return {part[1] for part in walk(expression) if part[0] == "link"}


def describe(expression: Expression) -> str:
    """The expression as one would write it in a template."""
    match expression:
        case ["field", path]:
            return str(path)
        case ["link", name]:
            return f"links.{name}"
        case ["const" | "markup", value]:
            return _constant(value)
        case ["filter", name, subject, args, kwargs]:
            inside = [describe(arg) for arg in args] + [f"{name}={describe(arg)}" for name, arg in kwargs.items()]
            return f"{describe(subject)} | {name}" + (f"({', '.join(inside)})" if inside else "")
        case ["test", name, subject, args]:
            return " ".join([describe(subject), "is", name, *map(describe, args)])
        case ["op", "neg", inner]:
            return f"-{describe(inner)}"
        case ["op", "not", inner]:
            return f"not {describe(inner)}"
        case ["op", name, left, right]:
            return f"{describe(left)} {_SIGNS.get(name, name)} {describe(right)}"
        case ["item", subject, index]:
            return f"{describe(subject)}[{describe(index)}]"
        case ["join", inner, *_]:
            return " ~ ".join(map(describe, inner))
        case ["list", inner]:
            return f"[{', '.join(map(describe, inner))}]"
    raise ValueError(f"no expression: {expression!r}")


def _constant(value: Any) -> str:
    if isinstance(value, str) and len(value) > 40:
        value = value[:39] + "…"
    if value is None:
        return "none"
    return json.dumps(value, ensure_ascii=False)
