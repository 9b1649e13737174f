"""SendGrid keeps the contract of transports."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from newsletter.dispatch.transports.base import Outgoing
from newsletter.message import mime, splice
from tests.dispatch.transports.contract import ADDRESS, Behaviour, Rig, TransportContract
from tests.dispatch.transports.sendgrid.calls import PLANS, outgoing, transport
from tests.fakes.sendgrid import FakeSendGrid
from tests.message.making import FIELDS, envelope, text, variant


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
