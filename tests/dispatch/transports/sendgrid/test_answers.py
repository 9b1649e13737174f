"""What SendGrid answers, refuses, or leaves in doubt."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from newsletter.dispatch.transports.base import ChannelState
from newsletter.message import mime
from newsletter.message.envelope import Attachment
from tests.dispatch.transports.sendgrid.calls import (
    ACCEPTED,
    DEFERRED,
    REJECTED,
    UNCONFIRMED,
    UNSENT,
    outgoing,
    send,
    states,
    transport,
)
from tests.fakes.sendgrid import FakeSendGrid
from tests.message.making import FIELDS, envelope, variant
from tests.servers import free_port


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
