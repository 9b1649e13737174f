"""Many rows at once, straight to the driver: for imports, where SQLAlchemy's work per row would be half of the time."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import lru_cache
from itertools import chain, islice
from typing import Any

from sqlalchemy import Connection, Dialect, Table, func, select

Process = Callable[[Any], Any]
ROWS = 500  # a statement: 30,000 parameters at most, which both databases take
Columns = Mapping[str, Sequence[Any]]  # the values of many rows, by column


@contextmanager
def few_collections() -> Iterator[None]:
    """A bite makes thousands of objects that go by themselves; the collector would look through them every time."""
    usual = gc.get_threshold()
    gc.set_threshold(5_000, *usual[1:])
    try:
        yield
    finally:
        gc.set_threshold(*usual)


def insert_columns(connection: Connection, table: Table, columns: Columns, **same: Any) -> None:
    """Inserts rows, many by each statement; `same` are the columns in which all rows agree.

    Every value is converted as its column's type says; a value object that several rows share is converted once.
    """
    names = (*columns, *same)
    count = len(next(iter(columns.values())))
    values = [columns[name] if name in columns else [same[name]] * count for name in names]
    ready = [_ready(connection.dialect, table, name, told) for name, told in zip(names, values, strict=True)]
    rows = zip(*ready, strict=True)
    while some := list(islice(rows, ROWS)):
        connection.exec_driver_sql(_statement(connection.dialect, table, names, len(some)), tuple(chain(*some)))


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


def _ready(dialect: Dialect, table: Table, name: str, values: Sequence[Any]) -> Sequence[Any]:
    """Values as the driver takes them."""
    process: Process | None = table.c[name].type.dialect_impl(dialect).bind_processor(dialect)
    if process is None:
        return values
    shared = {id(value): value for value in values}  # the rows keep the value alive, so its id is its own
    done = {key: process(value) for key, value in shared.items()}
    return [done[id(value)] for value in values]


@lru_cache(maxsize=64)
def _statement(dialect: Dialect, table: Table, names: tuple[str, ...], count: int) -> str:
    sign = "%s" if dialect.paramstyle in ("format", "pyformat") else "?"
    rows = ", ".join([f"({', '.join([sign] * len(names))})"] * count)
    quote = dialect.identifier_preparer.quote
    return f"INSERT INTO {quote(table.name)} ({', '.join(map(quote, names))}) VALUES {rows}"
