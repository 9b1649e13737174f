"""What the connections of one dispatch share: the ledger's writer, the claims, and whether to go on."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection

from newsletter.dispatch.claims import Claims
from newsletter.dispatch.domains import Domains
from newsletter.dispatch.drain import Drain
from newsletter.dispatch.outcomes import Batch
from newsletter.dispatch.post import Post
from newsletter.dispatch.progress import Tally
from newsletter.model.delivery import AttemptState, DeliveryState, RunState
from newsletter.store import ledger
from newsletter.store.ledger import Claimed, Intent, Record
from newsletter.store.writer import LedgerWriter

LONGEST_WAIT = timedelta(seconds=30)  # for a limit, with connections open
LOOK = 0.5  # seconds between looks whether the run was paused


@dataclass
class Sending:
    """One dispatch of one run by one worker."""

    post: Post
    run: int
    writer: LedgerWriter
    worker: int
    stop: asyncio.Event
    tally: Tally
    claims: Claims = field(init=False)
    drain: Drain = field(init=False)
    domains: Domains = field(default_factory=Domains)
    halted: bool = False  # the run was paused or cancelled
    paused_itself: bool = False
    held_until: datetime | None = None  # a limit, or domains that rest, hold back what is due
    unavailable: str | None = None  # why the transport could not be reached

    def __post_init__(self) -> None:
        transport = self.post.transport
        self.drain = Drain(self.post.drain)
        self.claims = Claims(self._claim, transport.batch, transport.connections)

    def over(self) -> bool:
        """Whether the connections should end."""
        return self.halted or self.stop.is_set() or self.unavailable is not None

    async def stopped_within(self, seconds: float) -> bool:
        with suppress(TimeoutError):
            await asyncio.wait_for(self.stop.wait(), seconds)
        return self.stop.is_set()

    async def write(self, function: Callable[..., Any]) -> Any:
        return await self.writer.call(function)

    async def exchange(self, outcomes: Sequence[Record], deliveries: Sequence[int]) -> Intent:
        """Writes what became of a batch, and says what of the next may be written."""
        transport = self.post.transport
        grouped = transport.batch > 1
        intent = await self.writer.exchange(outcomes, deliveries, transport=transport.name, grouped=grouped)
        for _ in intent.skipped:
            self.tally.count(DeliveryState.SKIPPED)
        self.tally.tell()
        return intent

    async def look_whether_halted(self) -> None:
        """Where nothing may be written: somebody paused or cancelled the run, or the claim expired."""
        state, _ = await self.write(lambda connection: ledger.state_of(connection, self.run))
        self.halted = state is not RunState.SENDING

    async def pause_run(self, reason: str) -> None:
        """A person must act. Where somebody else moved the run meanwhile, that holds."""
        self.halted = True
        by = ledger.By(None, self.post.clock.now(), reason)
        with suppress(ledger.NotThisRun):
            await self.write(lambda connection: ledger.pause(connection, self.run, by))
            self.paused_itself = True

    @property
    def may_wait(self) -> bool:
        """Whether a claim may take long, so that outcomes are better written before."""
        return self.post.limits.any or self.post.canary is not None or self.held_until is not None

    async def learn(self, batch: Batch, records: Sequence[Record]) -> None:
        """From what a batch came to: whether a domain needs a rest, and whether all of it should stop."""
        domain_of = {row.id: row.domain for row, _ in batch}
        resting, recovered = self.domains.note((domain_of[each.delivery], each.state, each.reply) for each in records)
        if resting:
            await self._rest(resting)
        if recovered:
            name = self.post.transport.name
            await self.write(lambda connection: ledger.domain_recovered(connection, name, recovered))
        # One request in doubt is one doubt, however many it carried; its transport counts those.
        alone = self.post.transport.batch == 1
        counted = [each for each in records if alone or each.state is not AttemptState.UNCONFIRMED]
        why = self.post.breaker.note((each.state, each.reply) for each in counted)
        if why is not None:
            await self.pause_run(why)

    async def _rest(self, resting: Mapping[str, str]) -> None:
        dropped, now, name = self.claims.drop(resting), self.post.clock.now(), self.post.transport.name

        def write(connection: Connection) -> None:
            for domain, reply in resting.items():
                ledger.put_off_domain(connection, name, domain, reply, now=now)
            if dropped:
                ledger.unclaim(connection, [row.id for row in dropped])

        await self.write(write)

    async def _claim(self, size: int) -> tuple[list[Claimed], bool]:
        """What may leave now, waiting for a limit that frees some soon; and whether there may be more."""
        whose = ledger.Of(self.run, self.worker, self.post.transport.name, self.post.limits, self.post.canary)
        while not self.over():
            now = self.post.clock.now()
            turn: ledger.Turn = await self.write(
                lambda connection, now=now: ledger.claim_within(connection, whose, size=size, now=now)
            )
            self.held_until = turn.until
            if turn.stop is not None:
                await self.pause_run(turn.stop)  # first: a crash in between stops it once more, and lets nothing go
                await self.write(lambda connection: ledger.end_canary(connection, self.run))
                break
            if turn.rows or turn.until is None:
                return self._redirected(turn.rows), turn.more
            if not await self._waited_until(turn.until):
                break
        return [], False

    async def _waited_until(self, instant: datetime) -> bool:
        """False where it takes too long to keep connections open for, or the dispatch is over."""
        if instant - self.post.clock.now() > LONGEST_WAIT:
            return False
        while (left := (instant - self.post.clock.now()).total_seconds()) > 0:
            if await self.stopped_within(min(left, LOOK)):
                return False
            await self.look_whether_halted()
            if self.over():
                return False
        return True

    def _redirected(self, rows: list[Claimed]) -> list[Claimed]:
        only = self.post.redirect
        return rows if only is None else [replace(row, address=only) for row in rows]
