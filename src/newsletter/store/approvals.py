"""Approvals: each names what was seen by hash, and stays in the record when it is void."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, insert, select, update

from newsletter.store.tables import approval, edition


@dataclass(frozen=True, slots=True)
class ApprovalRow:
    id: int
    edition_id: int
    edition_hash: str
    recipient_count: int
    language: str | None
    language_hash: str | None
    person_id: int
    decision: str
    comment: str | None
    at: datetime
    void_at: datetime | None


def add(connection: Connection, **values: Any) -> None:
    connection.execute(insert(approval).values(values))


def valid(connection: Connection, edition_id: int) -> list[ApprovalRow]:
    """The standing approvals of an edition, oldest first."""
    statement = (
        select(approval)
        .where(approval.c.edition_id == edition_id, approval.c.void_at.is_(None), approval.c.decision == "approved")
        .order_by(approval.c.id)
    )
    return [ApprovalRow(**row._mapping) for row in connection.execute(statement)]


def void_all(connection: Connection, issue_id: int, *, now: datetime) -> int:
    """A change voids what it touches; says how many approvals stood."""
    editions = select(edition.c.id).where(edition.c.issue_id == issue_id)
    statement = (
        update(approval).where(approval.c.edition_id.in_(editions), approval.c.void_at.is_(None)).values(void_at=now)
    )
    return connection.execute(statement).rowcount
