"""Many rows at once, straight to the driver: for imports, where SQLAlchemy's work per row would be half of the time."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import Any

from sqlalchemy import Connection, Dialect, Table, insert

Process = Callable[[Any], Any]


def insert_rows(connection: Connection, table: Table, rows: Sequence[Mapping[str, Any]]) -> None:
    """Inserts rows that all have the same columns; every value is converted as its column's type says.

    A value object that several rows share is converted once.
    """
    if not rows:
        return
    statement, order, processes = _compiled(connection.dialect, table, tuple(rows[0]))
    columns = [_column(rows, name, process) for name, process in zip(order, processes, strict=True)]
    lines = list(zip(*columns, strict=True))
    positional = connection.dialect.positional
    connection.exec_driver_sql(
        statement, lines if positional else [dict(zip(order, line, strict=True)) for line in lines]
    )


def _column(rows: Sequence[Mapping[str, Any]], name: str, process: Process | None) -> list[Any]:
    if process is None:
        return [row[name] for row in rows]
    done: dict[int, Any] = {}
    values = []
    for row in rows:
        value = row[name]
        known = id(value)  # the rows keep the value alive, so its id is its own
        if known not in done:
            done[known] = process(value)
        values.append(done[known])
    return values


@lru_cache(maxsize=64)
def _compiled(
    dialect: Dialect, table: Table, names: tuple[str, ...]
) -> tuple[str, tuple[str, ...], tuple[Process | None, ...]]:
    compiled = insert(table).compile(dialect=dialect, column_keys=list(names))
    order = tuple(getattr(compiled, "positiontup", None) or names)
    processes = tuple(table.c[name].type.dialect_impl(dialect).bind_processor(dialect) for name in order)
    return str(compiled), order, processes
