"""The key comes from the environment, and neither it nor an address stands in a log."""

from __future__ import annotations

import asyncio
import logging
from datetime import UTC, datetime
from pathlib import Path

import pytest

from newsletter.clock import FixedClock, SystemClock
from newsletter.dispatch.transports import make_transport
from newsletter.dispatch.transports.base import TransportRefused
from newsletter.dispatch.transports.sendgrid import SendGrid, api_key
from newsletter.settings import SendGridSettings
from tests.dispatch.transports.contract import ADDRESS
from tests.dispatch.transports.sendgrid.calls import outgoing, send, transport
from tests.fakes.sendgrid import KEY, FakeSendGrid


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
