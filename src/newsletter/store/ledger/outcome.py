"""Rows 4, 5 and 6: what became of an attempt. Its own worker reports (4, 5); proof may come later (6)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from newsletter.model.delivery import DELIVERY_AFTER, AttemptState, DeliveryState
from newsletter.store.ledger.quick import Quick
from newsletter.store.ledger.sql import by_id

# Rows 4 and 5: attempt is mine, is the delivery's last, and has no outcome yet.
DELIVERY_OUTCOME = f"""
    UPDATE delivery
       SET state = :state, reason = :reason, not_before = COALESCE(:not_before, not_before), changed_at = :now
     WHERE id = :delivery
       AND {by_id("state")} = 'sending'
       AND EXISTS (SELECT 1 FROM attempt a
                    WHERE a.id = :attempt AND a.delivery_id = delivery.id AND a.number = delivery.attempts
                      AND a.worker_id = :worker AND {by_id("a.state")} = 'intent')
"""

ATTEMPT_OUTCOME = f"""
    UPDATE attempt
       SET state = :attempt_state, reply = :reply, provider_id = :provider_id, finished_at = :now
     WHERE id = :attempt AND worker_id = :worker AND {by_id("state")} = 'intent'
"""

# Row 6: attempt matches: it is the delivery's last. That any attempt arrived settles the delivery too.
DELIVERY_SETTLED = """
    UPDATE delivery
       SET state = :state, reason = :reason, not_before = COALESCE(:not_before, not_before), changed_at = :now
     WHERE id = :delivery
       AND state = 'unconfirmed'
       AND EXISTS (SELECT 1 FROM attempt a
                    WHERE a.id = :attempt AND a.delivery_id = delivery.id AND a.state = 'unconfirmed'
                      AND (a.number = delivery.attempts OR :attempt_state = 'accepted'))
"""

ATTEMPT_SETTLED = """
    UPDATE attempt
       SET state = :attempt_state, reply = :reply, provider_id = COALESCE(:provider_id, provider_id), finished_at = :now
     WHERE id = :attempt AND state = 'unconfirmed'
"""

REQUEST_DONE = "UPDATE request SET finished_at = :now, status = :status, provider_id = :provider_id WHERE id = :request"


@dataclass(frozen=True, slots=True)
class Record:
    """An outcome to write down. `not_before`: when a deferred one may be tried again."""

    delivery: int
    attempt: int
    state: AttemptState
    reply: str = ""
    provider_id: str | None = None
    not_before: datetime | None = None
    request: int | None = None


def record(connection: Connection, outcomes: Sequence[Record], worker: int, *, now: datetime) -> None:
    """Writes what this worker's attempts came to. One that was given up as unconfirmed meanwhile is settled (row 6)."""
    if not outcomes:
        return
    quick = Quick(connection)
    mine = [_values(each, quick, quick.bound(now)) | {"worker": worker} for each in outcomes]
    quick.each(DELIVERY_OUTCOME, mine)
    if quick.each(ATTEMPT_OUTCOME, mine) < len(mine):
        settle(connection, outcomes, now=now)  # of those just written, row 6 touches none
    requests = {each.request: each for each in outcomes if each.request is not None}
    if requests:
        quick.each(REQUEST_DONE, [_request(each, quick.bound(now)) for each in requests.values()])


def settle(connection: Connection, proofs: Sequence[Record], *, now: datetime) -> int:
    """Row 6: a late reply, an event or a probe settles what was unconfirmed; says how many deliveries it settled."""
    quick = Quick(connection)
    at = quick.bound(now)
    proven = [_values(each, quick, at) for each in proofs if each.state is not AttemptState.UNCONFIRMED]
    if not proven:
        return 0
    settled = quick.each(DELIVERY_SETTLED, proven)
    quick.each(ATTEMPT_SETTLED, proven)
    return settled


def _values(record: Record, quick: Quick, now: Any) -> dict[str, Any]:
    after = DELIVERY_AFTER[record.state]
    final = after in (DeliveryState.REJECTED, DeliveryState.UNCONFIRMED)
    return {
        "delivery": record.delivery,
        "attempt": record.attempt,
        "state": after.value,
        "attempt_state": record.state.value,
        "reason": record.reply if final else None,
        "reply": record.reply,
        "provider_id": record.provider_id,
        "not_before": quick.bound(record.not_before),
        "now": now,
    }


def _request(record: Record, now: Any) -> dict[str, Any]:
    return {"request": record.request, "status": record.state.value, "provider_id": record.provider_id, "now": now}
