"""The contract that every transport keeps (dispatch/transports/base.py), whatever it speaks.

A transport's tests subclass `TransportContract` and say, in `rig`, how to make the transport beside something that
plays the other side. `Rig.plays` lists the behaviours that the other side can show; a transport skips the others.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import replace
from enum import StrEnum
from pathlib import Path
from typing import Any, Protocol

import pytest

from newsletter.dispatch.transports.base import Channel, ChannelState, Outcome, Outgoing, Transport
from newsletter.model.delivery import AttemptState

ADDRESS = "zoe.o'neill@mail.example"
AWKWARD = (
    b"Subject: =?utf-8?q?D=C3=A9cembre?=\r\n\r\n"
    b".a line that begins with a dot\r\n..and two\r\n\r\n.\r\nafter a lone dot\r\n"
)


class Behaviour(StrEnum):
    """What the other side does with the next batch; what the outcome must then be is `EXPECTED`."""

    ACCEPT = "accepts it"
    REJECT = "refuses it for good"
    DEFER = "says later"
    LOSE_BEFORE = "is lost before it has everything"
    LOSE_AFTER = "is lost after it has everything, without an answer"
    TIME_OUT = "has everything, and never answers"
    REFUSE_US = "does not let us in"


EXPECTED = {
    Behaviour.ACCEPT: (AttemptState.ACCEPTED, ChannelState.OPEN),
    Behaviour.REJECT: (AttemptState.REJECTED, ChannelState.OPEN),
    Behaviour.DEFER: (AttemptState.DEFERRED, ChannelState.OPEN),
    Behaviour.LOSE_BEFORE: (AttemptState.DEFERRED, ChannelState.BROKEN),
    Behaviour.LOSE_AFTER: (AttemptState.UNCONFIRMED, ChannelState.BROKEN),
    Behaviour.TIME_OUT: (AttemptState.UNCONFIRMED, ChannelState.BROKEN),
    Behaviour.REFUSE_US: (AttemptState.DEFERRED, ChannelState.REFUSED),
}


class Rig(Protocol):
    """A transport and the other side that it speaks to."""

    transport: Transport
    plays: frozenset[Behaviour]

    def next(self, behaviour: Behaviour) -> None:
        """What happens to the next batch."""
        ...

    def message(self, number: int, content: bytes) -> Outgoing:
        """A message with this content, for this transport's kind of template."""
        ...

    def received(self) -> Sequence[Any]:
        """What the other side has accepted, in order."""
        ...

    def expected(self, message: Outgoing) -> Any:
        """What `received` should hold for this message."""
        ...


def plain(number: int, content: bytes = AWKWARD, **changes: Any) -> Outgoing:
    """A message whose template is its bytes."""
    values: dict[str, Any] = {
        "delivery": number,
        "attempt": 1000 + number,
        "run": 1,
        "address": ADDRESS,
        "template": content,
        "data": None,
        "splice": lambda template, _: template,
        "sender": "news@association.example",
    }
    return Outgoing(**{**values, **changes})


class TransportContract:
    """Subclass it as `Test...` and give it a rig."""

    def rig(self, folder: Path) -> AbstractAsyncContextManager[Rig]:
        raise NotImplementedError

    def _run(self, folder: Path, scenario: Callable[[Rig, Channel], Awaitable[None]]) -> None:
        async def play() -> None:
            async with self.rig(folder) as rig:
                channel = await rig.transport.open()
                try:
                    await scenario(rig, channel)
                finally:
                    await channel.close()

        asyncio.run(play())

    def test_content_arrives_exactly_as_given(self, tmp_path: Path) -> None:
        async def scenario(rig: Rig, channel: Channel) -> None:
            message = rig.message(1, AWKWARD)
            outcomes = await channel.send([message])
            assert [(each.attempt, each.state) for each in outcomes] == [(1001, AttemptState.ACCEPTED)]
            assert list(rig.received()) == [rig.expected(message)]

        self._run(tmp_path, scenario)

    def test_a_channel_carries_one_after_another(self, tmp_path: Path) -> None:
        async def scenario(rig: Rig, channel: Channel) -> None:
            messages = [rig.message(number, AWKWARD) for number in (1, 2, 3)]
            for message in messages:
                (outcome,) = await channel.send([message])
                assert outcome.state is AttemptState.ACCEPTED
            assert list(rig.received()) == [rig.expected(message) for message in messages]

        self._run(tmp_path, scenario)

    def test_a_full_batch_has_one_outcome_each(self, tmp_path: Path) -> None:
        async def scenario(rig: Rig, channel: Channel) -> None:
            messages = [rig.message(number, AWKWARD) for number in range(1, min(rig.transport.batch, 20) + 1)]
            outcomes = await channel.send(messages)
            assert sorted(each.attempt for each in outcomes) == [each.attempt for each in messages]
            assert {each.state for each in outcomes} == {AttemptState.ACCEPTED}

        self._run(tmp_path, scenario)

    @pytest.mark.parametrize("behaviour", list(Behaviour), ids=lambda each: each.name.lower())
    def test_what_the_other_side_does_is_the_outcome(self, behaviour: Behaviour, tmp_path: Path) -> None:
        async def scenario(rig: Rig, channel: Channel) -> None:
            if behaviour not in rig.plays:
                pytest.skip(f"the other side of {rig.transport.name} never {behaviour.value}")
            rig.next(behaviour)
            (outcome,) = await channel.send([rig.message(1, AWKWARD)])
            assert (outcome.state, outcome.channel) == EXPECTED[behaviour]
            assert_no_address(outcome)

        self._run(tmp_path, scenario)

    def test_after_a_failure_the_next_message_goes_out(self, tmp_path: Path) -> None:
        async def scenario(rig: Rig, channel: Channel) -> None:
            for number, behaviour in enumerate((Behaviour.REJECT, Behaviour.DEFER), 1):
                if behaviour in rig.plays:
                    rig.next(behaviour)
                    await channel.send([rig.message(number, AWKWARD)])
            message = rig.message(9, AWKWARD)
            (outcome,) = await channel.send([message])
            assert outcome.state is AttemptState.ACCEPTED
            assert list(rig.received()) == [rig.expected(message)]

        self._run(tmp_path, scenario)

    def test_an_old_intent_holds_the_body_back(self, tmp_path: Path) -> None:
        async def scenario(rig: Rig, channel: Channel) -> None:
            message = replace(rig.message(1, AWKWARD), fresh=lambda: False)
            (outcome,) = await channel.send([message])
            assert outcome.state is AttemptState.UNSENT
            assert list(rig.received()) == []

        self._run(tmp_path, scenario)

    def test_close_may_be_called_twice_and_after_a_failure(self, tmp_path: Path) -> None:
        async def scenario(rig: Rig, channel: Channel) -> None:
            if Behaviour.LOSE_AFTER in rig.plays:
                rig.next(Behaviour.LOSE_AFTER)
                await channel.send([rig.message(1, AWKWARD)])
            await channel.close()
            await channel.close()

        self._run(tmp_path, scenario)


def assert_no_address(outcome: Outcome) -> None:
    assert ADDRESS not in outcome.reply
