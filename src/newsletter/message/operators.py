"""Operators and tests on a recipient's values; the sandbox uses the very same. They never raise for fitting types."""

from __future__ import annotations

import operator
from collections.abc import Callable
from datetime import date
from typing import Any

from newsletter.i18n import say

Function = Callable[..., Any]


def _comparable(value: Any) -> Any:
    """Dates compare with the ISO text of a date field."""
    return value.isoformat() if isinstance(value, date) else value


def _ordered(compare: Function) -> Function:
    """Comparing with none, or things without a common order, is false (as in SQL)."""

    def apply(left: Any, right: Any) -> bool:
        try:
            return bool(compare(_comparable(left), _comparable(right)))
        except TypeError:
            return False

    return apply


def equal(left: Any, right: Any) -> bool:
    return bool(_comparable(left) == _comparable(right))


def contains(item: Any, container: Any) -> bool:
    try:
        return item in container
    except TypeError:
        return False


def _numeric(apply: Function) -> Function:
    """Arithmetic; with none, and by zero, there is no result. Text would let a value set the size of a message."""

    def compute(left: Any, right: Any) -> Any:
        if left is None or right is None:
            return None
        if not (isinstance(left, (int, float)) and isinstance(right, (int, float))):
            raise TypeError(say("only numbers can be computed with; put texts together with ~"))
        try:
            return apply(left, right)
        except (ZeroDivisionError, OverflowError):
            return None

    return compute


def negative(value: Any) -> Any:
    return -value if isinstance(value, (int, float)) else None


def is_none(value: Any) -> bool:
    return value is None


def odd(value: Any) -> bool:
    return isinstance(value, (int, float)) and value % 2 == 1


def even(value: Any) -> bool:
    return isinstance(value, (int, float)) and value % 2 == 0


def divisibleby(value: Any, number: Any) -> bool:
    numeric = isinstance(value, (int, float)) and isinstance(number, (int, float))
    return numeric and bool(number) and value % number == 0


def is_true(value: Any) -> bool:
    return value is True


def is_false(value: Any) -> bool:
    return value is False


COMPARISONS: dict[str, Function] = {
    "eq": equal,
    "ne": lambda left, right: not equal(left, right),
    "lt": _ordered(operator.lt),
    "le": _ordered(operator.le),
    "gt": _ordered(operator.gt),
    "ge": _ordered(operator.ge),
    "in": contains,
}
ARITHMETIC: dict[str, Function] = {
    name: _numeric(getattr(operator, name)) for name in ("add", "sub", "mul", "truediv", "floordiv", "mod")
}
TESTS: dict[str, Function] = {
    **{name: COMPARISONS[name] for name in ("eq", "ne", "lt", "le", "gt", "ge", "in")},
    "==": COMPARISONS["eq"],
    "equalto": COMPARISONS["eq"],
    "!=": COMPARISONS["ne"],
    "<": COMPARISONS["lt"],
    "lessthan": COMPARISONS["lt"],
    "<=": COMPARISONS["le"],
    ">": COMPARISONS["gt"],
    "greaterthan": COMPARISONS["gt"],
    ">=": COMPARISONS["ge"],
    "none": is_none,
    "odd": odd,
    "even": even,
    "divisibleby": divisibleby,
    "true": is_true,
    "false": is_false,
}
