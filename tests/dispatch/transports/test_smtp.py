"""SMTP, against a server that does as it is told and against a real one."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import ExitStack, asynccontextmanager
from datetime import timedelta
from email.message import Message
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP as Server
from aiosmtpd.smtp import AuthResult, Envelope, Session

from newsletter.dispatch.transports import make_transport
from newsletter.dispatch.transports.base import (
    Ahead,
    Channel,
    ChannelState,
    Outcome,
    Outgoing,
    TransportRefused,
    TransportUnavailable,
)
from newsletter.dispatch.transports.smtp import Smtp
from newsletter.errors import UsageError
from newsletter.model.delivery import AttemptState
from newsletter.settings import SmtpSettings
from tests.dispatch.transports.contract import AWKWARD, Behaviour, Rig, TransportContract, plain
from tests.fakes.certificates import Certificates, make_certificates
from tests.fakes.smtp import CLOSE, RESET, SILENCE, FakeSmtp, Fault
from tests.servers import free_port

FAULTS = {
    Behaviour.REJECT: Fault("rcpt", "550 5.1.1 no such user"),
    Behaviour.DEFER: Fault("rcpt", "451 4.7.1 greylisted"),
    Behaviour.LOSE_BEFORE: Fault("data", CLOSE),
    Behaviour.LOSE_AFTER: Fault("dot", CLOSE),
    Behaviour.TIME_OUT: Fault("dot", SILENCE),
    Behaviour.REFUSE_US: Fault("mail", "530 5.7.0 authentication required"),
}

# A silent server is waited for so many times the deadline of a command.
SHORT = patch("newsletter.dispatch.transports.smtp_channel.AFTER_THE_DOT", 0.001)


def settings(port: int, **changes: Any) -> SmtpSettings:
    values: dict[str, Any] = {
        "kind": "smtp",
        "host": "127.0.0.1",
        "port": port,
        "tls": "none",
        "timeout": timedelta(seconds=5),
    }
    return SmtpSettings(**{**values, **changes})


def smtp(port: int, **changes: Any) -> Smtp:
    return Smtp("smtp", settings(port, **changes))


class SmtpRig:
    plays = frozenset(Behaviour)

    def __init__(self, server: FakeSmtp, until: ExitStack) -> None:
        self.server, self.until = server, until
        self.transport = smtp(server.port)

    def next(self, behaviour: Behaviour) -> None:
        if behaviour in FAULTS:
            self.server.faults.append(FAULTS[behaviour])
        if behaviour is Behaviour.TIME_OUT:
            self.until.enter_context(SHORT)

    def message(self, number: int, content: bytes) -> Outgoing:
        return plain(number, content)

    def received(self) -> Sequence[bytes]:
        return self.server.accepted

    def expected(self, message: Outgoing) -> bytes:
        return message.as_bytes()


class TestSmtpKeepsTheContract(TransportContract):
    @asynccontextmanager
    async def rig(self, folder: Path) -> AsyncIterator[Rig]:
        async with FakeSmtp().running() as server:
            with ExitStack() as until:
                yield SmtpRig(server, until)


def play(
    scenario: Callable[[FakeSmtp, Channel], Awaitable[Any]],
    *faults: Fault | None,
    fake: FakeSmtp | None = None,
    **changes: Any,
) -> Any:
    async def run() -> Any:
        async with (fake or FakeSmtp(faults=list(faults))).running() as server:
            channel = await smtp(server.port, **changes).open()
            try:
                return await scenario(server, channel)
            finally:
                await channel.close()

    return asyncio.run(run())


def outcome_of(*faults: Fault | None, message: Outgoing | None = None, **changes: Any) -> Outcome:
    async def scenario(server: FakeSmtp, channel: Channel) -> Outcome:
        (outcome,) = await channel.send([message or plain(1)])
        return outcome

    found: Outcome = play(scenario, *faults, **changes)
    return found


@pytest.mark.parametrize(
    ("step", "does", "state", "channel"),
    [
        ("mail", "451 busy", AttemptState.DEFERRED, ChannelState.OPEN),
        ("mail", "550 sender not allowed", AttemptState.DEFERRED, ChannelState.REFUSED),
        ("mail", "421 closing", AttemptState.DEFERRED, ChannelState.BROKEN),
        ("mail", CLOSE, AttemptState.DEFERRED, ChannelState.BROKEN),
        ("mail", RESET, AttemptState.DEFERRED, ChannelState.BROKEN),
        ("mail", "nonsense", AttemptState.DEFERRED, ChannelState.BROKEN),
        ("rcpt", "550 no such user", AttemptState.REJECTED, ChannelState.OPEN),
        ("rcpt", "452 mailbox full", AttemptState.DEFERRED, ChannelState.OPEN),
        ("rcpt", "421 closing", AttemptState.DEFERRED, ChannelState.BROKEN),
        ("data", "554 no valid recipients", AttemptState.REJECTED, ChannelState.OPEN),
        ("data", "451 later", AttemptState.DEFERRED, ChannelState.OPEN),
        ("data", "250 what", AttemptState.DEFERRED, ChannelState.BROKEN),
        ("body", CLOSE, AttemptState.UNCONFIRMED, ChannelState.BROKEN),
        ("dot", "550 spam", AttemptState.REJECTED, ChannelState.OPEN),
        ("dot", "451 later", AttemptState.DEFERRED, ChannelState.OPEN),
        ("dot", "421 closing", AttemptState.DEFERRED, ChannelState.BROKEN),
        ("dot", "354 again", AttemptState.UNCONFIRMED, ChannelState.BROKEN),
        ("dot", "nonsense", AttemptState.UNCONFIRMED, ChannelState.BROKEN),
        ("dot", CLOSE, AttemptState.UNCONFIRMED, ChannelState.BROKEN),
        ("dot", RESET, AttemptState.UNCONFIRMED, ChannelState.BROKEN),
    ],
)
def test_each_reply_and_each_loss_has_its_outcome(
    step: str, does: str, state: AttemptState, channel: ChannelState
) -> None:
    outcome = outcome_of(Fault(step, does))
    assert (outcome.state, outcome.channel) == (state, channel)
    if does[0].isdigit() and does[1:4] != "354":
        assert does.split(" ", 1)[1] in outcome.reply or outcome.state is AttemptState.UNCONFIRMED


@pytest.mark.parametrize(("step", "state"), [("rcpt", AttemptState.DEFERRED), ("dot", AttemptState.UNCONFIRMED)])
def test_a_silent_server_does_not_hang_us(step: str, state: AttemptState) -> None:
    assert outcome_of(Fault(step, SILENCE), timeout=timedelta(seconds=0.03)).state is state


def test_a_connection_lost_within_a_large_body_is_no_doubt() -> None:
    """The dot had not left, so nothing was accepted."""
    large = plain(1, b"Subject: large\r\n\r\n" + b"x" * 70 + b"\r\n" + (b"y" * 76 + b"\r\n") * 200_000)
    outcome = outcome_of(Fault("body", RESET), message=large)
    assert (outcome.state, outcome.channel) == (AttemptState.DEFERRED, ChannelState.BROKEN)


def test_the_words_of_the_server_are_kept_without_the_address() -> None:
    outcome = outcome_of(Fault("rcpt", "550-5.1.1 <ZOE.O'neill@mail.example>:\r\n550 5.1.1 user unknown"))
    assert outcome.reply == "550 5.1.1 <the recipient>: 5.1.1 user unknown"


def test_after_a_refusal_the_envelope_is_reset() -> None:
    async def scenario(server: FakeSmtp, channel: Channel) -> list[str]:
        await channel.send([plain(1)])
        await channel.send([plain(2)])
        await channel.send([plain(3)])
        return [command.split(":")[0].split()[0] for command in server.commands]

    verbs = play(scenario, Fault("rcpt", "550 no"))
    assert verbs == ["EHLO", "MAIL", "RCPT", "RSET", "MAIL", "RCPT", "DATA", "MAIL", "RCPT", "DATA"]


def test_lines_end_in_crlf_alone() -> None:
    """A bare line feed could smuggle a second message in."""
    smuggling = plain(1, b"Subject: x\r\n\r\nbody\n.\nMAIL FROM:<a@b.example>\r\n")
    outcome = outcome_of(message=smuggling)
    assert outcome.state is AttemptState.REJECTED
    assert "bare line feed" in outcome.reply


def test_an_address_cannot_carry_a_command() -> None:
    for address in ("a@b.example>\r\nRCPT TO:<c@d.example", "a b@c.example", "a@b.example> SIZE=1"):
        assert outcome_of(message=plain(1, address=address)).state is AttemptState.REJECTED


def test_smtputf8_only_where_needed_and_offered() -> None:
    async def scenario(server: FakeSmtp, channel: Channel) -> tuple[list[Outcome], list[str]]:
        outcomes = [
            *await channel.send([plain(1, address="zoé@mail.example")]),
            *await channel.send([plain(2, address="zoe@bücher.example")]),
        ]
        return outcomes, [each for each in server.commands if each.startswith(("MAIL", "RCPT"))]

    outcomes, commands = play(scenario)
    assert {each.state for each in outcomes} == {AttemptState.ACCEPTED}
    assert commands == [
        "MAIL FROM:<news@association.example> SMTPUTF8 BODY=8BITMIME",
        "RCPT TO:<zoé@mail.example>",
        "MAIL FROM:<news@association.example>",
        "RCPT TO:<zoe@xn--bcher-kva.example>",
    ]
    outcomes, commands = play(scenario, fake=FakeSmtp(extensions=("8BITMIME",)))
    assert [each.state for each in outcomes] == [AttemptState.REJECTED, AttemptState.ACCEPTED]
    assert outcomes[0].reply == "the address needs SMTPUTF8, which the server does not offer"
    assert commands[0] == "MAIL FROM:<news@association.example>"


def test_bounces_go_where_the_settings_say() -> None:
    async def scenario(server: FakeSmtp, channel: Channel) -> str:
        await channel.send([plain(1)])
        return server.envelopes[0][0]

    assert play(scenario) == "<news@association.example>"
    assert play(scenario, envelope_from="bounces@association.example") == "<bounces@association.example>"


def test_a_server_that_is_not_there_or_busy_is_tried_later() -> None:
    with pytest.raises(TransportUnavailable, match="cannot be reached"):
        asyncio.run(smtp(free_port()).open())
    for does in ("421 too many connections", "451 later", CLOSE):
        with pytest.raises(TransportUnavailable, match="cannot be reached"):
            outcome_of(Fault("connect", does))


def test_a_server_that_does_not_want_us_needs_a_person() -> None:
    with pytest.raises(TransportRefused, match="554 no service for you"):
        outcome_of(Fault("connect", "554 no service for you"))


def test_starttls_is_not_given_up_silently() -> None:
    with pytest.raises(TransportRefused, match="STARTTLS"):
        outcome_of(tls="starttls")


# --- a real server: TLS and log-in


class Keeping:
    """A handler that keeps what it is given."""

    def __init__(self) -> None:
        self.messages: list[Message | bytes] = []

    async def handle_EHLO(
        self, server: Server, session: Session, envelope: Envelope, hostname: str, responses: list[str]
    ) -> list[str]:
        session.host_name = hostname
        return [*responses[:-1], "250-PIPELINING", responses[-1]]

    async def handle_DATA(self, server: Server, session: Session, envelope: Envelope) -> str:
        self.messages.append(envelope.original_content or b"")
        return "250 kept"


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    return make_certificates(tmp_path_factory.mktemp("certificates"))


def log_in(server: Server, session: Session, envelope: Envelope, mechanism: str, data: Any) -> AuthResult:
    right = data.login == b"newsletter" and data.password == b"right"
    return AuthResult(success=right, handled=False)


@pytest.fixture
def real(certificates: Certificates, request: pytest.FixtureRequest) -> Any:
    handler = Keeping()
    implicit = getattr(request, "param", "starttls") == "implicit"
    options: dict[str, Any] = {"authenticator": log_in, "auth_required": True, "enable_SMTPUTF8": True}
    if implicit:
        options |= {"ssl_context": certificates.server, "auth_require_tls": False}
    else:
        options |= {"tls_context": certificates.server, "require_starttls": True}
    controller = Controller(handler, hostname="127.0.0.1", port=free_port(), **options)
    controller.start()
    yield controller, handler, "implicit" if implicit else "starttls"
    controller.stop()


def real_transport(real: Any, folder: Path, monkeypatch: pytest.MonkeyPatch, **changes: Any) -> Any:
    controller, _, tls = real
    monkeypatch.setenv("NEWSLETTER_SMTP_PASSWORD", changes.pop("password", "right"))
    made = settings(controller.port, tls=tls, username="newsletter", **changes)
    return make_transport("smtp", made, folder)


@pytest.mark.parametrize("real", ["starttls", "implicit"], indirect=True)
@pytest.mark.parametrize("pipelining", [True, False])
def test_tls_is_verified_and_the_password_goes_over_it(
    real: Any, certificates: Certificates, monkeypatch: pytest.MonkeyPatch, pipelining: bool
) -> None:
    changes = {"ca_file": "ca.pem", "host": "localhost", "pipelining": pipelining}
    transport = real_transport(real, certificates.folder, monkeypatch, **changes)

    async def send() -> Sequence[Outcome]:
        channel = await transport.open()
        assert isinstance(channel, Ahead) is pipelining
        outcomes = []
        for number in (1, 2):
            if isinstance(channel, Ahead) and number == 1:
                channel.announce(plain(2).address, plain(2).sender)
            outcomes += await channel.send([plain(number)])
        await channel.close()
        return outcomes

    outcomes = asyncio.run(send())
    assert {each.state for each in outcomes} == {AttemptState.ACCEPTED}, outcomes
    assert real[1].messages == [AWKWARD, AWKWARD]


@pytest.mark.parametrize("real", ["starttls", "implicit"], indirect=True)
def test_a_certificate_of_nobody_is_refused(real: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(TransportRefused, match="certificate that does not verify"):
        asyncio.run(real_transport(real, tmp_path, monkeypatch, host="localhost").open())


def test_a_certificate_for_another_name_is_refused(
    real: Any, certificates: Certificates, monkeypatch: pytest.MonkeyPatch
) -> None:
    transport = real_transport(real, certificates.folder, monkeypatch, ca_file="ca.pem", host="127.0.0.1")
    with pytest.raises(TransportRefused, match="certificate that does not verify"):
        asyncio.run(transport.open())


def test_a_wrong_password_needs_a_person(
    real: Any, certificates: Certificates, monkeypatch: pytest.MonkeyPatch
) -> None:
    transport = real_transport(
        real, certificates.folder, monkeypatch, ca_file="ca.pem", host="localhost", password="wrong"
    )
    with pytest.raises(TransportRefused, match="refuses the user name or password: 535") as raised:
        asyncio.run(transport.open())
    assert "wrong" not in str(raised.value)
    assert "wrong" not in repr(transport)


def test_a_password_is_asked_for_and_never_sent_in_clear(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    named = settings(25, host="mail.example", username="newsletter")
    monkeypatch.delenv("NEWSLETTER_OUR_RELAY_PASSWORD", raising=False)
    with pytest.raises(UsageError, match="NEWSLETTER_OUR_RELAY_PASSWORD"):
        make_transport("our-relay", named, tmp_path)
    monkeypatch.setenv("NEWSLETTER_OUR_RELAY_PASSWORD", "x")
    with pytest.raises(UsageError, match="unencrypted"):
        make_transport("our-relay", named, tmp_path)
