"""The statements of every message, given to the driver as they are.

SQLAlchemy adapts and wraps each execution anew, which takes several times as long as SQLite takes to carry it out.
Here the parameters' names become the driver's once; what is written stays readable SQL.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any

from sqlalchemy import Connection, Dialect
from sqlalchemy.exc import DBAPIError

from newsletter.store.types import instant_text

Values = Mapping[str, Any]

_NOT_IN = re.compile(r"NOT IN :(\w+)")
_IN = re.compile(r"IN :(\w+)")
_NAME = re.compile(r"(?<!:):(\w+)")


class Quick:
    """Executes on the connection's transaction. Lists stand as `IN :ids`."""

    def __init__(self, connection: Connection) -> None:
        self._dialect = connection.dialect
        self._cursor = connection.connection.cursor()
        self._sqlite = self._dialect.name == "sqlite"

    def bound(self, value: Any) -> Any:
        """A time or a list as this database takes it; anything else as it is."""
        if not self._sqlite:
            return value
        if isinstance(value, datetime):
            return instant_text(value)
        return json.dumps(value) if isinstance(value, list) else value

    def rows(self, statement: str, values: Values) -> list[Any]:
        """Carries it out once; what it returns, as tuples."""
        bound = {name: self.bound(value) for name, value in values.items()}
        try:
            self._cursor.execute(_driver_text(statement, self._dialect.name), bound)
            return list(self._cursor.fetchall())
        except Exception as error:
            raise _told(self._dialect, statement, error) from error

    def each(self, statement: str, values: Sequence[Values]) -> int:
        """Carries it out once for each, with values that are `bound` already; how many rows that changed."""
        try:
            self._cursor.executemany(_driver_text(statement, self._dialect.name), values)
        except Exception as error:
            raise _told(self._dialect, statement, error) from error
        return int(self._cursor.rowcount)


def from_json(value: Any) -> Any:
    """A JSON column that came back."""
    return json.loads(value) if isinstance(value, str) else value


@lru_cache(maxsize=64)
def _driver_text(statement: str, database: str) -> str:
    if database == "sqlite":
        return _IN.sub(r"IN (SELECT value FROM json_each(:\1))", statement)
    return _NAME.sub(r"%(\1)s", _IN.sub(r"= ANY(:\1)", _NOT_IN.sub(r"<> ALL(:\1)", statement)))


def _told(dialect: Dialect, statement: str, error: Exception) -> Exception:
    """As SQLAlchemy raises it, so that nobody need know who executed."""
    base = getattr(dialect.dbapi, "Error", Exception)
    if not isinstance(error, base):
        return error
    return DBAPIError.instance(statement, None, error, base, hide_parameters=True, dialect=dialect)
