"""What the connections of one dispatch share: the ledger's writer, the claims, and whether to go on."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Any

from newsletter.dispatch.claims import Claims
from newsletter.dispatch.drain import Drain
from newsletter.dispatch.post import Post
from newsletter.dispatch.progress import Tally
from newsletter.model.delivery import DeliveryState, RunState
from newsletter.store import ledger
from newsletter.store.ledger import Claimed, Intent, Record
from newsletter.store.writer import LedgerWriter


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
    halted: bool = False  # the run was paused or cancelled
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
        return await asyncio.wrap_future(self.writer.call(function))

    async def exchange(self, outcomes: Sequence[Record], deliveries: Sequence[int]) -> Intent:
        """Writes what became of a batch, and says what of the next may be written."""
        transport = self.post.transport
        future = self.writer.exchange(outcomes, deliveries, transport=transport.name, grouped=transport.batch > 1)
        intent = await asyncio.wrap_future(future)
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

    async def _claim(self, size: int) -> list[Claimed]:
        now = self.post.clock.now()
        rows: list[Claimed] = await self.write(
            lambda connection: ledger.claim(connection, self.run, self.worker, size=size, now=now)
        )
        if (only := self.post.redirect) is not None:
            return [replace(row, address=only) for row in rows]
        return rows
