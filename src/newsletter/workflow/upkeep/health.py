"""What the people who run the program watch: is it alive, is it ready, how is the sending."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, func, select

from newsletter.model.delivery import DeliveryState, RunState
from newsletter.model.recurrence import FiringState
from newsletter.store import ledger
from newsletter.store.engine import reading, sentence_of
from newsletter.store.ledger import STALE_AFTER
from newsletter.store.ledger.sql import sql
from newsletter.store.migrate import HEAD, current
from newsletter.store.tables import attempt, firing, hold, run, worker
from newsletter.store.types import Instant
from newsletter.workflow.context import Context

OPEN = [state.value for state in RunState if state not in (RunState.DONE, RunState.CANCELLED)]

# Per open run, so that the indexes of one run are walked and not the deliveries of years.
OLDEST = """
    SELECT MIN(d.not_before) AS oldest FROM delivery d WHERE d.run_id = :run AND d.state = 'pending'
"""
CLAIMED = """
    SELECT COUNT(*) FROM delivery d WHERE d.run_id = :run AND d.state = 'pending' AND d.claimed_until >= :now
"""


@dataclass(frozen=True, slots=True)
class Health:
    """Numbers of this moment. Deliveries are those of runs that are not over."""

    runs: Mapping[str, int] = field(default_factory=dict)
    deliveries: Mapping[str, int] = field(default_factory=dict)
    claimed: int = 0
    queue_age: float = 0.0  # seconds that the oldest delivery which is due has waited
    workers: int = 0  # that live
    halted: int = 0  # runs that the program paused by itself: the breaker, a refused log-in
    resting_domains: int = 0
    missed: int = 0  # moments of the schedule at which nobody was there
    attempts: int = 0  # ever made: what a rate is taken of
    database_seconds: float = 0.0  # that all these questions took


def readiness(ctx: Context) -> str | None:
    """Why no request should be sent here; None where all is well."""
    try:
        found = current(ctx.engine)
    except Exception as error:
        return sentence_of(error) or f"The database cannot be read ({type(error).__name__})."
    return None if found == HEAD else f"The database has the schema {found}, this program needs {HEAD}."


def health(ctx: Context) -> Health:
    now, begun = ctx.clock.now(), time.perf_counter()
    with reading(ctx.engine) as connection:
        numbers = _numbers(connection, now)
    return Health(**numbers, database_seconds=time.perf_counter() - begun)


def _numbers(connection: Connection, now: datetime) -> dict[str, Any]:
    counted = select(run.c.state, func.count()).where(run.c.state.in_(OPEN)).group_by(run.c.state)
    states = {str(state): int(number) for state, number in connection.execute(counted)}
    open_runs = list(connection.execute(select(run.c.id).where(run.c.state.in_(OPEN))).scalars())
    oldest = [_oldest(connection, each) for each in open_runs]
    due = [at for at in oldest if at is not None and at <= now]
    return {
        "runs": {state: states.get(state, 0) for state in OPEN},
        "deliveries": _deliveries(connection, open_runs),
        "claimed": sum(_claimed(connection, each, now) for each in open_runs),
        "queue_age": (now - min(due)).total_seconds() if due else 0.0,
        "workers": _count(connection, worker, worker.c.stopped_at.is_(None), worker.c.heartbeat_at > now - STALE_AFTER),
        "halted": _count(connection, run, run.c.state == RunState.PAUSED.value, run.c.reason.is_not(None)),
        "resting_domains": _count(connection, hold, hold.c.until > now),
        "missed": _count(connection, firing, firing.c.state == FiringState.MISSED.value),
        "attempts": int(connection.execute(select(func.max(attempt.c.id))).scalar() or 0),
    }


def _deliveries(connection: Connection, open_runs: list[int]) -> dict[str, int]:
    sums = [ledger.run_sums(connection, each) for each in open_runs]
    return {state.value: sum(each[state] for each in sums) for state in DeliveryState}


def _oldest(connection: Connection, run_id: int) -> datetime | None:
    found: datetime | None = connection.execute(sql(OLDEST, returns={"oldest": Instant}), {"run": run_id}).scalar()
    return found


def _claimed(connection: Connection, run_id: int, now: datetime) -> int:
    return int(connection.execute(sql(CLAIMED, instants=("now",)), {"run": run_id, "now": now}).scalar_one())


def _count(connection: Connection, table: Any, *where: Any) -> int:
    return int(connection.execute(select(func.count()).select_from(table).where(*where)).scalar_one())
