"""Who dispatches: one row a process, with a heartbeat by which others know that it lives."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection, insert, update

from newsletter.store.tables import worker


def register(connection: Connection, name: str, *, now: datetime) -> int:
    """A new worker; `name` says host and process."""
    values = {"name": name, "started_at": now, "heartbeat_at": now}
    return int(connection.execute(insert(worker).values(values).returning(worker.c.id)).scalar_one())


def beat(connection: Connection, id_: int, *, now: datetime) -> None:
    connection.execute(update(worker).where(worker.c.id == id_).values(heartbeat_at=now))


def stop(connection: Connection, id_: int, *, now: datetime) -> None:
    connection.execute(update(worker).where(worker.c.id == id_).values(stopped_at=now))
