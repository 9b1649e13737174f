"""What is learnt later: an event is written once, fate only rises, an attempt that it names was accepted (row 6)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Connection
from sqlalchemy.dialects import postgresql, sqlite

from newsletter.model.delivery import AttemptState, Fate
from newsletter.store.ledger.outcome import Record, settle
from newsletter.store.ledger.sql import sql
from newsletter.store.tables import event

RANK = "CASE {} WHEN 'complained' THEN 3 WHEN 'bounced' THEN 2 WHEN 'delivered' THEN 1 ELSE 0 END"
FATE = f"UPDATE delivery SET fate = :fate WHERE id = :delivery AND {RANK.format('fate')} < {RANK.format(':fate')}"

NAMED = """
    SELECT a.id, a.delivery_id, a.request_id, a.state, d.address_key
      FROM attempt a JOIN delivery d ON d.id = a.delivery_id
     WHERE a.id IN :ids
"""
# SendGrid takes or refuses a request whole: what one of its messages met, all were accepted for.
SAME_REQUEST = "SELECT id, delivery_id FROM attempt WHERE request_id IN :requests AND state = 'unconfirmed'"

# An event may come before its worker is known to be dead.
KNOWN = """
    SELECT DISTINCT a.id, a.delivery_id
      FROM delivery d
      JOIN attempt a ON a.delivery_id = d.id AND a.state = 'unconfirmed'
      JOIN event e ON e.delivery_id = d.id AND e.attempt_id = a.id
     WHERE d.run_id = :run AND d.state = 'unconfirmed'
"""


@dataclass(frozen=True, slots=True)
class Learnt:
    """An event as the ledger keeps it; `data` holds no address."""

    attempt: int
    delivery: int
    kind: str
    at: datetime
    id: str | None = None  # the provider's, by which a duplicate is known
    fate: Fate | None = None
    words: str = ""
    provider_id: str | None = None
    data: Mapping[str, Any] = field(default_factory=dict)


def learn(
    connection: Connection, events: Sequence[Learnt], *, now: datetime, whole_request: bool
) -> tuple[int, dict[int, str]]:
    """Writes what is new; says how many deliveries that settled, and the address keys of those that are ours.

    In any order, any number of times: the outcome is the same. `whole_request`: an event of one message settles all
    that its request carried.
    """
    named = {
        row.id: row for row in connection.execute(sql(NAMED, lists=("ids",)), {"ids": [e.attempt for e in events]})
    }
    ours = [each for each in events if each.attempt in named and named[each.attempt].delivery_id == each.delivery]
    if not ours:
        return 0, {}
    _write(connection, ours, now)
    fates = [{"fate": each.fate.value, "delivery": each.delivery} for each in ours if each.fate]
    if fates:
        connection.execute(sql(FATE), fates)
    proofs = {
        each.attempt: Record(each.delivery, each.attempt, AttemptState.ACCEPTED, each.words, each.provider_id)
        for each in ours
        if named[each.attempt].state == AttemptState.UNCONFIRMED.value
    }
    if whole_request:
        proofs |= _of_same_request(connection, [named[each].request_id for each in proofs]) | proofs
    settled = settle(connection, list(proofs.values()), now=now)
    return settled, {each.attempt: named[each.attempt].address_key for each in ours}


def settle_by_events(connection: Connection, run: int, *, now: datetime) -> int:
    """Unconfirmed attempts of a run of which an event is known already."""
    rows = connection.execute(sql(KNOWN), {"run": run})
    words = "an event of it had arrived before"
    return settle(connection, [Record(row.delivery_id, row.id, AttemptState.ACCEPTED, words) for row in rows], now=now)


def _of_same_request(connection: Connection, requests: Sequence[int | None]) -> dict[int, Record]:
    numbers = sorted({each for each in requests if each is not None})
    if not numbers:
        return {}
    rows = connection.execute(sql(SAME_REQUEST, lists=("requests",)), {"requests": numbers})
    words = "an event of another message of the same request arrived"
    return {row.id: Record(row.delivery_id, row.id, AttemptState.ACCEPTED, words) for row in rows}


def _write(connection: Connection, events: Sequence[Learnt], now: datetime) -> None:
    rows = [
        {
            "delivery_id": each.delivery,
            "attempt_id": each.attempt,
            "kind": each.kind,
            "provider_event": each.id,
            "data": dict(each.data),
            "at": each.at,
            "received_at": now,
        }
        for each in events
    ]
    into = postgresql.insert(event) if connection.dialect.name == "postgresql" else sqlite.insert(event)
    connection.execute(into.on_conflict_do_nothing(), rows)
