"""Row 2 of a run with a canary: a first share leaves, the rest waits for word of it, then leaves by itself or stops."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, select, update

from newsletter.store.ledger.sql import sql
from newsletter.store.tables import run

# Of the first share: how many were begun, and how many of them went wrong (events are what the transport tells).
BEGUN = """
    SELECT COUNT(*) AS begun,
           SUM(CASE WHEN d.state = 'rejected' OR d.fate IN ('bounced', 'complained') THEN 1 ELSE 0 END) AS bad
      FROM delivery d
     WHERE d.run_id = :run AND d.state IN ('sending', 'accepted', 'rejected', 'unconfirmed')
"""


@dataclass(frozen=True, slots=True)
class Watch:
    """How long word of the first share is waited for, and at which part of it gone wrong the run stops."""

    wait: timedelta
    stop_at: float


@dataclass(frozen=True, slots=True)
class Held:
    """`size`: at most so many now; `until`: none before then; `stop`: why the run must pause."""

    size: int | None = None
    until: datetime | None = None
    stop: str | None = None


def watch(connection: Connection, run_id: int, how: Watch, *, now: datetime) -> Held:
    """What the canary of a run allows now; nothing is held where it has none, or it is over."""
    row = connection.execute(select(run.c.canary, run.c.canary_until).where(run.c.id == run_id)).one()
    if row.canary is None:
        return Held()
    found = connection.execute(sql(BEGUN), {"run": run_id}).one()
    begun, bad = int(found.begun), int(found.bad or 0)
    if row.canary_until is None and begun < row.canary:
        return Held(size=row.canary - begun)
    if row.canary_until is None:
        _set(connection, run_id, row.canary, now + how.wait)
        return Held(until=now + how.wait)
    if now < row.canary_until:
        return Held(until=row.canary_until)
    if bad >= how.stop_at * max(begun, 1):
        return Held(stop=f"Paused by itself: {bad} of the first {begun} messages were refused or bounced.")
    end_canary(connection, run_id)
    return Held()


def end_canary(connection: Connection, run_id: int) -> None:
    """The rest may go; of a run that it stopped: once somebody resumes it."""
    _set(connection, run_id, None, None)


def _set(connection: Connection, run_id: int, canary: int | None, until: datetime | None) -> None:
    connection.execute(update(run).where(run.c.id == run_id).values(canary=canary, canary_until=until))
