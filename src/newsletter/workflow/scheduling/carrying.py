"""A run, carried by whoever keeps the schedule: in turns with other runs, over to the next transport where one cannot
be reached, and with word to staff where it paused by itself.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from math import inf

from sqlalchemy import Connection, delete, insert, select, update

from newsletter.dispatch.post import Ended, Report
from newsletter.model.delivery import RunState
from newsletter.store import audit, editions, issues, runs
from newsletter.store.engine import reading, writing
from newsletter.store.runs import RunRow
from newsletter.store.tables import hold
from newsletter.store.tables import run as run_table
from newsletter.workflow.context import Context
from newsletter.workflow.scheduling.work import SEND, Defer
from newsletter.workflow.sending import notices
from newsletter.workflow.sending.send import Stopping, send

Send = Callable[..., Report]

TURN = 20.0  # seconds that a run goes on while others wait
LOOK = 0.25  # seconds between looks whether any do
NOT_REACHED = ""  # the "domain" of a hold that is about a transport as a whole


@dataclass
class Turns:
    """The turns that runs have had in this program. One that has had none lately waits for nobody's turn to end."""

    clock: Callable[[], float] = time.monotonic
    _ended: dict[int, float] = field(default_factory=dict)
    _cut_short: set[int] = field(default_factory=set)

    def end(self, run: int) -> None:
        """Counted from here: one that takes long to find its mail server away would else cut in again at once."""
        self._ended[run] = self.clock()
        self._cut_short.discard(run)

    def cut_short(self, run: int) -> None:
        """It had more to send, so from now on it takes turns with the others."""
        self._cut_short.add(run)

    def at_once(self, run: int) -> bool:
        return run not in self._cut_short and self.clock() - self._ended.get(run, -inf) >= TURN


@dataclass
class Turn:
    """Set where the program is to stop, where a run waits that has had no turn yet (a small alert behind a large
    digest), or where this one has had its turn and any other waits."""

    stopping: Stopping
    others: Callable[[], list[int]]
    turns: Turns
    _ends_at: float = field(init=False)
    _looks_at: float = field(init=False)

    def __post_init__(self) -> None:
        self._ends_at, self._looks_at = self.turns.clock() + TURN, self.turns.clock() + LOOK

    def is_set(self) -> bool:
        if self.stopping.is_set():
            return True
        if (now := self.turns.clock()) < self._looks_at:
            return False
        self._looks_at = now + LOOK
        return any(now >= self._ends_at or self.turns.at_once(each) for each in self.others())


def carry(
    ctx: Context, run_id: int, *, stopping: Stopping, defer: Defer, turns: Turns, dispatch: Send = send
) -> Report:
    """Sends what is due of a run for a turn; what is left, and who waited meanwhile, is deferred anew."""
    turn = Turn(stopping, lambda: _others(ctx, run_id), turns)
    try:
        report = dispatch(ctx, run_id, stopping=stopping, turn=turn)
    finally:
        turns.end(run_id)
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
    if report.ended in (Ended.STOPPED, Ended.CANCELLED) and not stopping.is_set():
        for each in sorted(_others(ctx, run_id), key=turns.at_once, reverse=True):
            defer(SEND, str(each))
        if report.ended is Ended.STOPPED:
            turns.cut_short(run_id)
            defer(SEND, str(run_id))
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
