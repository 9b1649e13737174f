"""A run, carried by whoever keeps the schedule: in turns with other runs, over to the next transport where one cannot
be reached, and with word to staff where it paused by itself.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, delete, insert, select, update

from newsletter.dispatch.post import Ended, Report
from newsletter.model.delivery import RunState
from newsletter.store import audit, editions, issues, runs
from newsletter.store.engine import reading, writing
from newsletter.store.runs import RunRow
from newsletter.store.tables import hold
from newsletter.store.tables import run as run_table
from newsletter.workflow.context import Context
from newsletter.workflow.sending import notices
from newsletter.workflow.sending.send import Stopping, send

Defer = Callable[[str, str], None]
Send = Callable[..., Report]

SEND = "send"  # the kind of work
TURN = 20.0  # seconds that a run goes on while others wait
LOOK = 1.0  # seconds between looks whether any do
NOT_REACHED = ""  # the "domain" of a hold that is about a transport as a whole


@dataclass
class Turn:
    """Set where the program is to stop, or where this run has had its turn and another waits."""

    stopping: Stopping
    others: Callable[[], bool]
    clock: Callable[[], float] = time.monotonic
    _looks_at: float = 0.0

    def __post_init__(self) -> None:
        self._looks_at = self.clock() + TURN

    def is_set(self) -> bool:
        if self.stopping.is_set():
            return True
        if self.clock() < self._looks_at:
            return False
        self._looks_at = self.clock() + LOOK
        return self.others()


def carry(ctx: Context, run_id: int, *, stopping: Stopping, defer: Defer, dispatch: Send = send) -> Report:
    """Sends what is due of a run for a turn; what is left, and who waited meanwhile, is deferred anew."""
    turn = Turn(stopping, lambda: bool(_others(ctx, run_id)))
    report = dispatch(ctx, run_id, stopping=turn)
    with reading(ctx.engine) as connection:
        run = runs.get(connection, run_id)
    if run.rehearsal:
        pass
    elif report.ended is Ended.UNAVAILABLE:
        if _left_for_the_next(ctx, run, report.reason or ""):
            defer(SEND, str(run_id))
    else:
        _reached(ctx, run.transport)
        if report.by_itself:
            with reading(ctx.engine) as connection:
                issue = issues.get(connection, run.issue_id)
            notices.halted(ctx, issue, report.reason or "")
    if report.ended is Ended.STOPPED and not stopping.is_set():
        for each in (*_others(ctx, run_id), run_id):
            defer(SEND, str(each))
    return report


def _others(ctx: Context, run_id: int) -> list[int]:
    with reading(ctx.engine) as connection:
        return [each for each in runs.workable(connection, now=ctx.clock.now()) if each != run_id]


# Failover


def _left_for_the_next(ctx: Context, run: RunRow, reason: str) -> bool:
    """Whether the run goes over to the next transport that its approval names.

    Only what was not begun goes on there: an attempt of unknown outcome stays unconfirmed, wherever it was made.
    """
    now = ctx.clock.now()
    with writing(ctx.engine) as connection:
        since = _not_reached_since(connection, run.transport, reason, now)
        named = [str(each) for each in editions.get(connection, run.edition_id).definition["transports"]]
        after = named[named.index(run.transport) + 1 :] if run.transport in named else []
        usable = [each for each in after if each in ctx.settings.transports]
        if not usable or now - since < ctx.settings.failover_after:
            return False
        moved = update(run_table).where(
            run_table.c.id == run.id,
            run_table.c.transport == run.transport,
            run_table.c.state == RunState.SENDING.value,
        )
        connection.execute(moved.values(transport=usable[0]))
        told = {"from": run.transport, "to": usable[0], "since": since.isoformat(), "reason": reason}
        audit.note(connection, "failover", f"run {run.id}", at=now, person_id=None, data=told)
    return True


def _not_reached_since(connection: Connection, transport: str, reason: str, now: datetime) -> datetime:
    """When it first could not be reached, without having been since."""
    there = hold.c.transport == transport, hold.c.domain == NOT_REACHED
    since: datetime | None = connection.execute(select(hold.c.at).where(*there)).scalar()
    if since is None:
        values = {"transport": transport, "domain": NOT_REACHED, "until": now, "tries": 0, "reason": reason, "at": now}
        connection.execute(insert(hold).values(values))
    return since or now


def _reached(ctx: Context, transport: str) -> None:
    there = hold.c.transport == transport, hold.c.domain == NOT_REACHED
    with reading(ctx.engine) as connection:
        if connection.execute(select(hold.c.at).where(*there)).first() is None:
            return
    with writing(ctx.engine) as connection:
        connection.execute(delete(hold).where(*there))
