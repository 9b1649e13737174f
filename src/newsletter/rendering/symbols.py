"""Symbols: values of a recipient that is not known yet. Using them builds expressions (message/parts.py)."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from datetime import date, datetime, time
from typing import Any, NoReturn, Protocol

from jinja2.runtime import Undefined
from markupsafe import Markup

from newsletter.i18n import say
from newsletter.message.expressions import describe, links_of
from newsletter.message.filters import FILTER_NAMES
from newsletter.message.parts import Expression
from newsletter.rendering.data import Record, Rows
from newsletter.rendering.manuscript import Fault


class Run(Protocol):
    """One rendering: it answers questions and takes slots."""

    def ask(self, kind: str, expression: Expression) -> Any: ...

    def mark(self, expression: Expression, mode: str) -> str: ...


class Symbol:
    """A value that depends on the recipient."""

    __slots__ = ("expression", "run")

    def __init__(self, expression: Expression, run: Run) -> None:
        self.expression, self.run = expression, run

    def __str__(self) -> str:
        return self.run.mark(self.expression, "text")

    def __html__(self) -> str:
        return self.run.mark(self.expression, "html")

    def __bool__(self) -> bool:
        return ask_truth(self.expression, self.run)

    def __len__(self) -> int:
        return int(self._ask("len"))

    def __iter__(self) -> Iterator[Symbol]:
        if self.expression[0] not in ("field", "list") and self.expression[:2] != ["filter", "default"]:
            raise Fault(say("%(expression)s is no list to loop over", expression=describe(self.expression)))
        return (Symbol(["item", self.expression, ["const", number]], self.run) for number in range(len(self)))

    def __hash__(self) -> int:
        return hash(self._ask("value"))

    def __eq__(self, other: object) -> bool:
        """Python's own comparing (a look-up in a mapping) needs a concrete answer."""
        mine = self._ask("value")
        return bool(mine == (other._ask("value") if isinstance(other, Symbol) else other))

    def __index__(self) -> int:
        value = self._ask("value")
        if isinstance(value, int):
            return value
        raise Fault(say("%(expression)s is no whole number for every recipient", expression=describe(self.expression)))

    def __int__(self) -> int:
        return int(self._ask("value"))

    def __float__(self) -> float:
        return float(self._ask("value"))

    def __format__(self, spec: str) -> str:
        raise Fault(say("a recipient's value cannot be formatted; put texts together with ~"))

    def __repr__(self) -> str:
        raise Fault(
            say(
                "a list or mapping that holds a recipient's value (%(expression)s) cannot be printed",
                expression=describe(self.expression),
            )
        )

    def _ask(self, kind: str) -> Any:
        return ask(kind, self.expression, self.run)


def ask(kind: str, expression: Expression, run: Run) -> Any:
    if links_of(expression):
        raise Fault(say("a personal link can only be printed"))
    return run.ask(kind, expression)


def ask_truth(expression: Expression, run: Run) -> bool:
    """Whether an expression is true, with as few different questions as there can be."""
    match expression:
        case ["link", _]:
            return True  # a personal link is there for every recipient, or for none
        case ["op", "not", inner]:
            return not ask_truth(inner, run)
        case ["op", "ne", left, right] | ["test", "ne" | "!=", left, [right]]:
            return not ask_truth(["op", "eq", left, right], run)
        case ["test", "eq" | "==" | "equalto", left, [right]] | ["op", "eq", ["const", _] as right, left] if (
            left[0] != "const"
        ):
            return ask_truth(["op", "eq", left, right], run)
        case ["join", parts, _] if any(_literal(part) for part in parts):
            return True
        case ["filter", "trim", ["join", parts, _], [], _] if any(_literal(part).strip() for part in parts):
            return True
    return bool(ask("bool", expression, run))


def _literal(part: Expression) -> str:
    return part[1] if part[0] in ("const", "markup") and isinstance(part[1], str) else ""


def holds_symbol(value: Any) -> bool:
    if isinstance(value, (Record, Rows)):
        return False
    if isinstance(value, dict):
        return any(map(holds_symbol, value)) or any(map(holds_symbol, value.values()))
    return any(map(holds_symbol, value)) if isinstance(value, (list, tuple)) else isinstance(value, Symbol)


def expression_of(value: Any) -> Expression:
    """A value as part of an expression."""
    if isinstance(value, Symbol):
        return value.expression
    if isinstance(value, Markup):
        return ["markup", str(value)]
    if value is None or isinstance(value, (str, bool, int, float)):
        return ["const", value]
    if isinstance(value, (date, datetime, time)):
        return ["const", value.isoformat()]
    if isinstance(value, (list, tuple, Generator)):
        parts = [expression_of(each) for each in value]
        constant = all(part[0] == "const" for part in parts)
        return ["const", [part[1] for part in parts]] if constant else ["list", parts]
    if isinstance(value, dict) and not holds_symbol(value):
        return ["const", {str(name): expression_of(each)[1] for name, each in value.items()}]
    if isinstance(value, Undefined):
        str(value)  # raises, and says what is undefined
    raise Fault(say("a recipient's value cannot be combined with %(kind)s", kind=type(value).__name__))


def no_parts(symbol: Symbol, name: str) -> NoReturn:
    said = describe(symbol.expression)
    if name in FILTER_NAMES:
        raise Fault(say("%(said)s is a value and has no %(name)r; write %(said)s | %(name)s", said=said, name=name))
    raise Fault(say("%(said)s is a value and has no %(name)r", said=said, name=name))
