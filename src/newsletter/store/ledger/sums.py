"""The proof: every contact of the audience is in exactly one state (invariant 3)."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection

from newsletter.model.delivery import DeliveryState, Sums
from newsletter.store.ledger.sql import sql
from newsletter.store.types import Instant

# A run that is still launching has no audience yet: it counts once all its deliveries are there.
RUN_SUMS = """
    SELECT 'audience' AS state, COALESCE(SUM(audience), 0) AS number FROM run WHERE id = :id AND state <> 'launching'
    UNION ALL
    SELECT d.state, COUNT(*) FROM delivery d JOIN run ON run.id = d.run_id
     WHERE run.id = :id AND run.state <> 'launching'
     GROUP BY d.state
"""

ISSUE_SUMS = """
    SELECT 'audience' AS state, COALESCE(SUM(audience), 0) AS number
      FROM run WHERE issue_id = :id AND state <> 'launching' AND NOT rehearsal
    UNION ALL
    SELECT d.state, COUNT(*) FROM delivery d JOIN run ON run.id = d.run_id
     WHERE run.issue_id = :id AND run.state <> 'launching' AND NOT run.rehearsal
     GROUP BY d.state
"""

# When the next waiting delivery may be tried; NULL where none waits.
NEXT_DUE = "SELECT MIN(not_before) AS next_at FROM delivery WHERE run_id = :run AND state = 'pending'"


def run_sums(connection: Connection, run: int) -> Sums:
    return _sums(connection, RUN_SUMS, run)


def issue_sums(connection: Connection, issue: int) -> Sums:
    """Over all runs of an issue, rehearsals apart."""
    return _sums(connection, ISSUE_SUMS, issue)


def next_due(connection: Connection, run: int) -> datetime | None:
    found: datetime | None = connection.execute(sql(NEXT_DUE, returns={"next_at": Instant}), {"run": run}).scalar()
    return found


def _sums(connection: Connection, statement: str, id_: int) -> Sums:
    numbers = {row.state: int(row.number) for row in connection.execute(sql(statement), {"id": id_})}
    audience = numbers.pop("audience")
    return Sums(audience, {DeliveryState(state): number for state, number in numbers.items()})
