"""Run rows, to be read: the steps of a run are in store/ledger/runs.py."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, select

from newsletter.model.delivery import RunState
from newsletter.store.ledger import STALE_AFTER
from newsletter.store.ledger.sql import sql
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


# Runs for which a dispatch would do something: a delivery is due and nobody alive has claimed it; or nothing waits, so
# that what is under way may have been left behind, or the run be done.
WORKABLE = """
    SELECT run.id
      FROM run
     WHERE run.state = 'sending'
       AND (EXISTS (SELECT 1 FROM delivery d
                     WHERE d.run_id = run.id AND d.state = 'pending' AND d.not_before <= :now
                       AND (d.claimed_until IS NULL OR d.claimed_until < :now
                            OR d.claim_id IN (SELECT id FROM worker
                                               WHERE stopped_at IS NOT NULL OR heartbeat_at < :stale)))
            OR NOT EXISTS (SELECT 1 FROM delivery d WHERE d.run_id = run.id AND d.state = 'pending'))
     ORDER BY run.id
"""

WITH_REST = """
    SELECT run.id FROM run
     WHERE run.state = :state
       AND EXISTS (SELECT 1 FROM delivery d WHERE d.run_id = run.id AND d.state = 'pending')
"""


def workable(connection: Connection, *, now: datetime) -> list[int]:
    statement = sql(WORKABLE, instants=("now", "stale"))
    return list(connection.execute(statement, {"now": now, "stale": now - STALE_AFTER}).scalars())


def launching_rehearsals(connection: Connection) -> list[int]:
    """Rehearsals that were begun and are not laid out."""
    begun = run.c.rehearsal, run.c.state == RunState.LAUNCHING.value
    return list(connection.execute(select(run.c.id).where(*begun).order_by(run.c.id)).scalars())


def with_rest(connection: Connection, state: RunState) -> list[int]:
    """Runs in this state some of whose deliveries still wait."""
    return list(connection.execute(sql(WITH_REST), {"state": state.value}).scalars())


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
