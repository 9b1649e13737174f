"""The same as in test_peers.py through PIPELINING, where the next envelope runs ahead of its intent."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import Any

import pytest
from sqlalchemy import Engine, insert

from newsletter.clock import FixedClock
from newsletter.dispatch import retry
from newsletter.dispatch.engine import dispatch
from newsletter.dispatch.post import Ended, Letter, Report
from newsletter.dispatch.transports.smtp import Smtp
from newsletter.model.delivery import DeliveryState as S
from newsletter.settings import SmtpSettings
from newsletter.store import ledger
from newsletter.store.engine import writing
from newsletter.store.ledger import By, Claimed
from newsletter.store.tables import suppression
from tests.dispatch.mailing import CONTACTS, everybody_once, letter
from tests.dispatch.world import NOW, World, counts, deliveries, launched, make_world, post
from tests.fakes.smtp import CLOSE, FakeSmtp, Fault


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock(NOW)


@pytest.fixture
def world(sqlite_engine: Engine, clock: FixedClock) -> World:
    return make_world(sqlite_engine, clock, contacts=CONTACTS)


def pipelined(world: World, run: int, server: FakeSmtp, **changes: Any) -> Report:
    async def main() -> Report:
        async with server.running():
            settings = SmtpSettings(kind="smtp", host="127.0.0.1", port=server.port, tls="none", connections=1)
            return await dispatch(post(world, Smtp("smtp", settings, None), compose=letter, **changes), run)

    return asyncio.run(main())


OFFERED = ("SMTPUTF8", "8BITMIME", "PIPELINING")


def test_pipelined_everybody_gets_one_whatever_happens_to_some(world: World, clock: FixedClock) -> None:
    run = launched(world)
    faults: list[Fault | None] = [
        Fault("rcpt", "450 4.2.0 later"),
        None,
        Fault("dot", "451 4.3.0 later"),
        Fault("data", CLOSE),
        None,
        Fault("dot", "421 4.3.2 closing"),
        None,
    ]
    first, later = FakeSmtp(faults=faults, extensions=OFFERED), FakeSmtp(extensions=OFFERED)
    assert pipelined(world, run, first).ended is Ended.WAITING
    clock.advance(retry.PAUSES[0] * (1 + retry.SPREAD))
    assert pipelined(world, run, later).ended is Ended.DONE
    assert everybody_once(world, run, first, later)


def test_pipelined_a_suppression_in_mid_send_is_obeyed_though_the_envelope_had_left(world: World) -> None:
    run, server = launched(world), FakeSmtp(extensions=OFFERED)
    rows = deliveries(world.engine, run)

    def suppressing(row: Claimed) -> Letter:
        if row.id == rows[4].id:
            with writing(world.engine) as connection:
                values = {"address_key": rows[5].address_key, "scope": "address", "reason": "complained", "at": NOW}
                connection.execute(insert(suppression).values(values).prefix_with("OR IGNORE"))
        return letter(row)

    async def main() -> Report:
        async with server.running():
            settings = SmtpSettings(kind="smtp", host="127.0.0.1", port=server.port, tls="none", connections=1)
            return await dispatch(post(world, Smtp("smtp", settings, None), compose=suppressing), run)

    assert asyncio.run(main()).ended is Ended.DONE
    assert counts(world.engine, run) == {S.ACCEPTED: CONTACTS - 1, S.SKIPPED: 1}
    assert f"<{rows[5].address}>" not in [recipient for _, recipient in server.envelopes]
    assert len(server.accepted) == CONTACTS - 1


def test_pipelined_a_pause_in_mid_send_lets_no_announced_message_go(world: World) -> None:
    run, server = launched(world), FakeSmtp(extensions=OFFERED)
    seen: list[int] = []

    def pausing(row: Claimed) -> Letter:
        seen.append(row.id)
        if len(set(seen)) == 10:
            with writing(world.engine) as connection, suppress(ledger.NotThisRun):
                ledger.pause(connection, run, By(world.person, NOW, "paused by Luc"))
        return letter(row)

    async def main() -> Report:
        async with server.running():
            settings = SmtpSettings(kind="smtp", host="127.0.0.1", port=server.port, tls="none", connections=1)
            return await dispatch(post(world, Smtp("smtp", settings, None), compose=pausing), run)

    assert asyncio.run(main()).ended is Ended.PAUSED
    assert len(server.accepted) <= 10
    assert counts(world.engine, run) == {S.ACCEPTED: len(server.accepted), S.PENDING: CONTACTS - len(server.accepted)}
    with writing(world.engine) as connection:
        ledger.resume(connection, run, By(world.person, NOW))
    later = FakeSmtp(extensions=OFFERED)
    assert pipelined(world, run, later).ended is Ended.DONE
    assert everybody_once(world, run, server, later)
