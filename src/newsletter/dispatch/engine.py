"""Sends a run: claims, intents, messages, outcomes, over the connections of one transport.

Each connection carries one batch at a time. Between two batches it asks the ledger writer, in one commit, to write
what the last one came to and whether the next may leave; what waits on other connections joins that commit. So after
a crash at most one batch per connection is of unknown outcome (invariant 2). The engine knows nothing of providers.
"""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import time
from collections import Counter, deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from functools import partial
from typing import Any

from sqlalchemy import Engine

from newsletter.clock import Clock
from newsletter.dispatch import retry
from newsletter.dispatch.lock import dispatch_lock
from newsletter.dispatch.settling import recover
from newsletter.dispatch.transports.base import (
    Channel,
    ChannelState,
    Outcome,
    Outgoing,
    Transport,
    TransportRefused,
    TransportUnavailable,
)
from newsletter.model.delivery import DELIVERY_AFTER, AttemptState, DeliveryState, RunState, Sums
from newsletter.store import ledger, workers
from newsletter.store.engine import reading, writing
from newsletter.store.ledger import Claimed, Intent, Record
from newsletter.store.writer import LedgerWriter

FRESH = timedelta(seconds=30)  # a body whose intent is older is not written
HEARTBEAT = 15.0  # seconds
CLAIM = 200  # deliveries a claim, at least
POLL = 0.5  # seconds between looks at the database while nothing is due
OPEN_TRIES = 3


@dataclass(frozen=True, slots=True)
class Letter:
    """How one delivery becomes a message: the variant's compiled template, what is the recipient's own, and how they
    are joined."""

    template: Any
    data: Any
    splice: Callable[[Any, Any], bytes]
    sender: str = ""


Compose = Callable[[Claimed], Letter]


@dataclass(frozen=True, slots=True)
class Progress:
    """For a progress bar: the ledger's sums as this process knows them, and messages a second."""

    sums: Sums
    rate: float


class Ended(StrEnum):
    """Why a dispatch came back."""

    DONE = "done"  # nothing waits
    WAITING = "waiting"  # what waits is not due yet
    PAUSED = "paused"
    CANCELLED = "cancelled"
    STOPPED = "stopped"  # this process was asked to stop
    UNAVAILABLE = "unavailable"  # the transport could not be reached


@dataclass(frozen=True, slots=True)
class Report:
    ended: Ended
    sums: Sums
    reason: str | None = None
    next_at: datetime | None = None  # when the next waiting delivery is due


@dataclass(frozen=True, slots=True)
class Post:
    """What a dispatch needs: where the ledger is, what carries, what makes the messages, and the time."""

    db: Engine
    transport: Transport
    compose: Compose
    clock: Clock
    on_progress: Callable[[Progress], None] | None = None


async def dispatch(post: Post, run: int, *, stop: asyncio.Event | None = None, linger: bool = False) -> Report:
    """Sends what is due of a run. After a crash it first settles what can be settled, then goes on.

    `stop` drains: batches under way are finished, claims given back. `linger` waits for what was put off.
    AlreadyDispatching where another process sends from this SQLite database.
    """
    stop = stop or asyncio.Event()
    with dispatch_lock(post.db) as alone:
        worker = await asyncio.to_thread(_register, post)
        try:
            await recover(post.db, run, post.transport, worker=worker, clock=post.clock, alone=alone)
            with LedgerWriter(post.db, post.clock, worker) as writer:
                sending = _Sending(post, run, writer, worker, stop, await asyncio.to_thread(_sums, post, run))
                return await sending.until_nothing_is_due(linger=linger)
        finally:
            await asyncio.to_thread(_leave, post, worker)


@contextmanager
def stop_on_signals(stop: asyncio.Event) -> Iterator[None]:
    """SIGTERM and Ctrl-C drain instead of killing; a second one kills."""
    loop = asyncio.get_running_loop()
    signals = (signal.SIGTERM, signal.SIGINT)

    def ask() -> None:
        stop.set()
        for each in signals:
            loop.remove_signal_handler(each)

    for each in signals:
        loop.add_signal_handler(each, ask)
    try:
        yield
    finally:
        for each in signals:
            loop.remove_signal_handler(each)


def _register(post: Post) -> int:
    with writing(post.db) as connection:
        return workers.register(connection, f"{socket.gethostname()}:{os.getpid()}", now=post.clock.now())


def _leave(post: Post, worker: int) -> None:
    with writing(post.db) as connection:
        workers.stop(connection, worker, now=post.clock.now())


def _sums(post: Post, run: int) -> Sums:
    with reading(post.db) as connection:
        return ledger.run_sums(connection, run)


@dataclass
class _Sending:
    """One dispatch of one run: the claimed deliveries and the connections that share them."""

    post: Post
    run: int
    writer: LedgerWriter
    worker: int
    stop: asyncio.Event
    sums: Sums
    _waiting: dict[tuple[str, int], deque[Claimed]] = field(default_factory=dict)
    _claiming: asyncio.Lock = field(default_factory=asyncio.Lock)
    _exhausted: bool = False
    _halted: bool = False
    _unavailable: str | None = None
    _moved: Counter[DeliveryState] = field(default_factory=Counter)
    _sent: int = 0
    _started: float = field(default_factory=time.monotonic)
    _told: float = 0.0

    async def until_nothing_is_due(self, *, linger: bool) -> Report:
        heartbeat = asyncio.create_task(self._beat())
        try:
            while True:
                await self._round()
                report = await self._report()
                if not linger or report.ended not in (Ended.WAITING, Ended.UNAVAILABLE):
                    return report
                await self._pause_until(report.next_at)
        finally:
            heartbeat.cancel()
            await self._write(lambda connection: ledger.release(connection, self.run, self.worker))
            self._tell(now=True)

    async def _round(self) -> None:
        """All connections, until nothing is due. A failure of one ends all, and is raised."""
        self._exhausted, self._unavailable = False, None
        async with asyncio.TaskGroup() as group:
            for _ in range(self.post.transport.connections):
                group.create_task(self._connection())

    async def _connection(self) -> None:
        channel: Channel | None = None
        outcomes: list[Record] = []
        try:
            while batch := await self._next_batch():
                if channel is None and (channel := await self._open()) is None:
                    self._give_back(batch)
                    return
                letters = self._compose(batch)
                intent = await self._exchange(outcomes, list(letters))
                outcomes = []
                if not intent.attempts:
                    await self._look_whether_halted(intent)
                    continue
                outgoing = self._outgoing(batch, letters, intent)
                results = await _send(channel, outgoing)
                outcomes = self._records(outgoing, results, intent)
                channel = await self._after(channel, results)
        finally:
            if outcomes:
                await self._exchange(outcomes, [])
            if channel is not None:
                await channel.close()

    # --- claims

    async def _next_batch(self) -> list[Claimed]:
        """Up to a batch of claimed deliveries of one variant; none where the connection should end."""
        async with self._claiming:
            if self._over():
                return []
            if not self._waiting and not self._exhausted:
                await self._claim()
            return self._take()

    async def _claim(self) -> None:
        size = max(CLAIM, self.post.transport.batch * self.post.transport.connections)
        now = self.post.clock.now()
        rows = await self._write(partial(ledger.claim, run=self.run, worker=self.worker, size=size, now=now))
        self._exhausted = len(rows) < size
        for row in rows:
            self._waiting.setdefault((row.language, row.variant), deque()).append(row)

    def _take(self) -> list[Claimed]:
        if not self._waiting:
            return []
        key = max(self._waiting, key=lambda each: len(self._waiting[each]))
        rows = self._waiting[key]
        batch = [rows.popleft() for _ in range(min(self.post.transport.batch, len(rows)))]
        if not rows:
            del self._waiting[key]
        return batch

    def _give_back(self, batch: list[Claimed]) -> None:
        self._waiting.setdefault((batch[0].language, batch[0].variant), deque()).extendleft(reversed(batch))

    def _over(self) -> bool:
        return self._halted or self.stop.is_set() or self._unavailable is not None

    # --- channels

    async def _open(self) -> Channel | None:
        for failures in range(1, OPEN_TRIES + 1):
            try:
                return await self.post.transport.open()
            except TransportRefused as error:
                await self._pause_run(str(error))
                return None
            except TransportUnavailable as error:
                if failures == OPEN_TRIES:
                    self._unavailable = str(error)
                elif await self._stopped_within(retry.reopen_pause(failures)):
                    break
        return None

    async def _after(self, channel: Channel, results: Sequence[Outcome]) -> Channel | None:
        """The channel for the next batch, or None where another must be opened."""
        states = {each.channel for each in results}
        if states <= {ChannelState.OPEN}:
            return channel
        refused = next((each.reply for each in results if each.channel is ChannelState.REFUSED), None)
        if refused is not None:
            await self._pause_run(refused)
        await channel.close()
        return None

    async def _pause_run(self, reason: str) -> None:
        """A person must act. Where somebody else moved the run meanwhile, that holds."""
        self._halted = True
        by = ledger.By(None, self.post.clock.now(), reason)
        with suppress(ledger.NotThisRun):
            await self._write(lambda connection: ledger.pause(connection, self.run, by))

    # --- messages

    def _compose(self, batch: Sequence[Claimed]) -> dict[int, Letter]:
        return {row.id: self.post.compose(row) for row in batch}

    def _outgoing(self, batch: Sequence[Claimed], letters: dict[int, Letter], intent: Intent) -> list[Outgoing]:
        at = intent.at or self.post.clock.now()

        def fresh() -> bool:
            return self.post.clock.now() - at <= FRESH

        return [
            Outgoing(
                delivery=row.id,
                attempt=intent.attempts[row.id][0],
                run=row.run_id,
                address=row.address,
                template=letters[row.id].template,
                data=letters[row.id].data,
                splice=letters[row.id].splice,
                sender=letters[row.id].sender,
                fresh=fresh,
            )
            for row in batch
            if row.id in intent.attempts
        ]

    def _records(self, outgoing: Sequence[Outgoing], results: Sequence[Outcome], intent: Intent) -> list[Record]:
        by_attempt = {each.attempt: each for each in results}
        now = self.post.clock.now()
        records = []
        for message in outgoing:
            result = by_attempt.get(message.attempt) or _unknown(message, "the transport did not say")
            number = intent.attempts[message.delivery][1]
            records.append(
                Record(
                    delivery=message.delivery,
                    attempt=message.attempt,
                    state=result.state,
                    reply=result.reply,
                    provider_id=result.provider_id,
                    not_before=_not_before(result, message.delivery, number, now),
                    request=intent.request,
                )
            )
            self._count(DELIVERY_AFTER[result.state])
        return records

    # --- the ledger

    async def _exchange(self, outcomes: Sequence[Record], deliveries: Sequence[int]) -> Intent:
        transport = self.post.transport
        future = self.writer.exchange(outcomes, deliveries, transport=transport.name, grouped=transport.batch > 1)
        intent = await asyncio.wrap_future(future)
        for _ in intent.skipped:
            self._count(DeliveryState.SKIPPED)
        self._tell()
        return intent

    async def _write(self, function: Callable[..., Any]) -> Any:
        return await asyncio.wrap_future(self.writer.call(function))

    async def _look_whether_halted(self, intent: Intent) -> None:
        """Nothing may be written: somebody paused or cancelled the run, or the claim expired."""
        if not intent.skipped:
            state, _ = await self._write(lambda connection: ledger.state_of(connection, self.run))
            self._halted = state is not RunState.SENDING

    async def _report(self) -> Report:
        now = self.post.clock.now()
        await self._write(lambda connection: ledger.finish(connection, self.run, now=now))
        state, reason = await self._write(lambda connection: ledger.state_of(connection, self.run))
        if state is RunState.CANCELLED:
            while await self._write(lambda connection: ledger.skip_cancelled(connection, self.run, now=now)):
                pass
        next_at = await self._write(lambda connection: ledger.next_due(connection, self.run))
        sums = await asyncio.to_thread(_sums, self.post, self.run)
        self.sums, self._moved = sums, Counter()
        if self._unavailable is not None:
            return Report(Ended.UNAVAILABLE, sums, self._unavailable, next_at)
        if state is RunState.SENDING:
            ended = Ended.STOPPED if self.stop.is_set() else Ended.WAITING
            return Report(ended, sums, None, next_at)
        ended = {RunState.PAUSED: Ended.PAUSED, RunState.CANCELLED: Ended.CANCELLED}.get(state, Ended.DONE)
        return Report(ended, sums, reason, next_at)

    # --- time

    async def _beat(self) -> None:
        while True:
            await asyncio.sleep(HEARTBEAT)
            await self._write(lambda connection: workers.beat(connection, self.worker, now=self.post.clock.now()))

    async def _pause_until(self, instant: datetime | None) -> None:
        """Waits for what was put off; wakes early where this process is to stop or the run was paused."""
        while not self.stop.is_set() and not self._halted:
            if self._unavailable is None and instant is not None and instant <= self.post.clock.now():
                return
            if await self._stopped_within(POLL if self._unavailable is None else retry.reopen_pause(OPEN_TRIES + 1)):
                return
            await self._look_whether_halted(Intent())
            if self._unavailable is not None:
                return

    async def _stopped_within(self, seconds: float) -> bool:
        with suppress(TimeoutError):
            await asyncio.wait_for(self.stop.wait(), seconds)
        return self.stop.is_set()

    # --- progress

    def _count(self, state: DeliveryState) -> None:
        self._moved[state] += 1
        self._moved[DeliveryState.PENDING] -= 1
        self._sent += 1

    def _tell(self, *, now: bool = False) -> None:
        """At most five times a second."""
        if self.post.on_progress is None or (not now and time.monotonic() - self._told < 0.2):
            return
        self._told = time.monotonic()
        counts = {state: self.sums[state] + self._moved[state] for state in DeliveryState}
        rate = self._sent / max(self._told - self._started, 0.001)
        self.post.on_progress(Progress(Sums(self.sums.audience, counts), rate))


async def _send(channel: Channel, outgoing: Sequence[Outgoing]) -> Sequence[Outcome]:
    """What a transport raises all the same is a mistake of ours: nobody knows what left."""
    try:
        return await channel.send(outgoing)
    except Exception as error:
        reason = f"the transport failed: {type(error).__name__}"
        return [_unknown(each, reason) for each in outgoing]


def _unknown(message: Outgoing, reason: str) -> Outcome:
    return Outcome(message.attempt, AttemptState.UNCONFIRMED, reason, channel=ChannelState.BROKEN)


def _not_before(result: Outcome, delivery: int, attempts: int, now: datetime) -> datetime | None:
    if result.state is AttemptState.DEFERRED:
        return retry.next_try(now, attempts=attempts, delivery=delivery, asked=result.retry_after)
    if result.state is AttemptState.UNSENT:
        return now + max(retry.HELD_BACK, result.retry_after or timedelta(0))
    return None
