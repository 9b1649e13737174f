"""For how many recipients a merge field without a default is empty, and who the first of them are, by the database."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any as Anything

from sqlalchemy import ColumnElement, Connection, and_, case, func, literal, select, union_all

from newsletter.audience.select import AudienceRule, ranked
from newsletter.audience.sql import to_sql
from newsletter.checks.content import EmptyField
from newsletter.message.expressions import operands
from newsletter.message.parts import CompiledLanguage, Expression, Slot
from newsletter.message.tree import Answer, ways
from newsletter.model.fields import Fields, FieldType
from newsletter.model.rule import Compare, Node, Not, Value, all_of, any_of
from newsletter.store.tables import contact

FIRST = 4  # contacts that are named, and one more that says there are more


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
    gaps = [
        EmptyField(path, tag, empty=counted[2 * n + 1], recipients=counted[2 * n])
        for n, (tag, path, _) in enumerate(wanted)
    ]
    first = _first(connection, rule, fields, [each for each, gap in zip(wanted, gaps, strict=True) if gap.empty])
    return [replace(each, contacts=first.get((each.language, each.path), ())) for each in gaps]


def lacking(compiled: CompiledLanguage, fields: Fields, path: str) -> Node | None:
    """The readers of a language who see nothing where a field is printed, as a rule."""
    return _gaps(compiled, fields).get(path)


def _first(
    connection: Connection, rule: AudienceRule, fields: Fields, gaps: Sequence[tuple[str, str, Node]]
) -> dict[tuple[str, str], tuple[int, ...]]:
    """The first contacts of each gap; the audience is ranked once for all."""
    if not gaps:
        return {}
    found = ranked(rule, fields)
    readers = select(found.c.contact_id, found.c.language).where(found.c.why.is_(None)).cte("reader")
    readers = readers.prefix_with("MATERIALIZED")
    parts = []
    for number, (tag, _, tree) in enumerate(gaps):
        joined = readers.join(contact, contact.c.id == readers.c.contact_id)
        some = select(readers.c.contact_id).select_from(joined)
        some = some.where(readers.c.language == tag, to_sql(tree, fields)).order_by(readers.c.contact_id).limit(FIRST)
        parts.append(select(literal(number).label("gap"), some.subquery().c.contact_id))
    first: dict[tuple[str, str], tuple[int, ...]] = {}
    for row in connection.execute(union_all(*parts)):
        tag, path, _ = gaps[row.gap]
        first[tag, path] = tuple(sorted((*first.get((tag, path), ()), row.contact_id)))
    return first


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
