"""What is done from time to time, in bites: giving up, leaving out, sweeping away, asking after doubts."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from sqlalchemy import Connection

from newsletter.model.delivery import RunState
from newsletter.store import documents, ledger, runs
from newsletter.store.engine import reading, writing
from newsletter.workflow.context import Context
from newsletter.workflow.scheduling.doubts import ask_after_doubts


def keep_house(ctx: Context, stopped: Callable[[], bool] = lambda: False) -> None:
    """Gives up what was tried for too long, leaves out the rest of cancelled runs, takes up what a crash left waiting
    in a run that was done, sweeps away bytes of documents that nobody has any more (in bites); asks after doubts. Once
    `stopped`, the rest is left for the next time."""
    now = ctx.clock.now()
    with reading(ctx.engine) as connection:
        cancelled, done = (runs.with_rest(connection, state) for state in (RunState.CANCELLED, RunState.DONE))
    bites: list[Callable[[Connection], int]] = [
        partial(ledger.give_up, now=now),
        *(partial(ledger.skip_cancelled, run=run_id, now=now) for run_id in cancelled),
        *(partial(ledger.reopen, run=run_id) for run_id in done),
        partial(documents.sweep, now=now),
    ]
    for bite in bites:
        while not stopped() and _carried_out(ctx, bite):
            pass
    if not stopped():
        ask_after_doubts(ctx)


def _carried_out(ctx: Context, bite: Callable[[Connection], int]) -> int:
    with writing(ctx.engine) as connection:
        return bite(connection)
