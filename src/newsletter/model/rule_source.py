"""The text of a rule as Jinja2 parses it, with the column of each part, for errors that name it.

Jinja2 knows lines but no columns. The tokens of the rule are therefore set one to a line before they are parsed: the
line of a node is then the number of its token, and with it its column.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass

from jinja2 import Environment, TemplateSyntaxError, nodes
from jinja2.parser import Parser

from newsletter.errors import NewsletterError
from newsletter.i18n import say

DEEPEST = 40  # levels; SQLite refuses expressions deeper than 1,000 and Python recurses

_ENVIRONMENT = Environment(autoescape=False)  # noqa: S701 - only its parser is used
EXAMPLE = say('write for example institution.region == "Africa"')


class RuleError(NewsletterError):
    """What is wrong with a rule, and at which column (from 1) of its text."""

    def __init__(self, message: str, text: str, column: int) -> None:
        self.message, self.text, self.column = message, text, column
        super().__init__(
            say(
                "%(message)s (column %(column)s of the rule: %(text)s)",
                message=message,
                column=column,
                text=_shortened(text),
            )
        )


def _shortened(text: str) -> str:
    return text if len(text) <= 120 else text[:117] + "..."


@dataclass(frozen=True, slots=True)
class Source:
    """The text of a rule with its tokens: their offsets, and the lines at which they stand for the parser."""

    text: str
    offsets: tuple[int, ...]
    lines: tuple[int, ...]
    spread: str

    @classmethod
    def of(cls, text: str) -> Source:
        offsets, lines, tokens, position, line = [], [], [], 0, 1
        for _, kind, token in _ENVIRONMENT.lexer.tokeniter(text, None, None, "variable"):
            if kind != "whitespace":
                offsets.append(position)
                lines.append(line)
                tokens.append(token)
                line += 1 + token.count("\n")
            position += len(token)
        return cls(text, tuple(offsets), tuple(lines), "\n".join(tokens))

    def column(self, line: int) -> int:
        if not self.offsets:
            return 1
        return self.offsets[max(0, bisect_right(self.lines, line) - 1)] + 1


def parsed(text: str) -> tuple[Source, nodes.Expr]:
    try:
        source = Source.of(text)
    except TemplateSyntaxError as error:
        offset = _offset(error.message or "")
        raise RuleError(
            say("this is no expression: %(message)s; %(example)s", message=error.message, example=EXAMPLE),
            text,
            offset + 1,
        ) from None
    try:
        parser = Parser(_ENVIRONMENT, source.spread, state="variable")
        expression = parser.parse_expression()
        rest = parser.stream.current
        if not parser.stream.eos:
            raise TemplateSyntaxError(say("unexpected %(rest)r", rest=rest.value), rest.lineno)
    except TemplateSyntaxError as error:
        column = source.column(error.lineno)
        raise RuleError(
            say("this is no expression: %(message)s; %(example)s", message=error.message, example=EXAMPLE),
            text,
            column,
        ) from None
    except RecursionError:
        raise RuleError(say("at most %(most)s levels of parentheses", most=DEEPEST), text, 1) from None
    return source, expression


def _offset(message: str) -> int:
    """Jinja2 ends what it says of a stray character with `at <offset>`."""
    last = message.rpartition(" at ")[2]
    return int(last) if last.isdigit() else 0


def chain(at: nodes.Expr, kind: type[nodes.BinExpr]) -> list[nodes.Expr]:
    """The parts of `a and b and c`, which Jinja2 nests to the left, in order and without recursion."""
    parts: list[nodes.Expr] = []
    while type(at) is kind:
        parts.append(at.right)
        at = at.left
    return [at, *reversed(parts)]


def start(at: nodes.Node) -> int:
    """The line of the first token of a node; Jinja2 gives that of the dot to an attribute."""
    first: nodes.Node | None = None
    if isinstance(at, nodes.Getattr | nodes.Getitem | nodes.Filter | nodes.Call):
        first = at.node
    elif isinstance(at, nodes.Compare):
        first = at.expr
    return at.lineno if first is None else start(first)


def described(at: nodes.Node) -> str:
    match at:
        case nodes.Name():
            return say("the name %(name)r", name=at.name)
        case nodes.Const():
            return say("the value %(name)r", name=at.value)
        case nodes.Filter():
            return say("the filter %(name)r", name=at.name)
        case nodes.Test():
            return say("the test %(name)r", name=at.name)
        case nodes.Call():
            return say("a call")
        case nodes.BinExpr() | nodes.UnaryExpr() | nodes.Concat():
            return say("a calculation")
        case nodes.CondExpr():
            return say("a choice (if ... else)")
        case nodes.Getitem():
            return say("an index in brackets")
    return say("a %(kind)s", kind=type(at).__name__.lower())
