"""The audit log: who did what when. Rows are only ever added; erasing a contact empties the data of theirs."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, insert, update

from newsletter.store.tables import audit


def note(
    connection: Connection,
    action: str,
    subject: str,
    *,
    at: datetime,
    person_id: int | None,
    data: Mapping[str, Any] | None = None,
) -> None:
    """`subject` is `issue:1`, `contact:7`, ...; `data` holds no address."""
    values = {"at": at, "person_id": person_id, "action": action, "subject": subject, "data": dict(data or {})}
    connection.execute(insert(audit).values(values))


def empty(connection: Connection, subject: str) -> None:
    """What is noted of a subject loses its data; that something was done, when and by whom, stays."""
    connection.execute(update(audit).where(audit.c.subject == subject).values(data={}))
