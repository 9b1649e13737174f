"""Run rows, to be read: the steps of a run are in store/ledger/runs.py."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, select

from newsletter.model.delivery import RunState
from newsletter.store.tables import run


@dataclass(frozen=True, slots=True)
class RunRow:
    id: int
    issue_id: int
    edition_id: int
    number: int
    rehearsal: bool
    state: RunState
    transport: str
    token_key: int
    audience: int | None
    reason: str | None
    launched_at: datetime
    done_at: datetime | None


def get(connection: Connection, id_: int) -> RunRow:
    return _run(connection.execute(select(run).where(run.c.id == id_)).one())


def of_issue(connection: Connection, issue_id: int) -> list[RunRow]:
    """In order of launch."""
    rows = connection.execute(select(run).where(run.c.issue_id == issue_id).order_by(run.c.number))
    return [_run(row) for row in rows]


def _run(row: Row[Any]) -> RunRow:
    return RunRow(
        id=row.id,
        issue_id=row.issue_id,
        edition_id=row.edition_id,
        number=row.number,
        rehearsal=bool(row.rehearsal),
        state=RunState(row.state),
        transport=row.transport,
        token_key=row.token_key,
        audience=row.audience,
        reason=row.reason,
        launched_at=row.launched_at,
        done_at=row.done_at,
    )
