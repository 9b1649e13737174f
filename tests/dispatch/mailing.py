"""Messages to the small association through a mail server that does as it is told."""

from __future__ import annotations

from dataclasses import replace

from newsletter.dispatch.post import Letter
from newsletter.store.ledger import Claimed
from tests.dispatch.world import World, deliveries, plain_letter
from tests.fakes.smtp import FakeSmtp

CONTACTS = 30


def letter(row: Claimed) -> Letter:
    return replace(plain_letter(row), sender="news@association.example")


def everybody_once(world: World, run: int, *servers: FakeSmtp) -> bool:
    arrived = sorted(recipient for server in servers for _, recipient in server.envelopes)
    return arrived == sorted(f"<{row.address}>" for row in deliveries(world.engine, run))
