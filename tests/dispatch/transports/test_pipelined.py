"""Pipelined SMTP: the contract, every outcome of the plain transport, envelopes that run ahead, and servers that
misbehave."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import ExitStack, asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest

from newsletter.dispatch.transports.base import Ahead, Channel, ChannelState, Outcome
from newsletter.dispatch.transports.smtp import Smtp
from newsletter.model.delivery import AttemptState
from tests.dispatch.transports import test_smtp
from tests.dispatch.transports.contract import AWKWARD, Behaviour, Rig, TransportContract, plain
from tests.fakes.smtp import CLOSE, PART, RESET, SILENCE, FakeSmtp, Fault

OFFERED = ("SMTPUTF8", "8BITMIME", "PIPELINING")
A, C = AttemptState, ChannelState


def make(port: int, **changes: Any) -> Smtp:
    return Smtp("smtp", test_smtp.settings(port, **changes))


class PipelinedRig(test_smtp.SmtpRig):
    def __init__(self, server: FakeSmtp, until: ExitStack) -> None:
        super().__init__(server, until)
        self.transport = make(server.port)

    def next(self, behaviour: Behaviour) -> None:
        super().next(behaviour)
        if behaviour is Behaviour.TIME_OUT:
            self.until.enter_context(patch("newsletter.dispatch.transports.pipelined.AFTER_THE_DOT", 0.001))


class TestPipelinedKeepsTheContract(TransportContract):
    @asynccontextmanager
    async def rig(self, folder: Path) -> AsyncIterator[Rig]:
        async with FakeSmtp(extensions=OFFERED).running() as server:
            with ExitStack() as until:
                yield PipelinedRig(server, until)


def play(
    scenario: Callable[[FakeSmtp, Channel], Awaitable[Any]],
    fake: FakeSmtp,
    **changes: Any,
) -> Any:
    async def run() -> Any:
        async with fake.running() as server:
            channel = await make(server.port, **changes).open()
            try:
                return await scenario(server, channel)
            finally:
                await channel.close()

    return asyncio.run(asyncio.wait_for(run(), 10))


def outcomes(fake: FakeSmtp, number: int = 1, **changes: Any) -> list[Outcome]:
    async def scenario(server: FakeSmtp, channel: Channel) -> list[Outcome]:
        return [outcome for n in range(1, number + 1) for outcome in await channel.send([plain(n)])]

    found: list[Outcome] = play(scenario, fake, **changes)
    return found


# What the server does with one message, and what that means: the same for both ways of speaking to it.
MISBEHAVING = [
    *[(step, does, A.DEFERRED, C.BROKEN) for step in ("mail", "rcpt", "data") for does in (CLOSE, RESET)],
    *[(step, f"{PART}2", A.DEFERRED, C.BROKEN) for step in ("mail", "rcpt", "data")],
    *[(step, f"{PART}250-first\r\n250", A.DEFERRED, C.BROKEN) for step in ("mail", "rcpt", "data")],
    *[(step, "421 4.3.2 closing", A.DEFERRED, C.BROKEN) for step in ("mail", "rcpt", "data", "dot")],
    *[(step, "nonsense", A.DEFERRED, C.BROKEN) for step in ("mail", "data")],
    ("mail", "354 too early", A.DEFERRED, C.BROKEN),
    ("mail", "451 busy", A.DEFERRED, C.OPEN),
    ("mail", "550 sender not allowed", A.DEFERRED, C.REFUSED),
    ("rcpt", "550 no such user", A.REJECTED, C.OPEN),
    ("rcpt", "452 mailbox full", A.DEFERRED, C.OPEN),
    ("rcpt", "550-no such user\r\n550 really", A.REJECTED, C.OPEN),
    ("data", "554 no valid recipients", A.REJECTED, C.OPEN),
    ("data", "451 later", A.DEFERRED, C.OPEN),
    ("data", "354 go ahead\r\n250 queued as 0", A.DEFERRED, C.BROKEN),  # a reply that nobody asked for
    ("dot", "550 spam", A.REJECTED, C.OPEN),
    ("dot", "451 later", A.DEFERRED, C.OPEN),
    ("dot", "354 again", A.UNCONFIRMED, C.BROKEN),
    ("dot", "nonsense", A.UNCONFIRMED, C.BROKEN),
    *[("dot", does, A.UNCONFIRMED, C.BROKEN) for does in (CLOSE, RESET, f"{PART}25", f"{PART}250 queu")],
    ("body", CLOSE, A.UNCONFIRMED, C.BROKEN),
]


@pytest.mark.parametrize("pipelining", [False, True])
@pytest.mark.parametrize(("step", "does", "state", "channel"), MISBEHAVING)
def test_a_server_that_misbehaves_loses_and_doubles_nothing(
    step: str, does: str, state: AttemptState, channel: ChannelState, *, pipelining: bool
) -> None:
    fake = FakeSmtp(faults=[Fault(step, does)], extensions=OFFERED)
    (outcome,) = outcomes(fake, pipelining=pipelining)
    assert (outcome.state, outcome.channel) == (state, channel)
    assert fake.accepted == []


@pytest.mark.parametrize("step", ["mail", "rcpt", "data", "dot"])
def test_a_silent_server_does_not_hang_us(step: str) -> None:
    fake = FakeSmtp(faults=[Fault(step, SILENCE)], extensions=OFFERED)
    (outcome,) = outcomes(fake, timeout=timedelta(seconds=0.05))
    assert outcome.state is (A.UNCONFIRMED if step == "dot" else A.DEFERRED)


@pytest.mark.parametrize("how", ["trickle", "wordy", "both"])
def test_replies_may_come_in_any_pieces(how: str) -> None:
    fake = FakeSmtp(extensions=OFFERED, trickle=how != "wordy", wordy=how != "trickle")
    assert [each.state for each in outcomes(fake, number=3)] == [A.ACCEPTED] * 3
    assert len(fake.accepted) == 3


def test_a_server_that_says_354_for_nobody_gets_no_message() -> None:
    faults = [Fault("rcpt", "550 no such user"), Fault("mail", "451 busy"), None]
    fake = FakeSmtp(faults=faults, extensions=OFFERED, lenient=True)
    assert [each.state for each in outcomes(fake, number=3)] == [A.REJECTED, A.DEFERRED, A.ACCEPTED]
    assert fake.accepted == [plain(3).as_bytes()]


def test_without_the_extension_it_speaks_plainly() -> None:
    fake = FakeSmtp()
    assert [each.state for each in outcomes(fake, number=2)] == [A.ACCEPTED] * 2


def ahead(*faults: Fault | None, stop_after: int = 3) -> tuple[FakeSmtp, list[Outcome]]:
    """Three messages, each announced behind the one before, of which `stop_after` are then sent."""
    fake = FakeSmtp(faults=list(faults), extensions=OFFERED)

    async def scenario(server: FakeSmtp, channel: Channel) -> list[Outcome]:
        assert isinstance(channel, Ahead)
        found: list[Outcome] = []
        for number in range(1, stop_after + 1):
            if number < 3:
                following = plain(number + 1, address=f"contact{number + 1}@mail.example")
                channel.announce(following.address, following.sender)
            found += await channel.send([plain(number, address=f"contact{number}@mail.example")])
        if stop_after < 3:
            await channel.retract()
        return found

    found: list[Outcome] = play(scenario, fake)
    return fake, found


def test_the_next_envelope_leaves_behind_the_dot() -> None:
    fake, found = ahead()
    assert [each.state for each in found] == [A.ACCEPTED] * 3
    assert [recipient for _, recipient in fake.envelopes] == [f"<contact{n}@mail.example>" for n in (1, 2, 3)]
    verbs = [command.split(":")[0].split()[0] for command in fake.commands]
    assert verbs == ["EHLO", *["MAIL", "RCPT", "DATA"] * 3, "QUIT"]
    assert fake.connections == 1


def test_an_announced_message_that_does_not_come_leaves_nothing() -> None:
    fake, found = ahead(stop_after=1)
    assert [each.state for each in found] == [A.ACCEPTED]
    assert len(fake.accepted) == 1


@pytest.mark.parametrize(
    ("fault", "second", "third"),
    [
        (Fault("rcpt", "550 no such user"), A.REJECTED, A.ACCEPTED),
        (Fault("dot", "451 later"), A.DEFERRED, A.ACCEPTED),
        (Fault("dot", CLOSE), A.UNCONFIRMED, A.DEFERRED),
        (Fault("rcpt", CLOSE), A.DEFERRED, A.DEFERRED),
    ],
)
def test_what_happens_to_one_happens_to_no_other(fault: Fault, second: AttemptState, third: AttemptState) -> None:
    fake, found = ahead(None, fault)
    assert [each.state for each in found] == [A.ACCEPTED, second, third]
    assert len(fake.accepted) == [each.state for each in found].count(A.ACCEPTED)


def test_an_old_intent_writes_no_body() -> None:
    async def scenario(server: FakeSmtp, channel: Channel) -> list[Outcome]:
        assert isinstance(channel, Ahead)
        channel.announce(plain(2).address, plain(2).sender)
        first = await channel.send([plain(1)])
        return [*first, *await channel.send([plain(2, fresh=lambda: False)])]

    fake = FakeSmtp(extensions=OFFERED)
    assert [each.state for each in play(scenario, fake)] == [A.ACCEPTED, A.UNSENT]
    assert fake.accepted == [AWKWARD]


def test_an_announcement_holds_for_one_message_alone() -> None:
    """The first is refused before its dot, so the announced envelope never left: it must not leave later."""

    async def scenario(server: FakeSmtp, channel: Channel) -> list[Outcome]:
        assert isinstance(channel, Ahead)
        channel.announce(plain(2).address, plain(2).sender)
        return [outcome for number in (1, 2, 3) for outcome in await channel.send([plain(number)])]

    fake = FakeSmtp(faults=[Fault("rcpt", "550 no such user")], extensions=OFFERED)
    assert [each.state for each in play(scenario, fake)] == [A.REJECTED, A.ACCEPTED, A.ACCEPTED]
    assert fake.connections == 1
    assert [each.split(":")[0] for each in fake.commands].count("MAIL FROM") == 3
