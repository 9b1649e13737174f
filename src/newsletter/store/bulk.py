"""Many rows at once, straight to the driver: for imports, where SQLAlchemy's work per row would be half of the time."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from itertools import chain
from typing import Any

from sqlalchemy import Connection, Dialect, Table, func, select

Process = Callable[[Any], Any]
Columns = Mapping[str, Sequence[Any]]  # the values of many rows, by column


def insert_columns(connection: Connection, table: Table, columns: Columns, **same: Any) -> None:
    """Inserts rows in one statement; `same` are the columns in which all rows agree.

    Every value is converted as its column's type says; a value object that several rows share is converted once.
    """
    count = len(next(iter(columns.values())))
    if not count:
        return
    names = (*columns, *same)
    statement, processes = _compiled(connection.dialect, table, names, count)
    told = [columns[name] if name in columns else [same[name]] * count for name in names]
    ready = [_ready(values, process) for values, process in zip(told, processes, strict=True)]
    connection.exec_driver_sql(statement, tuple(chain.from_iterable(zip(*ready, strict=True))))


def ids_ahead(connection: Connection, table: Table, count: int) -> Sequence[int]:
    """Ids for rows to come, ascending, so that what refers to them is written without asking for them.

    SQLite gives the next after the largest; nobody else takes them, as the transaction is the only one that writes.
    """
    if connection.dialect.name == "sqlite":
        largest = connection.execute(select(func.max(table.c.id))).scalar() or 0
        return range(largest + 1, largest + count + 1)
    sequence = func.pg_get_serial_sequence(table.name, "id")
    drawn = select(func.nextval(sequence)).select_from(func.generate_series(1, count))
    return sorted(connection.scalars(drawn))


def _ready(values: Sequence[Any], process: Process | None) -> Sequence[Any]:
    if process is None:
        return values
    shared = {id(value): value for value in values}  # the rows keep the value alive, so its id is its own
    done = {key: process(value) for key, value in shared.items()}
    return [done[id(value)] for value in values]


@lru_cache(maxsize=64)
def _compiled(
    dialect: Dialect, table: Table, names: tuple[str, ...], count: int
) -> tuple[str, tuple[Process | None, ...]]:
    """The statement for so many rows, and how the values of each column become what the driver takes."""
    sign = "%s" if dialect.paramstyle in ("format", "pyformat") else "?"
    rows = ", ".join([f"({', '.join([sign] * len(names))})"] * count)
    quoted = ", ".join(map(dialect.identifier_preparer.quote, names))
    statement = f"INSERT INTO {dialect.identifier_preparer.format_table(table)} ({quoted}) VALUES {rows}"
    return statement, tuple(table.c[name].type.dialect_impl(dialect).bind_processor(dialect) for name in names)
