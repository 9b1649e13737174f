"""Earlier bytes of the workspace's documents: who changed what when, and what was there before."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, func, select

from newsletter.store.tables import document_version, person


@dataclass(frozen=True, slots=True)
class Change:
    """One write; the bytes before it are asked for by `before`."""

    id: int
    path: str
    operation: str
    person: str  # the name
    person_id: int
    at: datetime
    first: bool = False  # nothing was there before


def changes(connection: Connection, path: str, *, operation: str = "", limit: int = 20) -> list[Change]:
    """The latest of a document, newest first; `operation`: only those whose words begin so."""
    columns = document_version.c
    statement = (
        select(columns.id, columns.path, columns.operation, columns.person_id, columns.at)
        .add_columns(person.c.name.label("person"), columns.before.is_(None).label("first"))
        .join_from(document_version, person, person.c.id == columns.person_id)
        .where(columns.path == path)
        .order_by(columns.id.desc())
        .limit(limit)
    )
    if operation:
        statement = statement.where(func.substr(columns.operation, 1, len(operation)) == operation)
    return [Change(**row) for row in connection.execute(statement).mappings()]


def before(connection: Connection, path: str, id_: int) -> bytes | None:
    """What a document held before a change; None where it was not there, or the change is not this document's."""
    statement = select(document_version.c.before).where(document_version.c.path == path, document_version.c.id == id_)
    found: bytes | None = connection.execute(statement).scalar_one_or_none()
    return found
