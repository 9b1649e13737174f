"""Rules as SQL over the table `contact`; a property test holds that they answer what `rule.evaluate` answers.

SQL knows a third answer, NULL. Here NULL only ever stands for "no": a condition may be NULL, and `not` is IS NOT TRUE.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any as Anything

from sqlalchemy import ColumnElement, FromClause, and_, func, literal, or_, select, true
from sqlalchemy.sql.expression import false

from newsletter.audience.json_sql import MEMBER, as_json, json_array, list_empty, list_has, member_text
from newsletter.errors import NewsletterError
from newsletter.i18n import chain, say
from newsletter.model.fields import Field, Fields, FieldType
from newsletter.model.recipient import Recipient
from newsletter.model.rule import All, Any, Compare, Has, In, Node, Not, Value, all_of, any_of, evaluate, paths
from newsletter.store.tables import contact, institution

Condition = ColumnElement[bool]
MOST_VALUES = 100  # arguments of a function on PostgreSQL


def to_sql(tree: Node, fields: Fields) -> Condition:
    """The rule as a condition on rows of `contact`; the statement needs no join.

    What only concerns the institution is asked of the institutions first, once each, not once per contact.
    """
    if _of_institution(tree):
        return _by_institution(tree, fields)
    match tree:
        case All(parts):
            return and_(true(), *(to_sql(part, fields) for part in _together(parts, all_of)))
        case Any(parts):
            return or_(false(), *(to_sql(part, fields) for part in _together(parts, any_of)))
        case Not(part):
            return negated(to_sql(part, fields))
        case _:
            return condition(tree, fields, contact)


def negated(part: Condition) -> Condition:
    return part.is_not(true())


def _of_institution(tree: Node) -> bool:
    read = paths(tree)
    return bool(read) and all(path.startswith("institution.") for path in read)


def _together(parts: Sequence[Node], join: Anything) -> list[Node]:
    """The parts with all those about the institution as one, so that institutions are asked once."""
    about = [part for part in parts if _of_institution(part)]
    rest = [part for part in parts if not _of_institution(part)]
    return [join(*about), *rest] if len(about) > 1 else list(parts)


def _by_institution(tree: Node, fields: Fields) -> Condition:
    table = institution.alias("i")
    matching = select(table.c.id).where(condition(tree, fields, table)).correlate(None)
    found = contact.c.institution_id.in_(matching)
    if evaluate(tree, nobody(fields)):
        return or_(found, contact.c.institution_id.is_(None))
    return found


def nobody(fields: Fields) -> Recipient:
    """A recipient of whom nothing is known."""
    return Recipient(
        contact={field.name: None for field in fields.of("contact")},
        institution={field.name: None for field in fields.of("institution")},
    )


def condition(tree: Node, fields: Fields, table: FromClause) -> Condition:
    """A rule that reads fields of one table, as a condition on its rows."""
    match tree:
        case All(parts):
            return and_(true(), *(condition(part, fields, table) for part in parts))
        case Any(parts):
            return or_(false(), *(condition(part, fields, table) for part in parts))
        case Not(part):
            return negated(condition(part, fields, table))
        case Has(path, value):
            return list_has(value_of(fields[path], table), literal(value))
        case In(path, values):
            return _in(fields[path], values, table)
        case Compare(path, sign, value):
            return _compare(fields[path], sign, value, table)


def value_of(field: Field, table: FromClause) -> ColumnElement[Anything]:
    """The value of a field in a row of its table."""
    return MEMBER[field.type](table.c.fields, field.name) if field.own else table.c[field.name]


def _in(field: Field, values: tuple[Value, ...], table: FromClause) -> Condition:
    told = [_bound(field, value) for value in values if value is not None]
    within = value_of(field, table).in_(told) if told else false()
    return or_(within, _empty(field, table)) if None in values else within


def _bound(field: Field, value: Value) -> Value:
    """Numbers as floats: PostgreSQL would take a whole one for a 32-bit integer, and refuse a large one."""
    return float(value) if field.type is FieldType.NUMBER and isinstance(value, int) else value


def _empty(field: Field, table: FromClause) -> Condition:
    value = value_of(field, table)
    match field.type:
        case FieldType.LIST:
            return list_empty(value)
        case FieldType.TEXT | FieldType.DATE:
            return or_(value.is_(None), value == "")
    return value.is_(None)


def _compare(field: Field, sign: str, wanted: Value, table: FromClause) -> Condition:
    if wanted is None:
        empty = _empty(field, table)
        return empty if sign == "==" else negated(empty)
    value, wanted = value_of(field, table), _bound(field, wanted)
    match sign:
        case "==":
            return value == wanted
        case "!=":
            return value.is_distinct_from(wanted)
    ordered = {"<": value < wanted, "<=": value <= wanted, ">": value > wanted, ">=": value >= wanted}[sign]
    return and_(ordered, value != "") if field.type is FieldType.DATE else ordered


def field_columns(field_paths: Sequence[str], language: str, fields: Fields) -> list[ColumnElement[Anything]]:
    """The values of fields as columns, for a statement over `contact` left joined to `institution`.

    Empty texts are null, and an absent list is the empty one, as previews have it; a name is that of the language, by
    truncation, else the institution's main name.
    """
    return [_shown(fields[path], language) for path in field_paths]


def _shown(field: Field, language: str) -> ColumnElement[Anything]:
    table = contact if field.owner == "contact" else institution
    value = value_of(field, table)
    if field.by_language:
        return func.coalesce(*(func.nullif(member_text(table.c.names, tag), "") for tag in chain(language)), value)
    if field.type is FieldType.LIST:
        return as_json(value)
    return func.nullif(value, "") if field.type in (FieldType.TEXT, FieldType.DATE) else value


def values_array(field_paths: Sequence[str], language: str, fields: Fields) -> ColumnElement[Anything]:
    """The values of fields as one JSON list in that order, as a delivery keeps them."""
    if len(field_paths) > MOST_VALUES:
        raise NewsletterError(say("A message may read at most %(most)s fields of a recipient.", most=MOST_VALUES))
    columns = field_columns(field_paths, language, fields)
    kinds = [fields[path].type for path in field_paths]
    yes_or_no = [as_json(c) if kind is FieldType.BOOLEAN else c for c, kind in zip(columns, kinds, strict=True)]
    return json_array(*yes_or_no)
