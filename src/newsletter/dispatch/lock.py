"""On SQLite one process dispatches: whoever holds the lock file knows that all other workers are gone."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import Engine

from newsletter.errors import NewsletterError


class AlreadyDispatching(NewsletterError):
    """Another process is sending from this database."""


@contextmanager
def dispatch_lock(engine: Engine) -> Iterator[bool]:
    """Says whether this process is alone; on PostgreSQL any number dispatch, and heartbeats tell who lives."""
    database = engine.url.database
    if engine.dialect.name != "sqlite" or not database or database == ":memory:":
        yield engine.dialect.name == "sqlite"
        return
    path = Path(f"{database}.dispatch")
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)  # the system gives it back when the process dies
    except BlockingIOError:
        os.close(descriptor)
        raise AlreadyDispatching(
            "Another program is sending from this database already. Follow it with `newsletter status`."
        ) from None
    try:
        yield True
    finally:
        os.close(descriptor)
