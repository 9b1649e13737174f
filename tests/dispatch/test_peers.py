"""What other programs lose or double, through a mail server's own replies: here every contact gets one message."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, insert

from newsletter.clock import FixedClock
from newsletter.dispatch import retry
from newsletter.dispatch.engine import dispatch
from newsletter.dispatch.post import Ended, Letter, Report
from newsletter.dispatch.transports.pipelined import Pipelined
from newsletter.dispatch.transports.smtp import Smtp
from newsletter.model.delivery import DeliveryState as S
from newsletter.settings import SmtpSettings
from newsletter.store import ledger
from newsletter.store.engine import writing
from newsletter.store.ledger import By, Claimed
from newsletter.store.tables import suppression
from tests.dispatch.world import NOW, World, counts, deliveries, launched, make_world, plain_letter, post
from tests.fakes.smtp import CLOSE, FakeSmtp, Fault

CONTACTS = 30


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock(NOW)


@pytest.fixture
def world(sqlite_engine: Engine, clock: FixedClock) -> World:
    return make_world(sqlite_engine, clock, contacts=CONTACTS)


def letter(row: Claimed) -> Letter:
    return replace(plain_letter(row), sender="news@association.example")


def send(world: World, run: int, server: FakeSmtp, compose: Callable[[Claimed], Letter] = letter) -> Report:
    async def main() -> Report:
        async with server.running():
            settings = SmtpSettings(kind="smtp", host="127.0.0.1", port=server.port, tls="none", connections=1)
            return await dispatch(post(world, Smtp("smtp", settings, None), compose=compose), run)

    return asyncio.run(main())


def everybody_once(world: World, run: int, *servers: FakeSmtp) -> bool:
    arrived = sorted(recipient for server in servers for _, recipient in server.envelopes)
    return arrived == sorted(f"<{row.address}>" for row in deliveries(world.engine, run))


@pytest.mark.parametrize(
    "fault",
    [
        Fault("connect", "554 5.7.1 not from your network"),
        Fault("mail", "554 5.7.1 this sender may not"),
        Fault("mail", "530 5.7.0 authentication required"),
    ],
    ids=lambda fault: f"{fault.step}-{fault.does[:3]}",
)
def test_a_server_that_refuses_us_from_the_first_message_costs_nobody_their_message(
    world: World, clock: FixedClock, fault: Fault
) -> None:
    run = launched(world)
    refusing = FakeSmtp(faults=[fault] * CONTACTS)
    report = send(world, run, refusing)
    assert report.ended is Ended.PAUSED
    assert fault.does[4:] in (report.reason or "")
    assert counts(world.engine, run) == {S.PENDING: CONTACTS}
    assert len(refusing.faults) == CONTACTS - 1, "it went on although it was refused"
    with writing(world.engine) as connection:
        ledger.resume(connection, run, By(world.person, NOW))
    clock.advance(retry.PAUSES[0] * (1 + retry.SPREAD))
    mended = FakeSmtp()
    assert send(world, run, mended).ended is Ended.DONE
    assert everybody_once(world, run, mended)


def test_greylisting_of_everybody_loses_nobody(world: World, clock: FixedClock) -> None:
    run = launched(world)
    first = FakeSmtp(faults=[Fault("rcpt", "451 4.7.1 greylisted, come back later")] * CONTACTS)
    assert send(world, run, first).ended is Ended.WAITING
    clock.advance(timedelta(minutes=5))  # domains that say it again and again are given a rest
    later = FakeSmtp()
    assert send(world, run, later).ended is Ended.DONE
    assert first.envelopes == []
    assert everybody_once(world, run, later)


def test_a_server_that_throttles_and_hangs_up_loses_nobody_and_doubles_nobody(world: World, clock: FixedClock) -> None:
    run = launched(world)
    busy = Fault("rcpt", "421 4.7.0 too many messages on this connection")
    first, later = FakeSmtp(faults=[None, busy] * CONTACTS), FakeSmtp()
    assert send(world, run, first).ended is Ended.WAITING
    clock.advance(retry.PAUSES[0] * (1 + retry.SPREAD))
    assert send(world, run, later).ended is Ended.DONE
    assert len(first.envelopes) == CONTACTS // 2
    assert everybody_once(world, run, first, later)


def test_who_is_refused_is_listed_with_the_servers_words_and_can_be_tried_again(world: World) -> None:
    run = launched(world)
    refusing = FakeSmtp(faults=[Fault("rcpt", "554 5.7.1 relay access denied")] * CONTACTS)
    report = send(world, run, refusing)
    assert report.ended is Ended.PAUSED  # it stops by itself before everybody is refused
    refused = [row for row in deliveries(world.engine, run) if row.state == "rejected"]
    assert len(refused) == 20
    assert {row.reason for row in refused} == {"554 5.7.1 relay access denied"}
    with writing(world.engine) as connection:
        ledger.retry(connection, [row.id for row in refused], person=world.person, now=NOW)
        ledger.resume(connection, run, By(world.person, NOW))
    mended = FakeSmtp()
    assert send(world, run, mended).ended is Ended.DONE
    assert everybody_once(world, run, mended)


def test_a_suppression_in_mid_send_is_obeyed(world: World) -> None:
    run = launched(world)
    server = FakeSmtp()

    def complain_after_five(row: Claimed) -> Letter:
        if row.id == 5:
            with writing(world.engine) as connection:
                fact = {"address_key": f"key-{CONTACTS}", "scope": "address", "reason": "complained", "at": NOW}
                connection.execute(insert(suppression), [fact])
        return letter(row)

    send(world, run, server, complain_after_five)
    assert counts(world.engine, run) == {S.ACCEPTED: CONTACTS - 1, S.SKIPPED: 1}
    assert not any(recipient.startswith(f"<contact{CONTACTS}@") for _, recipient in server.envelopes)


# The same through PIPELINING, where the next envelope runs ahead of its intent


def pipelined(world: World, run: int, server: FakeSmtp, **changes: Any) -> Report:
    async def main() -> Report:
        async with server.running():
            settings = SmtpSettings(kind="smtp", host="127.0.0.1", port=server.port, tls="none", connections=1)
            return await dispatch(post(world, Pipelined("smtp", settings, None), compose=letter, **changes), run)

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
            return await dispatch(post(world, Pipelined("smtp", settings, None), compose=suppressing), run)

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
            return await dispatch(post(world, Pipelined("smtp", settings, None), compose=pausing), run)

    assert asyncio.run(main()).ended is Ended.PAUSED
    assert len(server.accepted) <= 10
    assert counts(world.engine, run) == {S.ACCEPTED: len(server.accepted), S.PENDING: CONTACTS - len(server.accepted)}
    with writing(world.engine) as connection:
        ledger.resume(connection, run, By(world.person, NOW))
    later = FakeSmtp(extensions=OFFERED)
    assert pipelined(world, run, later).ended is Ended.DONE
    assert everybody_once(world, run, server, later)
