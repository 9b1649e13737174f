"""Slots bound once per variant to closures over a delivery's field values.

A message has 25 µs, its encoding included, so a path is a tuple index and a filter a direct call: no look-up by name
happens per recipient.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from markupsafe import Markup, escape

from newsletter.message.filters import filters, is_empty, text_of
from newsletter.message.operators import ARITHMETIC, COMPARISONS, TESTS, negative
from newsletter.message.parts import Expression
from newsletter.model.recipient import Recipient


@dataclass(frozen=True, slots=True)
class Links:
    """The personal addresses of one delivery; statutory notices have no unsubscribe link."""

    unsubscribe: str = ""
    preferences: str = ""


Values = Sequence[Any]
Value = Callable[[Values, Links], Any]
Print = Callable[[Values, Links], str]


def field_values(recipient: Recipient, fields: Sequence[str]) -> tuple[Any, ...]:
    """A recipient's values in the order of a compiled language, as JSON has them (dates are ISO text)."""
    return tuple(_json(recipient.value(path)) for path in fields)


def _json(value: Any) -> Any:
    if isinstance(value, (date, datetime)):
        return value.isoformat()
    return list(value) if isinstance(value, (tuple, set, frozenset)) else value


def bind(expression: Expression, mode: str, fields: Sequence[str], language: str) -> Print:
    """What prints a slot: `mode` html gives escaped text, text gives it as it is."""
    value = bind_value(expression, fields, language)
    if mode == "text":
        return _printed(value)
    return _escaped_field(fields.index(expression[1])) if expression[0] == "field" else _escaped(value)


def _printed(value: Value) -> Print:
    def printed(values: Values, links: Links) -> str:
        found = value(values, links)
        return found if type(found) is str else str(text_of(found))

    return printed


def _escaped(value: Value) -> Print:
    def printed(values: Values, links: Links) -> str:
        found = value(values, links)
        if type(found) is str:
            return escape_text(found)
        return "" if found is None else str(escape(text_of(found)))

    return printed


def _escaped_field(index: int) -> Print:
    def printed(values: Values, links: Links) -> str:
        found = values[index]
        if type(found) is str:
            return escape_text(found)
        return "" if found is None else str(escape(text_of(found)))

    return printed


def escape_text(text: str) -> str:
    """As markupsafe does it, without its `Markup` (half the time)."""
    if text.isalnum():
        return text
    return (
        text.replace("&", "&amp;").replace(">", "&gt;").replace("<", "&lt;").replace("'", "&#39;").replace('"', "&#34;")
    )


def bind_value(expression: Expression, fields: Sequence[str], language: str) -> Value:
    """What computes an expression from field values and links."""

    def inner(each: Expression) -> Value:
        return bind_value(each, fields, language)

    match expression:
        case ["field", path]:
            return _field(fields.index(path))
        case ["link", name]:
            return _link(name)
        case ["const", constant]:
            return lambda values, links: constant
        case ["markup", text]:
            markup = Markup(text)  # noqa: S704 (it came from an escaping template)
            return lambda values, links: markup
        case ["filter", "default" | "d", ["field", path], [["const", str() as fallback]], _]:
            return _default_field(fields.index(path), fallback)
        case ["filter", "default" | "d", subject, [["const", str() as fallback]], _]:
            return _default(inner(subject), fallback)
        case ["filter", name, subject, args, kwargs]:
            named = {key: inner(each) for key, each in kwargs.items()}
            return _apply(filters(language)[name], [inner(subject), *map(inner, args)], named)
        case ["test", name, subject, args]:
            return _apply(TESTS[name], [inner(subject), *map(inner, args)], {})
        case ["op", "not", operand]:
            value = inner(operand)
            return lambda values, links: not value(values, links)
        case ["op", "neg", operand]:
            return _apply(negative, [inner(operand)], {})
        case ["op", name, left, right]:
            return _operator(COMPARISONS.get(name) or ARITHMETIC[name], inner(left), inner(right))
        case ["join", parts, how]:
            return _join([inner(part) for part in parts], how)
        case ["list", parts]:
            items = [inner(part) for part in parts]
            return lambda values, links: [item(values, links) for item in items]
        case ["item", subject, index]:
            return _operator(item_at, inner(subject), inner(index))
    raise ValueError(f"no expression: {expression!r}")


def _field(index: int) -> Value:
    return lambda values, links: values[index]


def _default_field(index: int, fallback: str) -> Value:
    """The most frequent slot, without a call for the field."""

    def default(values: Values, links: Links) -> Any:
        found = values[index]
        if type(found) is str:
            return found or fallback
        return fallback if is_empty(found) else found

    return default


def _link(name: str) -> Value:
    if name == "unsubscribe":
        return lambda values, links: links.unsubscribe
    return lambda values, links: getattr(links, name)


def _default(value: Value, fallback: str) -> Value:
    def default(values: Values, links: Links) -> Any:
        found = value(values, links)
        return fallback if is_empty(found) else found

    return default


def _operator(apply: Callable[[Any, Any], Any], left: Value, right: Value) -> Value:
    return lambda values, links: apply(left(values, links), right(values, links))


def _apply(function: Callable[..., Any], args: Sequence[Value], kwargs: dict[str, Value]) -> Value:
    def applied(values: Values, links: Links) -> Any:
        given = [arg(values, links) for arg in args]
        return function(*given, **{name: arg(values, links) for name, arg in kwargs.items()})

    return applied


def _join(parts: Sequence[Value], how: str) -> Value:
    def joined(values: Values, links: Links) -> Any:
        return concat([part(values, links) for part in parts], how)

    return joined


def concat(parts: Sequence[Any], how: str) -> str:
    """Texts side by side: `auto` escapes what is not HTML where a part is, `html` always, `text` never."""
    if how == "html" or (how == "auto" and any(hasattr(part, "__html__") for part in parts)):
        return Markup("").join(text_of(part) for part in parts)
    return "".join(map(text_of, parts))


def item_at(subject: Any, index: Any) -> Any:
    """An item by its number; none where there is none."""
    try:
        return subject[index]
    except (TypeError, LookupError):
        return None
