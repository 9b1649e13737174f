"""Messages for a stand-in of SendGrid, and what it answers."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from newsletter.clock import SystemClock
from newsletter.dispatch.transports.base import Outcome, Outgoing
from newsletter.dispatch.transports.sendgrid import SendGrid
from newsletter.message import mime, splice
from newsletter.model.delivery import AttemptState
from newsletter.settings import SendGridSettings
from tests.dispatch.transports.contract import Behaviour
from tests.fakes.sendgrid import KEY, FakeSendGrid
from tests.message.making import DUE, FIELDS, PERSONAL, envelope, variant

ACCEPTED, REJECTED, DEFERRED = AttemptState.ACCEPTED, AttemptState.REJECTED, AttemptState.DEFERRED
UNSENT, UNCONFIRMED = AttemptState.UNSENT, AttemptState.UNCONFIRMED


PLANS = {
    Behaviour.ACCEPT: "202",
    Behaviour.REJECT: "400:personalizations.0.to.0.email",
    Behaviour.LOSE_AFTER: "drop",
    Behaviour.TIME_OUT: "stall",
    Behaviour.REFUSE_US: "401",
}
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
