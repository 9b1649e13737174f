"""A transport that does as it is told, for tests of the engine."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field

from newsletter.dispatch.transports.base import ChannelState, Outcome, Outgoing
from newsletter.model.delivery import AttemptState


def accept(message: Outgoing) -> Outcome:
    return Outcome(message.attempt, AttemptState.ACCEPTED, "250 ok")


@dataclass
class Scripted:
    """`answer` gives each message its outcome; `before` may do anything while the messages are under way."""

    answer: Callable[[Outgoing], Outcome] = accept
    before: Callable[[Sequence[Outgoing]], Awaitable[None]] | None = None
    opening: Callable[[], None] = lambda: None
    name: str = "scripted"
    batch: int = 1
    connections: int = 1
    rehearsal: bool = False
    batches: list[list[Outgoing]] = field(default_factory=list)
    opened: int = 0
    closed: int = 0

    @property
    def sent(self) -> list[int]:
        return [message.delivery for batch in self.batches for message in batch]

    async def open(self) -> ScriptedChannel:
        self.opening()
        self.opened += 1
        return ScriptedChannel(self)


@dataclass
class ScriptedChannel:
    transport: Scripted
    carrying: bool = False

    async def send(self, batch: Sequence[Outgoing], /) -> Sequence[Outcome]:
        assert not self.carrying, "one task at a time"
        self.carrying = True
        self.transport.batches.append(list(batch))
        if self.transport.before:
            await self.transport.before(batch)
        await asyncio.sleep(0)
        self.carrying = False
        return [self.transport.answer(message) for message in batch]

    async def close(self) -> None:
        self.transport.closed += 1


def outcome(state: AttemptState, channel: ChannelState = ChannelState.OPEN) -> Callable[[Outgoing], Outcome]:
    return lambda message: Outcome(message.attempt, state, "the reply", channel=channel)
