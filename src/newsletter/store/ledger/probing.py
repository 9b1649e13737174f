"""What is unconfirmed, as a probe or a person needs to see it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from newsletter.store.ledger.sql import sql
from newsletter.store.types import Instant

UNCONFIRMED = """
    SELECT a.id AS attempt, d.id AS delivery, d.run_id AS run, d.address, a.started_at, a.provider_id,
           a.request_id AS request
      FROM delivery d JOIN attempt a ON a.delivery_id = d.id AND a.number = d.attempts
     WHERE d.run_id = :run AND d.state = 'unconfirmed' AND a.state = 'unconfirmed' AND a.transport = :transport
     ORDER BY d.id
"""


@dataclass(frozen=True, slots=True)
class Unconfirmed:
    attempt: int
    delivery: int
    run: int
    address: str | None
    started_at: datetime
    provider_id: str | None
    request: int | None


def unconfirmed(connection: Connection, run: int, transport: str) -> Iterator[Unconfirmed]:
    """The unconfirmed attempts of a run that this transport made."""
    statement = sql(UNCONFIRMED, returns={"started_at": Instant})
    for row in connection.execute(statement, {"run": run, "transport": transport}):
        yield Unconfirmed(**row._mapping)
