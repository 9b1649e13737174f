"""JSON columns in SQL, with the same meaning on SQLite and PostgreSQL.

A value in a JSON column is read as the type that its field has; a value of another type (left from before the field's
type was changed) counts as empty, where a cast would fail the whole query.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from sqlalchemy import Boolean, ColumnElement, Float, Text, literal, literal_column
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement

from newsletter.model.fields import FieldType
from newsletter.store.types import Json


class _Member(FunctionElement[Any]):
    """A member of a JSON object in a column. Its name is a plain identifier or a language tag, and stands in the SQL
    text (not as a parameter), so that an expression index is recognised."""

    inherit_cache = True

    def __init__(self, column: ColumnElement[Any], name: str) -> None:
        if not name.replace("-", "_").isidentifier():
            raise ValueError(f"{name!r} is no name of a JSON member")
        super().__init__(column, literal_column(f"'{name}'"))


class member_text(_Member):
    type = Text()
    inherit_cache = True


class member_date(_Member):
    type = Text()
    inherit_cache = True


class member_number(_Member):
    type = Float()
    inherit_cache = True


class member_boolean(_Member):
    type = Boolean()
    inherit_cache = True


class member_list(_Member):
    type = Json
    inherit_cache = True


MEMBER: dict[FieldType, type[_Member]] = {
    FieldType.TEXT: member_text,
    FieldType.DATE: member_date,
    FieldType.NUMBER: member_number,
    FieldType.BOOLEAN: member_boolean,
    FieldType.LIST: member_list,
}


class list_has(FunctionElement[bool]):
    """Whether a JSON list of texts contains a text."""

    type = Boolean()
    inherit_cache = True


class list_empty(FunctionElement[bool]):
    """Whether a JSON list is absent or has no element."""

    type = Boolean()
    inherit_cache = True


class first_matching(FunctionElement[str]):
    """first_matching(list, choice): the first `choice` that is not null over the texts of a JSON list, in order;
    `choice` reads the text as `ELEMENT`."""

    type = Text()
    inherit_cache = True


ELEMENT = literal_column("element.value", Text())


class json_array(FunctionElement[Any]):
    """The values as one JSON list; lists and booleans stay what they are."""

    type = Json
    inherit_cache = True


class as_json(FunctionElement[Any]):
    """as_json(list or boolean): the value as JSON inside json_array; an absent list is the empty list."""

    type = Json
    inherit_cache = True


class _texts(FunctionElement[Any]):
    inherit_cache = True


def among(column: ColumnElement[Any], values: Iterable[object]) -> ColumnElement[bool]:
    """`column IN (...)` for hundreds of texts: one parameter, where a list of them costs a third of an import."""
    return column.op("IN", is_comparison=True)(_texts(literal(json.dumps(list(values)))))


def _parts(element: FunctionElement[Any], compiler: Any, kw: dict[str, Any]) -> list[str]:
    return [compiler.process(clause, **kw) for clause in element.clauses]


def _sqlite_member(element: _Member, compiler: Any, kw: dict[str, Any]) -> tuple[str, str]:
    column, name = _parts(element, compiler, kw)
    path = f"'$.\"{name[1:-1]}\"'"
    return f"json_type({column}, {path})", f"json_extract({column}, {path})"


def _postgresql_member(element: _Member, compiler: Any, kw: dict[str, Any]) -> tuple[str, str]:
    column, name = _parts(element, compiler, kw)
    return f"jsonb_typeof({column} -> {name})", f"({column} ->> {name})"


@compiles(member_text, "sqlite")
@compiles(member_date, "sqlite")
def _(element: _Member, compiler: Any, **kw: Any) -> str:
    kind, value = _sqlite_member(element, compiler, kw)
    return f"CASE {kind} WHEN 'text' THEN {value} END"


@compiles(member_text, "postgresql")
def _(element: _Member, compiler: Any, **kw: Any) -> str:
    kind, value = _postgresql_member(element, compiler, kw)
    return f"CASE {kind} WHEN 'string' THEN {value} END"


@compiles(member_date, "postgresql")
def _(element: _Member, compiler: Any, **kw: Any) -> str:
    kind, value = _postgresql_member(element, compiler, kw)
    return f"(CASE {kind} WHEN 'string' THEN {value} END) COLLATE \"C\""


@compiles(member_number, "sqlite")
def _(element: _Member, compiler: Any, **kw: Any) -> str:
    kind, value = _sqlite_member(element, compiler, kw)
    return f"CASE WHEN {kind} IN ('integer', 'real') THEN {value} END"


@compiles(member_number, "postgresql")
def _(element: _Member, compiler: Any, **kw: Any) -> str:
    kind, value = _postgresql_member(element, compiler, kw)
    return f"CASE {kind} WHEN 'number' THEN {value}::double precision END"


@compiles(member_boolean, "sqlite")
def _(element: _Member, compiler: Any, **kw: Any) -> str:
    kind, _value = _sqlite_member(element, compiler, kw)
    return f"CASE {kind} WHEN 'true' THEN 1 WHEN 'false' THEN 0 END"


@compiles(member_boolean, "postgresql")
def _(element: _Member, compiler: Any, **kw: Any) -> str:
    kind, value = _postgresql_member(element, compiler, kw)
    return f"CASE {kind} WHEN 'boolean' THEN {value}::boolean END"


@compiles(member_list, "sqlite")
def _(element: _Member, compiler: Any, **kw: Any) -> str:
    kind, value = _sqlite_member(element, compiler, kw)
    return f"CASE {kind} WHEN 'array' THEN {value} END"


@compiles(member_list, "postgresql")
def _(element: _Member, compiler: Any, **kw: Any) -> str:
    column, name = _parts(element, compiler, kw)
    return f"CASE jsonb_typeof({column} -> {name}) WHEN 'array' THEN {column} -> {name} END"


@compiles(list_has, "sqlite")
def _(element: list_has, compiler: Any, **kw: Any) -> str:
    values, wanted = _parts(element, compiler, kw)
    return f"EXISTS (SELECT 1 FROM json_each({values}) AS e WHERE e.type = 'text' AND e.value = {wanted})"


@compiles(list_has, "postgresql")
def _(element: list_has, compiler: Any, **kw: Any) -> str:
    values, wanted = _parts(element, compiler, kw)
    return f"jsonb_exists({values}, {wanted})"


@compiles(list_empty, "sqlite")
def _(element: list_empty, compiler: Any, **kw: Any) -> str:
    return f"coalesce(json_array_length({_parts(element, compiler, kw)[0]}), 0) = 0"


@compiles(list_empty, "postgresql")
def _(element: list_empty, compiler: Any, **kw: Any) -> str:
    return f"coalesce(jsonb_array_length({_parts(element, compiler, kw)[0]}), 0) = 0"


@compiles(first_matching, "sqlite")
def _(element: first_matching, compiler: Any, **kw: Any) -> str:
    values, choice = _parts(element, compiler, kw)
    elements = f"json_each({values}) AS element"
    return f"(SELECT {choice} FROM {elements} WHERE {choice} IS NOT NULL ORDER BY element.key LIMIT 1)"


@compiles(first_matching, "postgresql")
def _(element: first_matching, compiler: Any, **kw: Any) -> str:
    values, choice = _parts(element, compiler, kw)
    elements = f"jsonb_array_elements_text({values}) WITH ORDINALITY AS element(value, key)"
    return f"(SELECT {choice} FROM {elements} WHERE {choice} IS NOT NULL ORDER BY element.key LIMIT 1)"


@compiles(_texts, "sqlite")
def _(element: _texts, compiler: Any, **kw: Any) -> str:
    return f"(SELECT value FROM json_each({_parts(element, compiler, kw)[0]}))"


@compiles(_texts, "postgresql")
def _(element: _texts, compiler: Any, **kw: Any) -> str:
    return f"(SELECT jsonb_array_elements_text(CAST({_parts(element, compiler, kw)[0]} AS jsonb)))"


@compiles(json_array, "sqlite")
def _(element: json_array, compiler: Any, **kw: Any) -> str:
    return f"json_array({', '.join(_parts(element, compiler, kw))})"


@compiles(json_array, "postgresql")
def _(element: json_array, compiler: Any, **kw: Any) -> str:
    return f"jsonb_build_array({', '.join(_parts(element, compiler, kw))})"


@compiles(as_json, "sqlite")
def _(element: as_json, compiler: Any, **kw: Any) -> str:
    (part,) = _parts(element, compiler, kw)
    if isinstance(next(iter(element.clauses)).type, Boolean):
        return f"json(CASE {part} WHEN 1 THEN 'true' WHEN 0 THEN 'false' END)"
    return f"json(coalesce({part}, '[]'))"


@compiles(as_json, "postgresql")
def _(element: as_json, compiler: Any, **kw: Any) -> str:
    (part,) = _parts(element, compiler, kw)
    if isinstance(next(iter(element.clauses)).type, Boolean):
        return part
    return f"coalesce({part}, '[]'::jsonb)"
