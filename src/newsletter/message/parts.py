"""What rendering hands over and dispatch splices: text with slots.

An expression is JSON-able nested lists, the recipient part of a template expression:

    ["field", "contact.first_name"]          a value, by path (see model/fields.py)
    ["link", "unsubscribe"]                  a personal link, derived from the delivery
    ["const", 3]                             any JSON value; a date is ISO text
    ["markup", "<b>Dear</b> "]               text that is HTML already
    ["filter", "default", expr, [exprs], {name: expr}]    message/filters.py
    ["test", name, expr, [exprs]]
    ["op", "add", left, right] / ["op", "neg", x]   operators and comparisons, by their name in `operator`, "in", "not"
    ["join", [exprs], "auto"]                concatenation: "auto" escapes what is not HTML where a part is HTML,
                                             "html" always does and gives HTML, "text" never does
    ["list", [exprs]]
    ["item", expr, index]                    one item of a list or text, none where there is none

`message/slots.py` binds an expression once to a closure over the tuple of field values.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

Expression = list[Any]


@dataclass(frozen=True, slots=True)
class Slot:
    """A place that differs per recipient; `mode` is html (escaped) or text (as it is)."""

    mode: str
    expression: Expression


Part = str | Slot


@dataclass(frozen=True, slots=True)
class Compiled:
    """One variant: subject, text and HTML as literal text and slots, alternating in any way."""

    subject: tuple[Part, ...]
    text: tuple[Part, ...]
    html: tuple[Part, ...]


@dataclass(frozen=True, slots=True)
class Tree:
    """The decision tree of a language: a leaf holds a variant's number; a node asks an expression.

    JSON form: {"variant": 0} or {"ask": [kind, expression], "then": {"<answer as JSON>": tree}}; kind is bool, len
    or value.
    """

    root: dict[str, Any]


@dataclass(frozen=True, slots=True)
class CompiledLanguage:
    """All variants of one language. `fields` is the order of a delivery's field values.

    `complete`: every answer to every yes/no question has its variant; else only those of known recipients.
    """

    language: str
    fields: tuple[str, ...]
    tree: Tree
    variants: tuple[Compiled, ...]
    complete: bool = True
