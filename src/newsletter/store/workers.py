"""Who dispatches: one row a process, with a heartbeat by which others know that it lives."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection, Engine, insert, select, text, update

from newsletter.store import engine
from newsletter.store.tables import worker

# Sessions of ours that wait in a transaction for a program that does not go on. The server's own limit ends most of
# them (`engine.PREPARE_POSTGRESQL`), but not within a pipeline, nor after one: psycopg's `executemany` is one.
STANDING_STILL = text("""
    SELECT count(pg_terminate_backend(pid))
      FROM pg_stat_activity
     WHERE datname = current_database() AND usename = current_user AND pid <> pg_backend_pid()
       AND application_name = current_setting('application_name')
       AND state <> 'idle' AND wait_event = 'ClientRead' AND state_change < now() - CAST(:still AS interval)
""")


def register(connection: Connection, name: str, *, now: datetime) -> int:
    """A new worker; `name` says host and process."""
    values = {"name": name, "started_at": now, "heartbeat_at": now}
    return int(connection.execute(insert(worker).values(values).returning(worker.c.id)).scalar_one())


def beat(connection: Connection, id_: int, *, now: datetime) -> None:
    connection.execute(update(worker).where(worker.c.id == id_).values(heartbeat_at=now))


def stop(connection: Connection, id_: int, *, now: datetime) -> None:
    connection.execute(update(worker).where(worker.c.id == id_).values(stopped_at=now))


def any_there(db: Engine) -> bool:
    """Whether any has not said that it ended."""
    with engine.reading(db) as connection:
        return connection.execute(select(worker.c.id).where(worker.c.stopped_at.is_(None)).limit(1)).first() is not None


def stop_all(connection: Connection, *, now: datetime) -> None:
    """All are gone that did not say so."""
    connection.execute(update(worker).where(worker.c.stopped_at.is_(None)).values(stopped_at=now))


def end_standing_still(db: Engine) -> int:
    """On PostgreSQL: a program that was stopped in the middle of a transaction holds its rows locked, and whoever
    would take them over waits for it. Says of how many the transaction was undone; one that wakes finds it out."""
    if db.dialect.name != "postgresql":
        return 0
    with engine.writing(db) as connection:
        return int(connection.execute(STANDING_STILL, {"still": engine.STANDING_STILL}).scalar_one())
