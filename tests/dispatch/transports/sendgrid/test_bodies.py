"""What SendGrid is asked: a body that it takes, personal values as substitutions, nothing personal elsewhere."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsletter.dispatch.transports.base import ChannelState, Outgoing
from newsletter.dispatch.transports.sendgrid_body import NotForSendGrid, _stem, body, form, personalization, requests
from newsletter.message import mime, splice
from newsletter.message.envelope import Attachment, Mailbox
from newsletter.tokens import Purpose
from tests.dispatch.transports.contract import ADDRESS
from tests.dispatch.transports.sendgrid.calls import (
    ACCEPTED,
    DEFERRED,
    REJECTED,
    TEMPLATE,
    outgoing,
    send,
    states,
    transport,
)
from tests.fakes.sendgrid import FakeSendGrid, errors_in, rendered
from tests.message.making import FIELDS, KEYS, envelope, text, variant


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
        {"content": "JVBERi0xLjc=", "type": "application/pdf", "filename": "Règlement.pdf", "disposition": "attachment"}
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
