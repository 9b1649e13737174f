"""The database engine: SQLite (WAL, FULL) by default, PostgreSQL by DATABASE_URL.

Writes on SQLite begin with BEGIN IMMEDIATE (a deferred transaction that reads and then writes fails at once when
another writer is there); reads begin deferred and never block. `synchronous=FULL`, because a lost intent is a doubled
mail.
"""

from __future__ import annotations

import sqlite3
import threading
from collections import deque
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, make_url
from sqlalchemy.engine import URL
from sqlalchemy.exc import ArgumentError, DBAPIError, InterfaceError, InternalError, OperationalError

from newsletter.errors import UsageError
from newsletter.i18n import say
from newsletter.store.folding import fold

NO_ADDRESS = "DATABASE_URL is no database address: write sqlite:///file or postgresql://user@host/name."
NO_DRIVER = "PostgreSQL needs its driver: pip install 'newsletter[postgresql]'."
BUSY_TIMEOUT_MS = 30_000
DISK_FULL = {"SQLITE_FULL", "53100"}  # SQLite's name, PostgreSQL's SQLSTATE
# For a PostgreSQL that a broken network hides: a send waits on it, and must come to an end.
PATIENCE = {"connect_timeout": 10, "tcp_user_timeout": 30_000}  # seconds; milliseconds
STANDING_STILL = "60s"  # in a transaction
PREPARE_POSTGRESQL = """
    SELECT set_config('idle_in_transaction_session_timeout', %(still)s, false),
           CASE current_setting('synchronous_commit')
               WHEN 'off' THEN set_config('synchronous_commit', 'on', false) END
"""
BULK_CHECKPOINT = 100  # commits of a bulk write before its pages go from the log into the database


class Turns:
    """Lets the threads of a process write to SQLite in the order in which they came.

    SQLite's own waiting is polling with growing pauses, so a bulk write that begins again at once would shut out the
    ledger for seconds; here whoever waits is handed the turn.
    """

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._taken = False
        self._waiting: deque[threading.Event] = deque()

    def __enter__(self) -> None:
        with self._guard:
            if not self._taken:
                self._taken = True
                return
            mine = threading.Event()
            self._waiting.append(mine)
        mine.wait()

    def __exit__(self, *_: object) -> None:
        with self._guard:
            if self._waiting:
                self._waiting.popleft().set()  # still taken, by the next
            else:
                self._taken = False


def open_engine(url: str) -> Engine:
    """An engine for `sqlite:///path` or `postgresql+psycopg://...` (`postgres://` and `postgresql://` too).

    UsageError where there is none; the URL itself is not told, as it may hold a password.
    """
    try:
        parsed = make_url(url)
        if parsed.drivername in ("postgres", "postgresql"):
            parsed = parsed.set(drivername="postgresql+psycopg")
        return _engine(parsed)
    except ImportError:
        raise UsageError(NO_DRIVER if parsed.get_backend_name() == "postgresql" else NO_ADDRESS) from None
    except (ArgumentError, ValueError):  # ValueError: a port that is no number
        raise UsageError(NO_ADDRESS) from None


def sentence_of(error: BaseException) -> str | None:
    """What a database says of an error, in one sentence; None where the error is not the database's.

    The primary message alone: the details that PostgreSQL adds may hold an address. Of several at once (one a
    connection of a send) the first.
    """
    found = list(_single(error))
    first = found[0]
    if not all(isinstance(each, DBAPIError) for each in found) or not isinstance(first, DBAPIError):
        return None
    if first.orig is None:
        return None
    if str(getattr(first.orig, "sqlite_errorname", "")).startswith("SQLITE_IOERR"):
        return say("The database cannot be used: its disk is full or fails (%(words)s)", words=_words(first.orig))
    if {getattr(first.orig, name, None) for name in ("sqlite_errorname", "sqlstate")} & DISK_FULL:
        return say(
            "The database cannot be used: its disk is full, make room there (%(words)s)", words=_words(first.orig)
        )
    return say("The database cannot be used: %(words)s", words=_words(first.orig))


def failure_of(error: BaseException) -> str | None:
    """The same, only where the database itself fails: a statement that is wrong needs its traceback."""
    ours = any(
        getattr(getattr(each, "orig", None), "sqlite_errorname", "") == "SQLITE_ERROR" for each in _single(error)
    )
    failed = all(isinstance(each, OperationalError | InterfaceError | InternalError) for each in _single(error))
    return sentence_of(error) if failed and not ours else None


def _words(error: BaseException) -> str:
    primary = getattr(getattr(error, "diag", None), "message_primary", None)
    return str(primary or next(iter(str(error).splitlines()), type(error).__name__))


def _single(error: BaseException) -> Iterator[BaseException]:
    if isinstance(error, BaseExceptionGroup):
        for each in error.exceptions:
            yield from _single(each)
    else:
        yield error


def _engine(parsed: URL) -> Engine:
    if parsed.get_backend_name() != "sqlite":
        engine = create_engine(parsed, connect_args=PATIENCE, pool_pre_ping=True, pool_size=10, hide_parameters=True)
        event.listen(engine, "connect", _prepare_postgresql)
        return engine
    options = {"turns": Turns()}
    engine = create_engine(
        parsed, connect_args={"check_same_thread": False}, execution_options=options, hide_parameters=True
    )
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _prepare_postgresql(connection: Any, _record: Any) -> None:
    """A program that stands still in a transaction (a paused machine, a host without power) holds its rows locked, and
    who comes after it waits; so the server ends such a transaction, before its worker is taken for dead. And what is
    committed is on disk, whatever the server's own setting: a lost intent is a doubled mail.
    """
    with connection.cursor() as cursor:
        cursor.execute(PREPARE_POSTGRESQL, {"still": STANDING_STILL})
    connection.commit()


def _prepare_sqlite(connection: sqlite3.Connection, _record: Any) -> None:
    connection.isolation_level = None  # we begin transactions ourselves
    connection.create_function("folded", 1, fold, deterministic=True)
    for pragma in (
        f"busy_timeout={BUSY_TIMEOUT_MS}",
        "journal_mode=WAL",
        "synchronous=FULL",
        "foreign_keys=ON",
        "cache_size=-4096",  # KB a connection; the system keeps the file at hand besides
        "temp_store=MEMORY",
    ):
        connection.execute(f"PRAGMA {pragma}")


def _begin_sqlite(connection: Connection) -> None:
    write = connection.get_execution_options().get("write", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if write else "BEGIN")


@contextmanager
def reading(engine: Engine) -> Iterator[Connection]:
    """A transaction that only reads."""
    with engine.connect() as connection, connection.begin():
        yield connection


@contextmanager
def writing(engine: Engine) -> Iterator[Connection]:
    """A transaction that writes; commits at the end, rolls back on any error. Keep it short."""
    with turn(engine), engine.connect().execution_options(write=True) as connection, connection.begin():
        yield connection


class Bulk:
    """Many short transactions on one connection; others write between them."""

    def __init__(self, engine: Engine, connection: Connection) -> None:
        self._engine, self._connection = engine, connection
        self._commits = 0

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """One snapshot, on the same connection: it may fill temporary tables, and shuts nobody out."""
        self._connection.execution_options(write=False)
        try:
            with self._connection.begin():
                yield self._connection
        finally:
            self._connection.execution_options(write=True)

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        with turn(self._engine), self._connection.begin():
            yield self._connection
        self._commits += 1
        if self._commits % BULK_CHECKPOINT == 0:
            _set_sqlite(self._connection, "wal_checkpoint(PASSIVE)")  # nobody waits for it: the lock is given back


@contextmanager
def bulk(engine: Engine) -> Iterator[Bulk]:
    """For writes that can be repeated from where they stand after a power loss, such as the bites of a launch or of an
    import: on SQLite they do not wait for the disk (the next ordinary commit makes them durable too)."""
    with engine.connect().execution_options(write=True) as connection:
        _set_sqlite(connection, "synchronous=NORMAL", "wal_autocheckpoint=0", "cache_size=-65536")
        try:
            yield Bulk(engine, connection)
        finally:
            _set_sqlite(connection, "synchronous=FULL", "wal_autocheckpoint=1000", "cache_size=-4096")
            with suppress(sqlite3.OperationalError):  # an error left a query open: the next commits see to it
                _set_sqlite(connection, "wal_checkpoint(PASSIVE)")


def _set_sqlite(connection: Connection, *pragmas: str) -> None:
    raw = connection.connection.dbapi_connection
    if isinstance(raw, sqlite3.Connection):
        for pragma in pragmas:
            raw.execute(f"PRAGMA {pragma}").fetchall()


def turn(engine: Engine) -> AbstractContextManager[None]:
    """The turn of a thread of this process to write; PostgreSQL needs none."""
    turns = engine.get_execution_options().get("turns")
    return turns if isinstance(turns, Turns) else nullcontext()
