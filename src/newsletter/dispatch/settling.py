"""What became of attempts whose outcome nobody wrote down: sweep, then ask the transport, then go on."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime

from sqlalchemy import Engine

from newsletter.clock import Clock
from newsletter.dispatch.lock import AlreadyDispatching, dispatch_lock
from newsletter.dispatch.transports.base import Doubtful, Outcome, Probing, Transport
from newsletter.model.delivery import AttemptState
from newsletter.store import ledger, workers
from newsletter.store.engine import reading, writing

BITE = 500


async def recover(engine: Engine, run: int, transport: Transport, *, worker: int, clock: Clock, alone: bool) -> int:
    """After a crash: what dead workers left open becomes unconfirmed (row 5); what the transport knows of it is
    settled (row 6). Says how many deliveries became unconfirmed."""
    swept = await asyncio.to_thread(_sweep, engine, run, worker, clock.now(), alone)
    await probe(engine, run, transport, clock=clock)
    return swept


def forget_the_dead(engine: Engine, clock: Clock) -> None:
    """What programs left behind that ended without a word is given up, as far as it can be known now: on PostgreSQL
    transactions that stand still; on SQLite, where nobody sends, all claims, before their heartbeats are stale."""
    workers.end_standing_still(engine)
    if engine.dialect.name != "sqlite" or not workers.any_there(engine):
        return
    with suppress(AlreadyDispatching), dispatch_lock(engine), writing(engine) as connection:
        workers.stop_all(connection, now=clock.now())


async def probe(engine: Engine, run: int, transport: Transport, *, clock: Clock) -> int:
    """Asks a transport that can tell about its unconfirmed attempts of a run; says how many it settled.

    What proves unsent waits again, and a run that was done goes on.
    """
    if not isinstance(transport, Probing):
        return 0
    doubtful = await asyncio.to_thread(_doubtful, engine, run, transport.name)
    settled = 0
    for start in range(0, len(doubtful), BITE):
        bite = doubtful[start : start + BITE]
        outcomes = await transport.probe(bite)
        settled += await asyncio.to_thread(_settle, engine, run, bite, list(outcomes.values()), clock.now())
    return settled


def _sweep(engine: Engine, run: int, worker: int, now: datetime, alone: bool) -> int:
    with writing(engine) as connection:
        swept = ledger.sweep(connection, worker, run, now=now, alone=alone)
        ledger.settle_by_events(connection, run, now=now)
        return swept


def _doubtful(engine: Engine, run: int, transport: str) -> list[Doubtful]:
    with reading(engine) as connection:
        return [
            Doubtful(
                each.attempt, each.delivery, each.run, each.address, each.started_at, each.provider_id, each.request
            )
            for each in ledger.unconfirmed(connection, run, transport)
        ]


def _settle(engine: Engine, run: int, asked: Sequence[Doubtful], outcomes: Sequence[Outcome], now: datetime) -> int:
    deliveries = {each.attempt: each.delivery for each in asked}
    proofs = [
        ledger.Record(
            deliveries[each.attempt],
            each.attempt,
            each.state,
            each.reply,
            each.provider_id,
            not_before=now if each.state is AttemptState.UNSENT else None,
        )
        for each in outcomes
        if each.attempt in deliveries
    ]
    with writing(engine) as connection:
        settled = ledger.settle(connection, proofs, now=now)
        ledger.reopen(connection, run)  # in the same commit, so that nothing waits in a run that nobody looks at
        return settled
