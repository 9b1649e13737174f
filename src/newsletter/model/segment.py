"""From the text of a rule to its tree: what is admitted, and errors that name the column."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from jinja2 import nodes

from newsletter.errors import nearest
from newsletter.i18n import say
from newsletter.model.fields import Field, Fields, FieldType
from newsletter.model.rule import (
    EVERYBODY,
    NOBODY,
    Compare,
    Has,
    In,
    Node,
    Not,
    Value,
    all_of,
    any_of,
)
from newsletter.model.rule_source import DEEPEST, EXAMPLE, RuleError, Source, chain, described, parsed, start

LONGEST = 10_000  # characters
_SIGNS = {"eq": "==", "ne": "!=", "lt": "<", "lteq": "<=", "gt": ">", "gteq": ">="}
_FLIPPED = {"==": "==", "!=": "!=", "<": ">", "<=": ">=", ">": "<", ">=": "<="}
_LARGEST = 2**53  # beyond, numbers in JSON are not exact
_ORDERED = (FieldType.NUMBER, FieldType.DATE)
_CONSTANTS: dict[FieldType, tuple[type, ...]] = {
    FieldType.TEXT: (str,),
    FieldType.DATE: (str,),
    FieldType.BOOLEAN: (bool,),
    FieldType.NUMBER: (int, float),
}
_AS_WRITTEN = {
    FieldType.TEXT: say('a text in quotes, such as "Africa"'),
    FieldType.DATE: say('a date such as "2026-01-31"'),
    FieldType.BOOLEAN: say("true or false"),
    FieldType.NUMBER: say("a number without quotes"),
}


def parse(text: str, fields: Fields, segments: Mapping[str, str] | None = None) -> Node:
    """The tree of a rule. An empty rule and `true` hold for everybody.

    `segments` are the rules that may be named as `segment.<name>`; they are put in place, so the tree says all.
    RuleError names the column of what is not admitted, of unknown fields and of values of the wrong type.
    """
    return _Reader(fields, segments or {}, ()).read(text)


@dataclass(frozen=True, slots=True)
class _Reader:
    fields: Fields
    segments: Mapping[str, str]
    within: tuple[str, ...]  # the segments being read, to notice a circle

    def read(self, text: str) -> Node:
        text = text.strip().replace("\r\n", "\n").replace("\r", "\n")
        if not text:
            return EVERYBODY
        if len(text) > LONGEST:
            raise RuleError(say("a rule has at most %(most)s characters", most=LONGEST), text, LONGEST)
        return _Rule(self, *parsed(text)).node()

    def named(self, name: str, rule: _Rule, at: nodes.Node) -> Node:
        if name not in self.segments:
            raise rule.error(
                say("there is no segment %(name)r: %(hint)s", name=name, hint=nearest(name, self.segments)), at
            )
        if name in self.within:
            circle = " -> ".join((*self.within[self.within.index(name) :], name))
            raise rule.error(say("the segment refers to itself: %(circle)s", circle=circle), at)
        try:
            return _Reader(self.fields, self.segments, (*self.within, name)).read(self.segments[name])
        except RuleError as error:
            raise rule.error(say("in segment %(name)r: %(message)s", name=name, message=error.message), at) from error


@dataclass(frozen=True, slots=True)
class _Rule:
    """One text being turned into a tree."""

    reader: _Reader
    source: Source
    expression: nodes.Expr

    def node(self) -> Node:
        return self.admit(self.expression, DEEPEST)

    def error(self, message: str, at: nodes.Node) -> RuleError:
        return RuleError(message, self.source.text, self.source.column(start(at)))

    def admit(self, at: nodes.Expr, depth: int) -> Node:
        if depth == 0:
            raise self.error(say("at most %(most)s levels of parentheses", most=DEEPEST), at)
        match at:
            case nodes.And() | nodes.Or():
                join = all_of if isinstance(at, nodes.And) else any_of
                return join(*(self.admit(part, depth - 1) for part in chain(at, type(at))))
            case nodes.Not(node=nodes.Test(name="none", args=[]) as test):
                return Compare(self.field(test.node).path, "!=", None)
            case nodes.Not():
                return Not(self.admit(at.node, depth - 1))
            case nodes.Const(value=bool()):
                return EVERYBODY if at.value else NOBODY
            case nodes.Compare():
                return self.compare(at)
            case nodes.Test(name="none") if not at.args:
                return Compare(self.field(at.node).path, "==", None)
            case nodes.Getattr():
                return self.bare(at)
        raise self.error(
            say("%(described)s cannot be used in a rule; %(example)s", described=described(at), example=EXAMPLE), at
        )

    def bare(self, at: nodes.Getattr) -> Node:
        """A field by itself: whether it is filled, or true; or the name of a segment."""
        if isinstance(at.node, nodes.Name) and at.node.name == "segment":
            return self.reader.named(at.attr, self, at)
        field = self.field(at)
        if field.type is FieldType.BOOLEAN:
            return Compare(field.path, "==", True)
        if field.type is FieldType.NUMBER:
            raise self.error(say("say what about the number, for example %(path)s > 0", path=field.path), at)
        return Compare(field.path, "!=", None)

    def compare(self, at: nodes.Compare) -> Node:
        """`a < b`, and chains such as `1 < a <= 5`."""
        parts, left = [], at.expr
        for operand in at.ops:
            parts.append(self.pair(left, operand.op, operand.expr))
            left = operand.expr
        return all_of(*parts)

    def pair(self, left: nodes.Expr, operation: str, right: nodes.Expr) -> Node:
        if operation in ("in", "notin"):
            found = self.membership(left, right)
            return found if operation == "in" else Not(found)
        sign = _SIGNS[operation]
        if isinstance(left, nodes.Getattr):
            return self.beside(self.field(left), sign, right)
        if isinstance(right, nodes.Getattr):
            return self.beside(self.field(right), _FLIPPED[sign], left)
        raise self.error(
            say(
                "one side of %(sign)s must be a field, not %(described)s; %(example)s",
                sign=sign,
                described=described(left),
                example=EXAMPLE,
            ),
            left,
        )

    def beside(self, field: Field, sign: str, at: nodes.Expr) -> Compare:
        if field.type is FieldType.LIST and not self.is_empty(at):
            raise self.error(say('%(path)s is a list: write "..." in %(path)s', path=field.path), at)
        value = None if field.type is FieldType.LIST else self.value(field, at)
        if sign not in ("==", "!="):
            if field.type not in _ORDERED:
                raise self.error(
                    say(
                        "%(sign)s compares numbers and dates; %(path)s is a %(type)s",
                        sign=sign,
                        path=field.path,
                        type=field.type,
                    ),
                    at,
                )
            if value is None:
                raise self.error(say("%(sign)s needs a value to compare with", sign=sign), at)
        return Compare(field.path, sign, value)

    def membership(self, left: nodes.Expr, right: nodes.Expr) -> Node:
        """`field in ["a", "b"]`, or `"a" in field` for a list."""
        if isinstance(right, nodes.List | nodes.Tuple):
            field = self.field(left)
            if field.type is FieldType.LIST:
                raise self.error(say('%(path)s is a list: write "..." in %(path)s', path=field.path), left)
            return In(field.path, tuple(self.value(field, item) for item in right.items))
        field = self.field(right)
        if field.type is not FieldType.LIST:
            raise self.error(
                say("%(path)s is no list: write %(path)s == ... or %(path)s in [...]", path=field.path), right
            )
        if not (isinstance(left, nodes.Const) and isinstance(left.value, str) and left.value):
            raise self.error(say('before "in %(path)s" stands a text in quotes', path=field.path), left)
        return Has(field.path, left.value)

    def field(self, at: nodes.Expr) -> Field:
        if not (isinstance(at, nodes.Getattr) and isinstance(at.node, nodes.Name)):
            raise self.error(
                say(
                    "here a field is wanted, not %(described)s; %(example)s",
                    described=described(at),
                    example=EXAMPLE,
                ),
                at,
            )
        path = f"{at.node.name}.{at.attr}"
        if path not in self.reader.fields:
            raise self.error(
                say("there is no field %(path)s: %(hint)s", path=path, hint=self.reader.fields.nearest(path)), at
            )
        field = self.reader.fields[path]
        if field.by_language:
            raise self.error(
                say("%(path)s differs from language to language: use %(owner)s.code", path=path, owner=field.owner), at
            )
        return field

    def is_empty(self, at: nodes.Expr) -> bool:
        if isinstance(at, nodes.Const):
            return at.value is None or at.value == ""
        return isinstance(at, nodes.List) and not at.items

    def value(self, field: Field, at: nodes.Expr) -> Value:
        value = self.constant(field, at)
        if value is None or value == "":
            return None
        wanted = _CONSTANTS[field.type]
        if isinstance(value, bool) != (bool in wanted) or not isinstance(value, wanted):
            raise self.error(
                say(
                    "%(path)s is a %(type)s: beside it stands %(written)s",
                    path=field.path,
                    type=field.type,
                    written=_AS_WRITTEN[field.type],
                ),
                at,
            )
        if not isinstance(value, str) and abs(value) > _LARGEST:
            raise self.error(say("the number is too large"), at)
        if isinstance(value, str) and "\0" in value:
            raise self.error(say("a text cannot hold the character NUL"), at)
        if field.type is FieldType.DATE:
            return self.day(str(value), at)
        return value

    def constant(self, field: Field, at: nodes.Expr) -> Value:
        if isinstance(at, nodes.Const):
            value: Value = at.value
            return value
        if isinstance(at, nodes.Neg) and isinstance(at.node, nodes.Const) and type(at.node.value) in (int, float):
            return -at.node.value  # type: ignore[no-any-return]
        raise self.error(
            say(
                "beside %(path)s stands %(written)s, not %(described)s",
                path=field.path,
                written=_AS_WRITTEN[field.type],
                described=described(at),
            ),
            at,
        )

    def day(self, value: str, at: nodes.Expr) -> str:
        try:
            return date.fromisoformat(value).isoformat()
        except ValueError:
            raise self.error(say("%(value)r is no date: write it as in 2026-01-31", value=value), at) from None
