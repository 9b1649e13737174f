"""Rows 7 and 9, and what a person decides about unconfirmed deliveries. Each names the person in an audit row."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, insert

from newsletter.model.delivery import DeliveryState
from newsletter.store.ledger.sql import may_not_write, sql
from newsletter.store.tables import audit

# Row 7: unconfirmed -> pending; a named person ordered another attempt, which may arrive twice.
RESEND = """
    UPDATE delivery
       SET state = 'pending', reason = NULL, ordered_by = :person, not_before = :now, trying_since = NULL,
           changed_at = :now
     WHERE id IN :ids AND state = 'unconfirmed'
       AND EXISTS (SELECT 1 FROM run WHERE run.id = delivery.run_id AND run.state <> 'cancelled')
    RETURNING id
"""

# Row 6, by a named person who knows: unconfirmed -> accepted (it arrived) or rejected (it did not, and shall not).
DECIDE = """
    UPDATE delivery
       SET state = :state, reason = :reason, changed_at = :now
     WHERE id IN :ids AND state = 'unconfirmed'
    RETURNING id
"""

# The contact's address as it is now: a mended one reaches whom the old one did not.
NOW = "COALESCE((SELECT c.{0} FROM contact c WHERE c.id = delivery.contact_id), delivery.{0})"

# Row 9: rejected -> pending; a named person ordered another attempt; not suppressed and still entitled as in row 3,
# and nobody else of the issue has been written to at this address.
RETRY = f"""
    UPDATE delivery
       SET state = 'pending', reason = NULL, not_before = :now, trying_since = NULL, changed_at = :now,
           address = {NOW.format("address")}, domain = {NOW.format("domain")},
           address_key = {NOW.format("address_key")}
      FROM run
     WHERE delivery.id IN :ids AND delivery.state = 'rejected'
       AND run.id = delivery.run_id AND run.state <> 'cancelled'
       AND {may_not_write("delivery.contact_id", NOW.format("address_key"))} IS NULL
       AND NOT EXISTS (SELECT 1 FROM delivery o
                        WHERE o.serves = delivery.serves AND o.id <> delivery.id
                          AND o.address_key = {NOW.format("address_key")})
    RETURNING delivery.id
"""

# A run that was done goes on when some of its deliveries are to be tried again.
REOPEN = """
    UPDATE run SET state = 'sending', done_at = NULL
     WHERE state = 'done' AND id IN (SELECT run_id FROM delivery WHERE id IN :ids)
"""


def resend(connection: Connection, deliveries: Sequence[int], *, person: int, now: datetime) -> list[int]:
    """Row 7: sends unconfirmed deliveries again, although they may arrive twice. Says which."""
    return _again(connection, RESEND, "resend unconfirmed", deliveries, person, now)


def retry(connection: Connection, deliveries: Sequence[int], *, person: int, now: datetime) -> list[int]:
    """Row 9: tries refused deliveries again, where we may still write to the contact. Says which."""
    return _again(connection, RETRY, "retry rejected", deliveries, person, now)


def decide(
    connection: Connection,
    deliveries: Sequence[int],
    state: DeliveryState,
    *,
    person: int,
    now: datetime,
    why: str = "",
) -> list[int]:
    """Row 6: a person settles unconfirmed deliveries as accepted or rejected. Says which."""
    if state not in (DeliveryState.ACCEPTED, DeliveryState.REJECTED):
        raise ValueError(f"a person settles as accepted or rejected, not as {state.value}")
    values = {"ids": list(deliveries), "state": state.value, "reason": why or None, "now": now}
    done = list(connection.execute(sql(DECIDE, instants=("now",), lists=("ids",)), values).scalars())
    write_audit(connection, f"settle as {state.value}", done, person=person, now=now, why=why)
    return done


def _again(
    connection: Connection, statement: str, action: str, deliveries: Sequence[int], person: int, now: datetime
) -> list[int]:
    values = {"ids": list(deliveries), "person": person, "now": now}
    done = list(connection.execute(sql(statement, instants=("now",), lists=("ids",)), values).scalars())
    if done:
        connection.execute(sql(REOPEN, lists=("ids",)), {"ids": done})
    write_audit(connection, action, done, person=person, now=now)
    return done


def write_audit(
    connection: Connection, action: str, deliveries: Sequence[int], *, person: int, now: datetime, **data: Any
) -> None:
    """One row for each delivery, so that its history can be read by its subject."""
    rows = [
        {"at": now, "person_id": person, "action": action, "subject": f"delivery {each}", "data": data}
        for each in deliveries
    ]
    if rows:
        connection.execute(insert(audit), rows)
