"""On SQLite one process dispatches: whoever holds the lock file knows that all other workers are gone.

And one process at a time launches an issue, so that a launch which stands still is one that was left behind.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import Engine, text

from newsletter.errors import NewsletterError
from newsletter.i18n import say
from newsletter.store.locking import file_lock


class AlreadyDispatching(NewsletterError):
    """Another process is sending from this database."""


class AlreadyLaunching(NewsletterError):
    """Another process is launching."""


LAUNCH = 0x6E6C  # the first number of PostgreSQL's advisory lock; the second is the issue


@contextmanager
def dispatch_lock(engine: Engine) -> Iterator[bool]:
    """Says whether this process is alone; on PostgreSQL any number dispatch, and heartbeats tell who lives."""
    database = engine.url.database
    if engine.dialect.name != "sqlite" or not database or database == ":memory:":
        yield engine.dialect.name == "sqlite"
        return
    with file_lock(Path(f"{database}.dispatch"), wait=False) as mine:
        if not mine:
            raise AlreadyDispatching(
                say("Another program is sending from this database already. Follow it with `newsletter status`.")
            )
        yield True


@contextmanager
def launch_lock(engine: Engine, issue_id: int) -> Iterator[None]:
    """AlreadyLaunching where another process launches this issue (on SQLite: any)."""
    busy = AlreadyLaunching("Another program is launching right now. Follow it with `newsletter status`.")
    if engine.dialect.name == "postgresql":
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            key = {"launch": LAUNCH, "issue": issue_id % 2**31}
            if not connection.execute(text("SELECT pg_try_advisory_lock(:launch, :issue)"), key).scalar_one():
                raise busy
            try:
                yield
            finally:
                connection.execute(text("SELECT pg_advisory_unlock(:launch, :issue)"), key)
        return
    database = engine.url.database
    if not database or database == ":memory:":
        yield
        return
    with file_lock(Path(f"{database}.launch"), wait=False) as mine:
        if not mine:
            raise busy
        yield


@contextmanager
def keeping_lock(engine: Engine) -> Iterator[bool]:
    """Says whether this is the first program that keeps the schedule on this SQLite; always, on PostgreSQL."""
    database = engine.url.database
    if engine.dialect.name != "sqlite" or not database or database == ":memory:":
        yield True
        return
    with file_lock(Path(f"{database}.kept"), wait=False) as first:
        yield first
