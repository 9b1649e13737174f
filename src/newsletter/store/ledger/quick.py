"""The statements of every message, given to the driver as they are.

SQLAlchemy adapts and wraps each execution anew, which takes several times as long as SQLite takes to carry it out.
Here the parameters' names become the driver's once; what is written stays readable SQL.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from datetime import datetime
from functools import lru_cache
from typing import Any

from sqlalchemy import Connection, Dialect
from sqlalchemy.exc import DBAPIError

from newsletter.store.types import instant_text

Values = Mapping[str, Any]

_LIST = re.compile(r"IN :(\w+)")
_NAME = re.compile(r"(?<!:):(\w+)")


class Quick:
    """Executes on the connection's transaction. Times and lists (`IN :ids`) are bound as the database keeps them."""

    def __init__(self, connection: Connection) -> None:
        self._dialect = connection.dialect
        self._cursor = connection.connection.cursor()
        self._bind = _for_sqlite if self._dialect.name == "sqlite" else dict

    def rows(self, statement: str, values: Values) -> list[Any]:
        """Carries it out once; what it returns, as tuples."""
        try:
            self._cursor.execute(_driver_text(statement, self._dialect.name), self._bind(values))
            return list(self._cursor.fetchall())
        except Exception as error:
            raise _told(self._dialect, statement, error) from error

    def each(self, statement: str, values: Iterable[Values]) -> int:
        """Carries it out once for each; how many rows that changed."""
        try:
            self._cursor.executemany(_driver_text(statement, self._dialect.name), [self._bind(each) for each in values])
        except Exception as error:
            raise _told(self._dialect, statement, error) from error
        return int(self._cursor.rowcount)


@lru_cache(maxsize=64)
def _driver_text(statement: str, database: str) -> str:
    if database == "sqlite":
        return _LIST.sub(r"IN (SELECT value FROM json_each(:\1))", statement)
    return _NAME.sub(r"%(\1)s", _LIST.sub(r"= ANY(:\1)", statement))


def _for_sqlite(values: Values) -> dict[str, Any]:
    return {name: _sqlite_value(value) for name, value in values.items()}


def _sqlite_value(value: Any) -> Any:
    if isinstance(value, datetime):
        return instant_text(value)
    return json.dumps(value) if isinstance(value, list) else value


def _told(dialect: Dialect, statement: str, error: Exception) -> Exception:
    """As SQLAlchemy raises it, so that nobody need know who executed."""
    base = getattr(dialect.dbapi, "Error", Exception)
    if not isinstance(error, base):
        return error
    return DBAPIError.instance(statement, None, error, base, hide_parameters=True, dialect=dialect)
