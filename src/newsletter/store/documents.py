"""The documents' home in the database: which there are, their bytes, and changes that compare before they swap.

Bytes that no document has any more are swept away after a day; the history keeps its own (store/versions.py).

A version is the number of the change in `document_version`. Writers take turns, so that a version which can be seen has
none below it that is still to come: whoever knows all up to one needs only what is above it.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, delete, insert, select, text, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import OperationalError

from newsletter.errors import NewsletterError
from newsletter.i18n import say
from newsletter.store.engine import writing
from newsletter.store.locking import file_lock
from newsletter.store.tables import document, document_content, document_remnant, document_version, meta

LOCK = 0x6E6C64  # the first number of PostgreSQL's advisory locks; the second is one of these
CHANGING, SWAPPING = 1, 2
PATIENCE = "30s"  # how long one who changes a document waits for others who do
LOCK_NOT_AVAILABLE = "55P03"  # PostgreSQL, appendix A
KEPT = timedelta(days=1)  # no unit of work looks at documents as of a moment longer ago
HOME = "documents"  # in `meta`: by which name folders remember this home


class ChangedMeanwhile(NewsletterError):
    """Somebody else changed a document since it was read; nothing was written."""

    def __init__(self, path: str) -> None:
        super().__init__(
            say("%(path)s was changed by somebody else meanwhile: look at it anew, and repeat the step.", path=path)
        )


@dataclass(frozen=True, slots=True)
class Entry:
    """A document as of a version; one that was removed keeps its place, so that others learn of it."""

    sha256: str | None
    version: int


@dataclass(frozen=True, slots=True)
class Swap:
    """What a document becomes (None: removed), if it still is at the version that the writer has seen (0: none)."""

    path: str
    sha256: str | None
    seen: int


@dataclass(frozen=True, slots=True)
class Act:
    """Who changes, when, and what they do in words."""

    operation: str
    person_id: int
    at: datetime


def since(connection: Connection, version: int) -> dict[str, Entry]:
    """What was changed after a version."""
    columns = document.c
    rows = connection.execute(
        select(columns.path, columns.sha256, columns.version).where(columns.version > version).order_by(columns.path)
    )
    return {row.path: Entry(row.sha256, row.version) for row in rows}


def content(connection: Connection, sha256: str) -> bytes:
    statement = select(document_content.c.content).where(document_content.c.sha256 == sha256)
    return bytes(connection.execute(statement).scalar_one())


def known(connection: Connection, hashes: Sequence[str], at: datetime) -> set[str]:
    """Those whose bytes are there, and stay for the documents to come."""
    column, found = document_content.c.sha256, set[str]()
    for start in range(0, len(hashes), 500):
        some = hashes[start : start + 500]
        _spare(connection, some, at)
        found |= set(connection.execute(select(column).where(column.in_(some))).scalars())
    return found


def keep(connection: Connection, bytes_: bytes, at: datetime) -> str:
    """Bytes for the documents to come; alone they are no document yet."""
    digest = hashlib.sha256(bytes_).hexdigest()
    _spare(connection, [digest], at)
    into = _dialect(connection).insert(document_content).values(sha256=digest, content=bytes_)
    connection.execute(into.on_conflict_do_nothing())
    return digest


def _spare(connection: Connection, hashes: Sequence[str], at: datetime) -> None:
    """Not swept away for a while. Comes first: it waits for a sweep that has them in hand, and holds up the next."""
    into = _dialect(connection).insert(document_remnant)
    again = into.on_conflict_do_update(index_elements=["sha256"], set_={"at": into.excluded.at})
    if hashes:
        connection.execute(again, [{"sha256": each, "at": at} for each in sorted(hashes)])


def sweep(connection: Connection, *, now: datetime, size: int = 50) -> int:
    """Takes away bytes that no document has had for a day, looking at `size` at most; call it until it says 0."""
    remnant, content = document_remnant.c, document_content.c
    some = select(remnant.sha256).where(remnant.at < now - KEPT).order_by(remnant.at).limit(size)
    looked_at = delete(document_remnant).where(remnant.sha256.in_(some.with_for_update(skip_locked=True)))
    hashes = list(connection.execute(looked_at.returning(remnant.sha256)).scalars())
    nobodys = ~select(document.c.path).where(document.c.sha256 == content.sha256).exists()
    connection.execute(delete(document_content).where(content.sha256.in_(hashes), nobodys))
    return len(hashes)


def swap(connection: Connection, each: Swap, act: Act) -> int:
    """Writes one change and says its version; ChangedMeanwhile where the document is another by now.

    What was there before stays in the history, for who undoes or compares.
    """
    _in_turn(connection)
    now = connection.execute(
        select(document.c.sha256, document.c.version).where(document.c.path == each.path)
    ).one_or_none()
    if (now.version if now else 0) != each.seen:
        raise ChangedMeanwhile(each.path)
    if now is not None and now.sha256 is not None:
        _spare(connection, [now.sha256], act.at)
    earlier = select(document_content.c.content).where(document_content.c.sha256 == (now.sha256 if now else None))
    values = {"operation": act.operation, "person_id": act.person_id, "at": act.at}
    version: int = connection.execute(
        insert(document_version)
        .values(path=each.path, before=earlier.scalar_subquery(), **values)
        .returning(document_version.c.id)
    ).scalar_one()
    state = {"sha256": each.sha256, "version": version, "changed_by": act.person_id, "changed_at": act.at}
    if now is None:
        connection.execute(insert(document).values(path=each.path, **state))
    else:
        connection.execute(update(document).where(document.c.path == each.path).values(state))
    return version


@contextmanager
def alone(engine: Engine) -> Iterator[None]:
    """Whoever reads documents, changes and writes them does so alone, on whatever machine. Keep it short."""
    if engine.dialect.name == "postgresql":
        with engine.begin() as connection:  # given back with the connection, whatever becomes of this process
            connection.execute(text(f"SET LOCAL lock_timeout = '{PATIENCE}'"))
            try:
                _lock(connection, CHANGING)
            except OperationalError as error:
                if getattr(error.orig, "sqlstate", None) != LOCK_NOT_AVAILABLE:
                    raise
                raise NewsletterError(say("Others have been changing documents for long: try again.")) from error
            yield
        return
    database = engine.url.database
    if not database or database == ":memory:":
        yield
        return
    with file_lock(Path(f"{database}.documents"), wait=True):
        yield


def home(engine: Engine) -> str:
    """By which name a folder remembers what it has in common with this database."""
    name = select(meta.c.value).where(meta.c.key == HOME)
    with writing(engine) as connection:
        found: str | None = connection.execute(name).scalar()
        if found is None:
            found = secrets.token_hex(8)
            connection.execute(_dialect(connection).insert(meta).values(key=HOME, value=found).on_conflict_do_nothing())
            found = str(connection.execute(name).scalar_one())
    return found


def _dialect(connection: Connection) -> Any:
    return postgresql if connection.dialect.name == "postgresql" else sqlite


def _in_turn(connection: Connection) -> None:
    """SQLite has one writer at a time anyway."""
    if connection.dialect.name == "postgresql":
        _lock(connection, SWAPPING)


def _lock(connection: Connection, which: int) -> None:
    connection.execute(text("SELECT pg_advisory_xact_lock(:lock, :which)"), {"lock": LOCK, "which": which})
