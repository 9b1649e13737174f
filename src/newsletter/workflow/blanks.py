"""For how many recipients a merge field without a default is empty, counted in the database; no contact is read."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any as Anything

from sqlalchemy import ColumnElement, Connection, and_, case, func, select

from newsletter.audience.select import AudienceRule, ranked
from newsletter.audience.sql import to_sql
from newsletter.checks.content import EmptyField
from newsletter.message.expressions import operands
from newsletter.message.parts import CompiledLanguage, Expression, Slot
from newsletter.message.tree import Answer, ways
from newsletter.model.fields import Fields, FieldType
from newsletter.model.rule import Compare, Node, Not, Value, all_of, any_of
from newsletter.store.tables import contact


def empty_fields(
    connection: Connection, rule: AudienceRule, fields: Fields, languages: Mapping[str, CompiledLanguage]
) -> list[EmptyField]:
    """One statement for all fields and languages. What the template asks before it prints a field is respected."""
    wanted = [(tag, path, tree) for tag, each in languages.items() for path, tree in _gaps(each, fields).items()]
    if not wanted:
        return []
    found = ranked(rule, fields)
    joined = found.join(contact, contact.c.id == found.c.contact_id)
    columns = []
    for tag, _, tree in wanted:
        reads = found.c.language == tag
        columns += [_number(reads), _number(and_(reads, to_sql(tree, fields)))]
    counted = connection.execute(select(*columns).select_from(joined).where(found.c.why.is_(None))).one()
    return [
        EmptyField(path, tag, empty=counted[2 * n + 1], recipients=counted[2 * n])
        for n, (tag, path, _) in enumerate(wanted)
    ]


def _number(condition: ColumnElement[bool]) -> ColumnElement[Anything]:
    return func.coalesce(func.sum(case((condition, 1), else_=0)), 0)


def _gaps(compiled: CompiledLanguage, fields: Fields) -> dict[str, Node]:
    """By path of a field that is printed without a default: who would see nothing in its place."""
    rules: dict[str, list[Node]] = {}
    for number, of_variant in ways(compiled.tree).items():
        variant = compiled.variants[number]
        parts = (*variant.subject, *variant.text, *variant.html)
        bare = {path for part in parts if isinstance(part, Slot) for path in _bare(part.expression)}
        for way in of_variant:
            told = [node for answer in way if (node := _node(answer, fields)) is not None]
            for path in bare:
                if Compare(path, "!=", None) not in told:
                    rules.setdefault(path, []).append(all_of(*told, Compare(path, "==", None)))
    return {path: any_of(*dict.fromkeys(nodes)) for path, nodes in sorted(rules.items())}


def _bare(expression: Expression) -> Iterator[str]:
    match expression:
        case ["field", path]:
            yield path
        case ["filter", "default" | "d", *_]:
            return
        case _:
            for inner in operands(expression):
                yield from _bare(inner)


def _node(answer: Answer, fields: Fields) -> Node | None:
    """An answer to a template's question as a rule; None where it says more than rules can (then too many count)."""
    match answer.kind, answer.expression:
        case "bool", ["op", "not", inner]:
            return _node(Answer("bool", inner, not answer.answer), fields)
        case "bool" | "len", ["field", path] if answer.kind == "bool" or answer.answer == 0:
            if fields[path].type in (FieldType.BOOLEAN, FieldType.NUMBER):
                return None
            return Compare(path, "!=" if answer.answer else "==", None)
        case "value", ["field", path] if fields[path].type is not FieldType.LIST:
            return _equal(path, answer.answer)
        case "bool", ["op", "eq" | "ne" as sign, ["field", path], ["const", value]] if fields[path].type in (
            FieldType.TEXT,
            FieldType.DATE,
        ):
            equal = _equal(path, value)
            return equal if equal is None or (sign == "eq") == answer.answer else Not(equal)
    return None


def _equal(path: str, value: Value) -> Node | None:
    return Compare(path, "==", value) if value is None or isinstance(value, str) else None
