"""A PostgreSQL database for test after test, which is twenty times as quick as a new one for each."""

from __future__ import annotations

import psycopg

from tests.servers import PostgresServer

# What a test may have changed beside rows: then the next one gets another database.
SHAPE = """
    SELECT count(*), coalesce(sum(hashtext(concat_ws('|', n.nspname, c.relname, c.relkind, a.attname, a.atttypid))), 0)
      FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace LEFT JOIN pg_attribute a ON a.attrelid = c.oid
     WHERE n.nspname NOT LIKE 'pg\\_%' AND n.nspname <> 'information_schema' AND NOT coalesce(a.attisdropped, false)
"""
OTHERS = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
TABLES = "SELECT format('%I', relname) FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace"
FROM_ONE = """
    SELECT setval(oid::regclass, 1, false) FROM pg_class WHERE relkind = 'S' AND relnamespace = 'public'::regnamespace
"""


class Emptied:
    """Hands out one database at a time. It is as new: no rows, and every number begins with 1."""

    def __init__(self, server: PostgresServer, schema: str) -> None:
        self._server, self._schema = server, schema
        self._url: str | None = None
        self._shape: tuple[int, int] | None = None

    def take(self) -> str:
        if self._url is None or not self._made_empty(self._url):
            self._url = self._server.new_database(self._schema)
        return self._url

    def _made_empty(self, url: str) -> bool:
        """False where the last test left more than rows, or somebody who still uses it."""
        with psycopg.connect(url.replace("postgresql+psycopg", "postgresql"), autocommit=True) as connection:
            shape = connection.execute(SHAPE.encode()).fetchone()
            others = connection.execute(OTHERS.encode()).fetchone()
            if shape != self._expected(connection) or others != (0,):
                return False
            names = [name for (name,) in connection.execute(TABLES.encode())]
            connection.execute("SET session_replication_role = replica")  # in any order
            connection.execute("; ".join(f"DELETE FROM {name}" for name in names).encode())
            connection.execute(FROM_ONE.encode())
        return True

    def _expected(self, connection: psycopg.Connection[tuple[object, ...]]) -> tuple[int, int]:
        if self._shape is None:
            with psycopg.connect(connection.info.dsn, dbname=self._schema.rpartition("/")[2]) as template:
                found = template.execute(SHAPE.encode()).fetchone()
            assert found is not None
            self._shape = (int(found[0]), int(found[1]))
        return self._shape
