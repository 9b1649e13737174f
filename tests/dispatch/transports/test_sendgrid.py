"""SendGrid, against a server that checks and answers as SendGrid is documented to, faults included."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsletter.clock import FixedClock, SystemClock
from newsletter.dispatch.transports import make_transport
from newsletter.dispatch.transports.base import ChannelState, Outcome, Outgoing, TransportRefused
from newsletter.dispatch.transports.sendgrid import SendGrid, api_key
from newsletter.dispatch.transports.sendgrid_body import NotForSendGrid, _stem, body, form, personalization, requests
from newsletter.message import mime, splice
from newsletter.message.envelope import Attachment, Mailbox
from newsletter.model.delivery import AttemptState
from newsletter.settings import SendGridSettings
from newsletter.tokens import Purpose
from tests.dispatch.transports.contract import ADDRESS, Behaviour, Rig, TransportContract
from tests.fakes.sendgrid import KEY, FakeSendGrid, errors_in, rendered
from tests.message.making import DUE, FIELDS, KEYS, PERSONAL, envelope, text, variant
from tests.servers import free_port

ACCEPTED, REJECTED, DEFERRED = AttemptState.ACCEPTED, AttemptState.REJECTED, AttemptState.DEFERRED
UNSENT, UNCONFIRMED = AttemptState.UNSENT, AttemptState.UNCONFIRMED
PLANS = {
    Behaviour.ACCEPT: "202",
    Behaviour.REJECT: "400:personalizations.0.to.0.email",
    Behaviour.LOSE_AFTER: "drop",
    Behaviour.TIME_OUT: "stall",
    Behaviour.REFUSE_US: "401",
}


@pytest.fixture(autouse=True)
def no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


@pytest.fixture
def server() -> Iterator[FakeSendGrid]:
    with FakeSendGrid(stall_for=2).running() as fake:
        yield fake


TEMPLATE = mime.compile(variant(), envelope(), FIELDS)


def outgoing(number: int, *values: str, template: mime.Template = TEMPLATE, **changes: Any) -> Outgoing:
    address = changes.pop("address", f"person{number}@fund.example")
    name = changes.pop("name", "Maria Okonkwo")
    data = PERSONAL.delivery(number, address, DUE, values or ("Zoé", "Caisse & Cie"), name=name)
    return Outgoing(number, 1000 + number, 1, address, template, data, splice.message, **changes)


def transport(server: FakeSendGrid, **changes: Any) -> SendGrid:
    async def no_sleep(_: float) -> None:
        """The fake's clock is the machine's; tests do not wait for it."""

    timeout = changes.pop("timeout", timedelta(seconds=0.5))
    settings = SendGridSettings(kind="sendgrid", host=server.url, timeout=timeout)
    values: dict[str, Any] = {"key": KEY, "clock": SystemClock(), "sleep": no_sleep}
    return SendGrid("sendgrid", settings, **{**values, **changes})


def send(by: SendGrid, *batch: Outgoing) -> list[Outcome]:
    """Outcomes in the order of the batch."""

    async def play() -> list[Outcome]:
        channel = await by.open()
        outcomes = {each.attempt: each for each in await channel.send(batch)}
        assert len(outcomes) == len(batch)
        return [outcomes[message.attempt] for message in batch]

    return asyncio.run(play())


def states(outcomes: Sequence[Outcome]) -> list[AttemptState]:
    return [each.state for each in outcomes]


class SendGridRig:
    """429 puts off the whole channel, not a recipient: it has tests of its own."""

    plays = frozenset(PLANS)

    def __init__(self, server: FakeSendGrid) -> None:
        self.server, self.transport = server, transport(server)

    def next(self, behaviour: Behaviour) -> None:
        self.server.script.append(PLANS[behaviour])

    def message(self, number: int, content: bytes) -> Outgoing:
        template = mime.compile(variant(text=(content.decode(), text("contact.first_name"))), envelope(), FIELDS)
        return outgoing(number, template=template, address=ADDRESS if number == 1 else f"person{number}@mail.example")

    def received(self) -> Sequence[Any]:
        return [(each["subject"], each["content"]) for each in self.server.messages()]

    def expected(self, message: Outgoing) -> Any:
        shown = splice.shown(message.template, message.data)
        return shown.subject, {"text/plain": shown.text, "text/html": shown.html}


class TestSendGridKeepsTheContract(TransportContract):
    @asynccontextmanager
    async def rig(self, folder: Path) -> AsyncIterator[Rig]:
        with FakeSendGrid(stall_for=2).running() as server:
            yield SendGridRig(server)


# --- what is asked


def made(*messages: Outgoing) -> dict[str, Any]:
    shape = form(messages[0].template)
    return body(shape, [personalization(shape, each) for each in messages])


def test_a_body_is_one_that_sendgrid_takes() -> None:
    content = made(outgoing(1), outgoing(2, "O'Neill <b>", "الصندوق الوطني"))
    assert errors_in(content) == []
    assert content["tracking_settings"]["subscription_tracking"] == {"enable": False}
    assert content["tracking_settings"]["open_tracking"] == {"enable": False}
    assert content["tracking_settings"]["click_tracking"] == {"enable": False, "enable_text": False}
    assert "asm" not in content
    assert "categories" not in content


def test_each_recipient_has_unsubscribe_headers_of_its_own() -> None:
    for number, person in enumerate(made(outgoing(1), outgoing(2))["personalizations"], 1):
        address = person["headers"]["List-Unsubscribe"].strip("<>")
        assert address.startswith("https://news.example.org/u/")
        assert KEYS.verify(Purpose.UNSUBSCRIBE, address.rpartition("/")[2]) == number
        assert person["headers"]["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
        assert person["headers"]["List-ID"] == "Monthly digest <monthly.news.example.org>"
        assert person["custom_args"] == {"x_delivery": str(number), "x_attempt": str(1000 + number)}


def test_statutory_notices_have_no_unsubscribe_header() -> None:
    template = mime.compile(variant(), envelope(unsubscribe=False), FIELDS)
    (person,) = made(outgoing(1, template=template))["personalizations"]
    assert not [name for name in person["headers"] if name.startswith("List-Unsub")]
    assert person["headers"]["List-ID"]


def test_no_address_is_in_what_sendgrid_keeps_as_not_personal() -> None:
    (person,) = made(outgoing(1, address=ADDRESS))["personalizations"]
    assert "@" not in "".join([*person["custom_args"].values(), *person["headers"].values()])


values = st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=60)


@given(values, values)
def test_what_sendgrid_fills_in_is_what_is_spliced(first: str, institution: str) -> None:
    message = outgoing(1, first, institution)
    content = made(message)
    filled = rendered(content, content["personalizations"][0])
    shown = splice.shown(message.template, message.data)
    without = {kind: value.replace("\0", "") for kind, value in (("text/plain", shown.text), ("text/html", shown.html))}
    assert filled["content"] == without
    assert filled["subject"] == shown.subject
    assert errors_in(content) == []


def test_a_lookalike_of_a_tag_in_literal_text_stays() -> None:
    tags = form(TEMPLATE).tags
    lookalike = f"write {tags[0]} or -f0n0- or %name% here"
    template = mime.compile(variant(text=(lookalike, text("contact.first_name"), "\n")), envelope(), FIELDS)
    content = made(outgoing(1, template=template))
    assert rendered(content, content["personalizations"][0])["content"]["text/plain"] == f"{lookalike}Zoé\n"


def test_tags_avoid_what_the_text_holds_already() -> None:
    """The stem follows from the content, so a text that held it would be an accident: here one is forced."""
    compiled = variant()
    parts = (*compiled.text, *compiled.html)
    stem = form(TEMPLATE).stem
    assert _stem(TEMPLATE, (*parts, f"...{stem}...")) != stem


def test_a_value_that_holds_a_tag_is_refused_by_name(server: FakeSendGrid) -> None:
    tag = form(TEMPLATE).tags[1]
    outcomes = send(transport(server), outgoing(1, f"x{tag}", "y"), outgoing(2))
    assert states(outcomes) == [REJECTED, ACCEPTED]


def test_too_long_for_substitutions_is_refused_by_name_and_the_others_go(server: FakeSendGrid) -> None:
    outcomes = send(transport(server), outgoing(1), outgoing(2, "x" * 6000, "y"), outgoing(3))
    assert states(outcomes) == [ACCEPTED, REJECTED, ACCEPTED]
    assert "SendGrid takes 10000" in outcomes[1].reply
    assert [delivery for delivery, _ in server.accepted] == ["1", "3"]


@pytest.mark.parametrize("length", range(4850, 4950, 7))
def test_the_limit_of_substitutions_is_exact(length: int) -> None:
    message = outgoing(1, "é", "x" * length)
    try:
        content = made(message)
    except NotForSendGrid:
        person = made(outgoing(1, "é", "x"))["personalizations"][0]
        grown = {tag: value.replace("x", "x" * length) for tag, value in person["substitutions"].items()}
        assert errors_in({**made(outgoing(1)), "personalizations": [{**person, "substitutions": grown}]})
    else:
        assert errors_in(content) == []


def test_a_name_cannot_break_the_recipient() -> None:
    (person,) = made(outgoing(1, name="Okonkwo; Maria, Dr.\r\nBcc: x\u202e"))["personalizations"]
    assert person["to"] == [{"email": "person1@fund.example", "name": "Okonkwo Maria Dr. Bcc: x"}]


def test_a_domain_outside_ascii_is_written_in_ascii() -> None:
    (person,) = made(outgoing(1, address="zoe@exämple.org"))["personalizations"]
    assert person["to"][0]["email"] == "zoe@xn--exmple-cua.org"


def test_a_sender_outside_ascii_stops_the_channel(server: FakeSendGrid) -> None:
    template = mime.compile(variant(), envelope(sender=Mailbox("zoé@news.example.org")), FIELDS)
    (outcome,) = send(transport(server), outgoing(1, template=template))
    assert (outcome.state, outcome.channel) == (DEFERRED, ChannelState.REFUSED)
    assert server.requests == []


def test_attachments_and_reply_to_go_along() -> None:
    attached = (Attachment("Règlement.pdf", "application/pdf", b"%PDF-1.7"),)
    surrounding = envelope(attachments=attached, reply_to=Mailbox("office@association.example", "Office"))
    content = made(outgoing(1, template=mime.compile(variant(), surrounding, FIELDS)))
    assert content["reply_to"] == {"email": "office@association.example", "name": "Office"}
    assert content["attachments"] == [
        {
            "content": "JVBERi0xLjc=",
            "type": "application/pdf",
            "filename": "Règlement.pdf",
            "disposition": "attachment",
        }
    ]


def test_a_subject_for_all_stands_once() -> None:
    template = mime.compile(variant(subject=("Digest\n  of December",)), envelope(), FIELDS)
    content = made(outgoing(1, template=template))
    assert content["subject"] == "Digest of December"
    assert "subject" not in content["personalizations"][0]


def test_an_address_never_stands_twice_in_one_request(server: FakeSendGrid) -> None:
    twice = [outgoing(1, address="a@b.example"), outgoing(2), outgoing(3, address="A@B.example")]
    assert states(send(transport(server), *twice)) == [ACCEPTED] * 3
    assert [len(each["personalizations"]) for each in server.bodies] == [2, 1]


def test_no_request_has_more_than_a_thousand_recipients() -> None:
    assert [len(each) for each in requests([outgoing(number) for number in range(1, 1202)])] == [1000, 201]


# --- what is answered


def test_accepted_with_the_id_of_the_request(server: FakeSendGrid) -> None:
    outcomes = send(transport(server), outgoing(1), outgoing(2))
    assert [(each.state, each.provider_id) for each in outcomes] == [(ACCEPTED, "fake-000001")] * 2
    assert server.accepted == [("1", "1001"), ("2", "1002")]


def test_a_named_recipient_is_refused_in_the_servers_words_and_the_others_are_put_back(server: FakeSendGrid) -> None:
    server.script.append("400:personalizations.1.to.0.email")
    outcomes = send(transport(server), outgoing(1), outgoing(2), outgoing(3))
    assert states(outcomes) == [UNSENT, REJECTED, UNSENT]
    assert outcomes[1].reply == "400 it is not as it should be"
    assert {each.channel for each in outcomes} == {ChannelState.OPEN}


def test_a_refusal_that_names_nobody_is_searched_for(server: FakeSendGrid) -> None:
    server.bad_addresses.add("person5@fund.example")
    outcomes = send(transport(server), *(outgoing(number) for number in range(1, 9)))
    assert states(outcomes) == [ACCEPTED] * 4 + [REJECTED] + [ACCEPTED] * 3
    assert len(set(server.accepted)) == len(server.accepted) == 7


def test_refused_one_by_one_is_the_messages_fault(server: FakeSendGrid) -> None:
    server.script.extend(["400:"] * 7)
    outcomes = send(transport(server), *(outgoing(number) for number in range(1, 5)))
    assert {(each.state, each.channel) for each in outcomes} == {(DEFERRED, ChannelState.REFUSED)}


@pytest.mark.parametrize("plan", ["400:content.0.value", "400:from.email", "401", "403", "404", "302"])
def test_what_wants_a_person_stops_the_channel(plan: str, server: FakeSendGrid) -> None:
    server.script.append(plan)
    outcomes = send(transport(server), outgoing(1), outgoing(2))
    assert {(each.state, each.channel) for each in outcomes} == {(DEFERRED, ChannelState.REFUSED)}
    assert outcomes[0].reply.startswith(plan[:3])


def test_a_redirect_is_not_followed(server: FakeSendGrid) -> None:
    """The client as shipped would take the key along, and be told 200."""
    server.script.append("302")
    send(transport(server), outgoing(1))
    assert [(method, path) for method, path, _ in server.requests] == [("POST", "/v3/mail/send")]


def test_200_is_the_sandbox_and_nothing_sent(server: FakeSendGrid) -> None:
    server.script.append("200")
    (outcome,) = send(transport(server), outgoing(1))
    assert (outcome.state, outcome.channel) == (DEFERRED, ChannelState.REFUSED)


def test_too_large_is_halved(server: FakeSendGrid) -> None:
    server.script.extend(["413", "413"])
    outcomes = send(transport(server), *(outgoing(number) for number in range(1, 5)))
    assert states(outcomes) == [ACCEPTED] * 4
    assert [len(each["personalizations"]) for each in server.bodies] == [1, 1, 2]


def test_429_puts_off_until_the_reset_and_open_waits_for_it(server: FakeSendGrid) -> None:
    slept: list[float] = []

    async def sleep(seconds: float) -> None:
        slept.append(seconds)

    by = transport(server, sleep=sleep, timeout=timedelta(seconds=5))
    server.script.append("429:90")
    (outcome,) = send(by, outgoing(1))
    assert (outcome.state, outcome.channel) == (DEFERRED, ChannelState.BROKEN)
    assert outcome.retry_after is not None
    assert timedelta(seconds=80) < outcome.retry_after <= timedelta(seconds=90)
    assert states(send(by, outgoing(2))) == [ACCEPTED]
    assert len(slept) == 1
    assert 60 < slept[0] <= 90


@pytest.mark.parametrize("plan", ["500", "502", "503", "drop", "drop:reset", "stall"])
@pytest.mark.parametrize("accepted", ["", "!"])
def test_doubt_is_doubt_whether_it_was_accepted_or_not(plan: str, accepted: str, server: FakeSendGrid) -> None:
    server.script.append(plan + accepted)
    server.stall_for = 0.4
    by = transport(server, timeout=timedelta(seconds=0.2))
    outcomes = send(by, outgoing(1), outgoing(2))
    assert {(each.state, each.channel) for each in outcomes} == {(UNCONFIRMED, ChannelState.BROKEN)}
    assert len(server.accepted) == (2 if accepted else 0)


def test_after_a_doubt_the_rest_of_the_batch_is_held_back(server: FakeSendGrid) -> None:
    server.script.append("502")
    batch = [outgoing(1, address="a@b.example"), outgoing(2, address="a@b.example")]
    assert states(send(transport(server), *batch)) == [UNCONFIRMED, UNSENT]
    assert len(server.requests) == 1


def test_a_reply_cut_off_after_202_is_accepted(server: FakeSendGrid) -> None:
    server.script.append("cut!")
    (outcome,) = send(transport(server), outgoing(1))
    assert (outcome.state, outcome.provider_id) == (ACCEPTED, "fake-000001")


def test_three_doubts_running_pause_the_run(server: FakeSendGrid) -> None:
    """An outage must not make a whole audience unconfirmed."""
    server.script.extend(["502", "503", "202", "502", "502", "502"])
    by = transport(server)
    channels = [send(by, outgoing(number))[0].channel for number in range(1, 7)]
    broken, refused = ChannelState.BROKEN, ChannelState.REFUSED
    assert channels == [broken, broken, ChannelState.OPEN, broken, broken, refused]


def test_no_connection_puts_off() -> None:
    by = transport(FakeSendGrid(url=f"http://127.0.0.1:{free_port()}"))
    (outcome,) = send(by, outgoing(1))
    assert (outcome.state, outcome.channel) == (DEFERRED, ChannelState.BROKEN)
    assert by.resume_at is not None


def test_lost_while_the_body_leaves_is_not_accepted(server: FakeSendGrid) -> None:
    """Larger than what the system buffers, so that the loss is met while writing."""
    attached = (Attachment("large.bin", "application/octet-stream", bytes(12_000_000)),)
    template = mime.compile(variant(), envelope(attachments=attached), FIELDS)
    server.script.append("reset")
    (outcome,) = send(transport(server, timeout=timedelta(seconds=5)), outgoing(1, template=template))
    assert (outcome.state, outcome.channel) == (DEFERRED, ChannelState.BROKEN)
    assert server.accepted == []


def test_an_old_intent_is_held_back_and_the_others_go(server: FakeSendGrid) -> None:
    old = replace(outgoing(1), fresh=lambda: False)
    assert states(send(transport(server), old, outgoing(2))) == [UNSENT, ACCEPTED]
    assert server.accepted == [("2", "1002")]


def test_a_message_that_cannot_be_made_is_refused_and_the_others_go(server: FakeSendGrid) -> None:
    broken = outgoing(1)
    broken = replace(broken, data=broken.data._replace(values=()))
    assert states(send(transport(server), broken, outgoing(2))) == [REJECTED, ACCEPTED]


# --- the key


def test_the_key_comes_from_the_environment() -> None:
    assert api_key({"SENDGRID_API_KEY": "b"}) == "b"
    assert api_key({"SENDGRID_API_KEY": "b", "NEWSLETTER_SENDGRID_API_KEY": "a"}) == "a"
    assert api_key({}) is None


@pytest.mark.parametrize(
    ("key", "host", "says"),
    [
        (None, "https://api.sendgrid.com", "set NEWSLETTER_SENDGRID_API_KEY"),
        ("SG.a\r\nX: y", "https://api.sendgrid.com", "is no API key"),
        ("SG.a", "http://api.sendgrid.com", "must begin with https://"),
    ],
)
def test_what_is_not_set_up_is_said_before_anything_is_sent(key: str | None, host: str, says: str) -> None:
    settings = SendGridSettings(kind="sendgrid", host=host)
    with pytest.raises(TransportRefused, match=says):
        asyncio.run(SendGrid("sendgrid", settings, key, SystemClock()).open())


def test_the_settings_name_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("NEWSLETTER_SENDGRID_API_KEY", "SG.x")
    by = make_transport("bulk", SendGridSettings(kind="sendgrid", batch=500, connections=2), tmp_path)
    assert (by.name, by.batch, by.connections, by.rehearsal) == ("bulk", 500, 2, False)


def test_neither_key_nor_addresses_are_logged(server: FakeSendGrid, caplog: pytest.LogCaptureFixture) -> None:
    """The client logs both at level DEBUG."""
    with caplog.at_level(logging.DEBUG):
        send(transport(server), outgoing(1, address=ADDRESS))
    assert KEY not in caplog.text
    assert ADDRESS not in caplog.text


def test_replies_name_no_address(server: FakeSendGrid) -> None:
    by = transport(server, clock=FixedClock(datetime(2026, 11, 24, tzinfo=UTC)))
    server.script.append("400:personalizations.0.to.0.email")
    (outcome,) = send(by, outgoing(1, address=ADDRESS))
    assert ADDRESS not in outcome.reply
