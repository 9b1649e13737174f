"""Row 2: pending -> pending, claimed. A claim reserves rows for one worker, and expires."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection

from newsletter.store.ledger.quick import Quick, from_json
from newsletter.store.ledger.sql import skip_locked, sql
from newsletter.store.types import instant

LEASE = timedelta(minutes=10)

# Due, run sending, unclaimed or the claim expired. Oldest first; among equals, in the order of the launch.
CLAIM = """
    WITH due AS MATERIALIZED (
        SELECT d.id
          FROM delivery d
         WHERE d.run_id = :run
           AND d.state = 'pending'
           AND d.not_before <= :now
           AND (d.claimed_until IS NULL OR d.claimed_until < :now){without}
           AND EXISTS (SELECT 1 FROM run WHERE run.id = :run AND run.state = 'sending')
         ORDER BY d.not_before, d.id
         LIMIT :size {skip_locked}
    )
    UPDATE delivery
       SET claim_id = :worker, claimed_until = :until
     WHERE id IN (SELECT id FROM due)
    RETURNING field_values, due_at, not_before, id, run_id, issue_id, contact_id, language, variant, address, domain
"""

WITHOUT = """
           AND (d.domain IS NULL OR d.domain NOT IN :without)"""

UNCLAIM = "UPDATE delivery SET claim_id = NULL, claimed_until = NULL WHERE id IN :ids AND state = 'pending'"

# A worker that stops gives back what it has not begun.
RELEASE = """
    UPDATE delivery
       SET claim_id = NULL, claimed_until = NULL
     WHERE run_id = :run AND state = 'pending' AND claim_id = :worker
"""


@dataclass(frozen=True, slots=True)
class Claimed:
    """All that is needed to make one message."""

    field_values: list[Any]
    due_at: datetime
    not_before: datetime
    id: int
    run_id: int
    issue_id: int
    contact_id: int
    language: str
    variant: int
    address: str
    domain: str


def claim(
    connection: Connection, run: int, worker: int, *, size: int, now: datetime, without: Sequence[str] = ()
) -> list[Claimed]:
    """Reserves up to `size` deliveries that are due, in the order in which they should leave; none of some domains."""
    statement = CLAIM.format(skip_locked=skip_locked(connection), without=WITHOUT if without else "")
    values: dict[str, Any] = {"run": run, "worker": worker, "size": size, "now": now, "until": now + LEASE}
    if without:
        values["without"] = list(without)
    rows = [_claimed(*row) for row in Quick(connection).rows(statement, values)]
    return sorted(rows, key=lambda row: (row.not_before, row.id))


def _claimed(field_values: Any, due_at: Any, not_before: Any, *others: Any) -> Claimed:
    return Claimed(from_json(field_values), instant(due_at), instant(not_before), *others)


def unclaim(connection: Connection, deliveries: Sequence[int]) -> None:
    """Gives back some of what was claimed in this very transaction."""
    connection.execute(sql(UNCLAIM, lists=("ids",)), {"ids": list(deliveries)})


def release(connection: Connection, run: int, worker: int) -> int:
    """Gives back the claims of a worker that stops."""
    return connection.execute(sql(RELEASE), {"run": run, "worker": worker}).rowcount
