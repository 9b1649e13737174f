"""Row 3: pending -> sending. Committed before the body of the message can leave; else nothing may be written."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import Connection

from newsletter.store.ledger.quick import Quick
from newsletter.store.ledger.sql import by_id, may_not_write

# Claim is mine, run still sending, not suppressed in a scope that covers this publication, still entitled.
INTEND = f"""
    UPDATE delivery
       SET state = 'sending', attempts = attempts + 1, trying_since = COALESCE(trying_since, :now),
           claim_id = NULL, claimed_until = NULL, changed_at = :now
      FROM run
     WHERE delivery.id IN :ids
       AND {by_id("delivery.state")} = 'pending'
       AND delivery.claim_id = :worker
       AND run.id = delivery.run_id
       AND run.state = 'sending'
       AND {may_not_write("delivery.contact_id", "delivery.address_key")} IS NULL
    RETURNING delivery.id
"""

# Row 8, for those that row 3 refused: whoever unsubscribed meanwhile is left out, with the reason.
SKIP = f"""
    UPDATE delivery
       SET state = 'skipped', reason = {may_not_write("delivery.contact_id", "delivery.address_key")},
           serves = NULL, claim_id = NULL, claimed_until = NULL, changed_at = :now
      FROM run
     WHERE delivery.id IN :ids
       AND {by_id("delivery.state")} = 'pending'
       AND delivery.claim_id = :worker
       AND run.id = delivery.run_id
       AND run.state = 'sending'
       AND {may_not_write("delivery.contact_id", "delivery.address_key")} IS NOT NULL
    RETURNING delivery.id, delivery.reason
"""

REQUEST = """
    INSERT INTO request (worker_id, transport, started_at) VALUES (:worker, :transport, :now) RETURNING id
"""

ATTEMPTS = """
    INSERT INTO attempt (delivery_id, number, worker_id, request_id, transport, state, ordered_by, started_at)
    SELECT id, attempts, :worker, CAST(:request AS BIGINT), :transport, 'intent', ordered_by, :now
      FROM delivery
     WHERE id IN :ids
    RETURNING id, delivery_id, number
"""


@dataclass(frozen=True, slots=True)
class Intent:
    """What may now be written, and only this: attempt and number, by delivery. `skipped`: left out, with reasons."""

    attempts: dict[int, tuple[int, int]] = field(default_factory=dict)
    skipped: dict[int, str] = field(default_factory=dict)
    request: int | None = None
    at: datetime | None = None

    def only(self, deliveries: Sequence[int]) -> Intent:
        """The part of the answer that is about these deliveries."""
        return Intent(
            {each: self.attempts[each] for each in deliveries if each in self.attempts},
            {each: self.skipped[each] for each in deliveries if each in self.skipped},
            self.request,
            self.at,
        )


def intend(
    connection: Connection,
    deliveries: Sequence[int],
    worker: int,
    *,
    transport: str,
    now: datetime,
    grouped: bool = False,
) -> Intent:
    """Turns claimed deliveries into attempts. `grouped`: one call of the transport carries them all (a request row)."""
    quick = Quick(connection)
    values = {"ids": list(deliveries), "worker": worker, "now": now}
    allowed = [row[0] for row in quick.rows(INTEND, values)]
    skipped = dict(quick.rows(SKIP, values)) if len(allowed) < len(deliveries) else {}
    if not allowed:
        return Intent(skipped=skipped, at=now)
    shared = {"worker": worker, "transport": transport, "now": now}
    request = quick.rows(REQUEST, shared)[0][0] if grouped else None
    attempts = quick.rows(ATTEMPTS, shared | {"ids": allowed, "request": request})
    return Intent({delivery: (attempt, number) for attempt, delivery, number in attempts}, skipped, request, now)
