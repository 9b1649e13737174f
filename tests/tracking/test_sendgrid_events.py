"""SendGrid's events: whose they are, and what they say."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sendgrid.helpers.eventwebhook import EventWebhook

from newsletter.tracking.sendgrid_events import SIGNATURE, TIMESTAMP, Kind, NotTheirs, read, verify
from tests.tracking.keys import public, signed

BODY = b'[{"email":"a@x.test","event":"delivered","timestamp":1513299569}]\r\n'


def test_a_signed_body_is_theirs_for_sendgrids_own_library_and_for_us() -> None:
    headers = signed(BODY)
    theirs = EventWebhook(public())
    assert theirs.verify_signature(BODY.decode(), headers[SIGNATURE], headers[TIMESTAMP])
    verify(BODY, headers, public())
    verify(BODY, {name.lower(): value for name, value in headers.items()}, public())


@pytest.mark.parametrize(
    ("body", "change"),
    [
        (BODY.rstrip(), {}),  # the trailing line end is part of what is signed
        (json.dumps(json.loads(BODY)).encode(), {}),
        (BODY, {TIMESTAMP: "1795514401"}),
        (BODY, {SIGNATURE: ""}),
        (BODY, {SIGNATURE: "%%%"}),
        (BODY, {SIGNATURE: "bm9uZQ=="}),
    ],
)
def test_anything_else_is_not(body: bytes, change: dict[str, str]) -> None:
    with pytest.raises(NotTheirs):
        verify(body, signed(BODY) | change, public())


def test_nothing_verifies_without_headers_or_with_a_broken_key() -> None:
    for headers, key in (({}, public()), (signed(BODY), "bm9uZQ=="), (signed(BODY), "")):
        with pytest.raises(NotTheirs):
            verify(BODY, headers, key)


def one(**told: Any) -> Any:
    [event] = read(json.dumps([{"timestamp": 1513299569, "email": "a@x.test", **told}]).encode())
    return event


@pytest.mark.parametrize(
    ("told", "kind", "dead"),
    [
        ({"event": "bounce", "type": "bounce", "bounce_classification": "Invalid Address"}, Kind.BOUNCED, True),
        ({"event": "bounce", "type": "bounce", "bounce_classification": "Reputation"}, Kind.BOUNCED, False),
        ({"event": "bounce", "type": "bounce", "status": "5.1.1"}, Kind.BOUNCED, True),
        ({"event": "bounce", "type": "bounce", "status": "5.2.2"}, Kind.BOUNCED, False),  # mailbox full
        ({"event": "bounce", "type": "blocked", "status": "5.1.1"}, Kind.BLOCKED, False),
        ({"event": "dropped", "reason": "Bounced Address"}, Kind.DROPPED, True),
        ({"event": "dropped", "reason": "Spam Content"}, Kind.DROPPED, False),
        ({"event": "spamreport"}, Kind.COMPLAINED, False),
        ({"event": "deferred", "response": "400 later", "attempt": "5"}, Kind.DEFERRED, False),
    ],
)
def test_only_what_says_that_the_address_is_dead_makes_it_so(told: dict[str, Any], kind: Kind, dead: bool) -> None:
    event = one(**told)
    assert (event.kind, event.dead) == (kind, dead)


def test_ours_by_custom_arguments_and_times_in_seconds_or_milliseconds() -> None:
    event = one(event="delivered", x_delivery="12", x_attempt="34", sg_event_id="e1", response="250 OK")
    assert (event.delivery, event.attempt, event.id, event.words) == (12, 34, "e1", "250 OK")
    assert one(event="delivered", timestamp=1513299569000).at == event.at
    assert one(event="delivered", x_delivery="-3", x_attempt="²").attempt is None


@given(st.lists(st.recursive(st.none() | st.text() | st.integers() | st.floats(allow_nan=False), st.lists), max_size=4))
def test_what_is_no_event_is_passed_over(told: list[Any]) -> None:
    assert list(read(json.dumps([*told, {"event": "open", "timestamp": 1}, {"event": "delivered"}]).encode())) == []


@pytest.mark.parametrize("body", [b"", b"{}", b"\xff\xfe", b"null", b"[" * 100_000])
def test_a_body_that_is_no_list_is_refused(body: bytes) -> None:
    with pytest.raises(NotTheirs):
        list(read(body))
