"""Sends a run: claims, intents, messages, outcomes, over the connections of one transport.

Each connection carries one batch at a time. Between two batches it asks the ledger writer, in one commit, to write
what the last one came to and whether the next may leave; what waits on other connections joins that commit. So after
a crash at most one batch per connection is of unknown outcome (invariant 2). The engine knows nothing of providers.

    post        what a dispatch is given, and what it says
    claims      which deliveries, in which batches
    connection  the loop of one connection
    outcomes    messages that may leave, and records of what they came to
    sending     what the connections share
    progress    the sums as they move
    signals     SIGTERM and Ctrl-C
    drain       how long what is under way may take after them
    failing     the ledger cannot be written any more
"""

from __future__ import annotations

import asyncio
import os
import socket
from datetime import datetime

from newsletter.dispatch import retry
from newsletter.dispatch.connection import OPEN_TRIES, send_batches
from newsletter.dispatch.failing import in_one_sentence
from newsletter.dispatch.lock import dispatch_lock
from newsletter.dispatch.post import Ended, Post, Report
from newsletter.dispatch.progress import Tally
from newsletter.dispatch.sending import Sending
from newsletter.dispatch.settling import recover
from newsletter.model.delivery import RunState, Sums
from newsletter.store import ledger, workers
from newsletter.store.engine import reading, writing
from newsletter.store.writer import LedgerWriter

HEARTBEAT = 15.0  # seconds
POLL = 0.5  # seconds between looks at the database while nothing is due


async def dispatch(
    post: Post,
    run: int,
    *,
    stop: asyncio.Event | None = None,
    ending: asyncio.Event | None = None,
    linger: bool = False,
) -> Report:
    """Sends what is due of a run. After a crash it first settles what can be settled, then goes on.

    `stop` drains: batches under way are finished, claims given back. Once the program is `ending` (without that event:
    from `stop` on) there is only so much time for it; what is not finished then is unconfirmed.
    `linger` waits for what was put off.
    AlreadyDispatching where another process sends from this SQLite database; LedgerGone where the database fails.
    """
    stop = stop or asyncio.Event()
    ending = ending or stop
    with dispatch_lock(post.db) as alone, in_one_sentence():
        worker = await asyncio.to_thread(_register, post)
        try:
            await recover(post.db, run, post.transport, worker=worker, clock=post.clock, alone=alone)
            with LedgerWriter(post.db, post.clock, worker) as writer:
                tally = Tally(await _sums_to_tell(post, run), post.on_progress)
                sending = Sending(post, run, writer, worker, stop, tally)
                return await _until_nothing_is_due(sending, ending, linger=linger)
        finally:
            await asyncio.to_thread(_leave, post, worker)


def _register(post: Post) -> int:
    workers.end_standing_still(post.db)
    with writing(post.db) as connection:
        return workers.register(connection, f"{socket.gethostname()}:{os.getpid()}", now=post.clock.now())


def _leave(post: Post, worker: int) -> None:
    with writing(post.db) as connection:
        workers.stop(connection, worker, now=post.clock.now())


def _sums(post: Post, run: int) -> Sums:
    with reading(post.db) as connection:
        return ledger.run_sums(connection, run)


async def _sums_to_tell(post: Post, run: int) -> Sums:
    """Counting a large run takes a while, and where nobody listens nothing is told before the end."""
    return Sums(0, {}) if post.on_progress is None else await asyncio.to_thread(_sums, post, run)


async def _until_nothing_is_due(sending: Sending, ending: asyncio.Event, *, linger: bool) -> Report:
    beside = [asyncio.create_task(_beat(sending)), asyncio.create_task(sending.drain.begin_after(ending))]
    try:
        while True:
            await _round(sending)
            report = await _report(sending)
            if not linger or report.ended not in (Ended.WAITING, Ended.UNAVAILABLE):
                return report
            await _pause_until(sending, report.next_at)
    finally:
        for task in beside:
            task.cancel()
        await sending.write(lambda connection: ledger.release(connection, sending.run, sending.worker))
        sending.tally.tell(now=True)


async def _round(sending: Sending) -> None:
    """All connections, until nothing is due. A failure of one ends all, and is raised."""
    sending.claims.look_again()
    sending.unavailable = None
    async with asyncio.TaskGroup() as group:
        for _ in range(sending.post.transport.connections):
            group.create_task(send_batches(sending))


async def _report(sending: Sending) -> Report:
    run, now = sending.run, sending.post.clock.now()
    await sending.write(lambda connection: ledger.finish(connection, run, now=now))
    await sending.write(lambda connection: ledger.reopen(connection, run))
    state, reason = await sending.write(lambda connection: ledger.state_of(connection, run))
    if state is RunState.CANCELLED:
        while not sending.stop.is_set() and await sending.write(
            lambda connection: ledger.skip_cancelled(connection, run, now=now)
        ):
            pass  # what is left then, housekeeping leaves out
    next_at = await sending.write(lambda connection: ledger.next_due(connection, run))
    sums = await asyncio.to_thread(_sums, sending.post, run)
    sending.tally.read(sums)
    if sending.unavailable is not None:
        return Report(Ended.UNAVAILABLE, sums, sending.unavailable, next_at)
    if state is RunState.SENDING:
        ended = Ended.STOPPED if sending.stop.is_set() else Ended.WAITING
        return Report(ended, sums, None, max(filter(None, (next_at, sending.held_until)), default=None))
    ended = {RunState.PAUSED: Ended.PAUSED, RunState.CANCELLED: Ended.CANCELLED}.get(state, Ended.DONE)
    return Report(ended, sums, reason, next_at, by_itself=sending.paused_itself)


async def _beat(sending: Sending) -> None:
    while True:
        await asyncio.sleep(HEARTBEAT)
        await sending.write(lambda connection: workers.beat(connection, sending.worker, now=sending.post.clock.now()))


async def _pause_until(sending: Sending, instant: datetime | None) -> None:
    """Waits for what was put off; wakes early where this process is to stop or the run was paused."""
    while not sending.stop.is_set() and not sending.halted:
        if sending.unavailable is None and instant is not None and instant <= sending.post.clock.now():
            return
        if await sending.stopped_within(POLL if sending.unavailable is None else retry.reopen_pause(OPEN_TRIES + 1)):
            return
        await sending.look_whether_halted()
        if sending.unavailable is not None:
            return
