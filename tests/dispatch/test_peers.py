"""What other programs lose or double: here every contact gets one message. docs/reliability.md names the test of each;
those that need real processes are in tests/faults, those of the schedule in tests/workflow.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, insert, select, update

from newsletter.clock import FixedClock
from newsletter.dispatch import retry
from newsletter.dispatch.engine import dispatch
from newsletter.dispatch.post import Ended, Letter, Report
from newsletter.dispatch.transports import make_transport
from newsletter.dispatch.transports.smtp import Smtp
from newsletter.message import mime, splice
from newsletter.model.delivery import DeliveryState as S
from newsletter.pace import Limits
from newsletter.settings import SendGridSettings, SmtpSettings
from newsletter.store import ledger
from newsletter.store.engine import reading, writing
from newsletter.store.ledger import By, Claimed
from newsletter.store.tables import contact, edition, suppression, worker
from tests.dispatch.mailing import CONTACTS, everybody_once, letter
from tests.dispatch.scripted import Scripted
from tests.dispatch.world import NOW, World, counts, deliveries, launched, make_world, post
from tests.fakes.sendgrid import KEY, FakeSendGrid
from tests.fakes.smtp import SILENCE, FakeSmtp, Fault
from tests.message.making import FIELDS, PERSONAL, envelope, variant


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock(NOW)


@pytest.fixture
def world(sqlite_engine: Engine, clock: FixedClock) -> World:
    return make_world(sqlite_engine, clock, contacts=CONTACTS)


def send(
    world: World, run: int, server: FakeSmtp, compose: Callable[[Claimed], Letter] = letter, **changes: Any
) -> Report:
    async def main() -> Report:
        async with server.running():
            values = {"kind": "smtp", "host": "127.0.0.1", "port": server.port, "tls": "none", "connections": 1}
            settings = SmtpSettings.model_validate({**values, **changes})
            return await dispatch(post(world, Smtp("smtp", settings, None), compose=compose), run)

    return asyncio.run(main())


def provider_letter(row: Claimed) -> Letter:
    data = PERSONAL.delivery(row.id, row.address, row.due_at, tuple(row.field_values))
    return Letter(mime.compile(variant(), envelope(), FIELDS), data, splice.message, "news@association.example")


@pytest.mark.parametrize(
    "fault",
    [
        Fault("connect", "554 5.7.1 not from your network"),
        Fault("mail", "554 5.7.1 this sender may not"),
        Fault("mail", "530 5.7.0 authentication required"),
    ],
    ids=lambda fault: f"{fault.step}-{fault.does[:3]}",
)
def test_refused_from_the_first_message_then_resumed_everybody_gets_one(
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


@pytest.mark.parametrize("step", ["rcpt", "dot"])
def test_one_per_cent_of_transient_errors_loses_nobody(sqlite_engine: Engine, clock: FixedClock, step: str) -> None:
    world = make_world(sqlite_engine, clock, contacts=200)
    run = launched(world)
    hundred: list[Fault | None] = [None] * 49 + [Fault(step, "451 4.7.1 try again later")] + [None] * 50
    first, later = FakeSmtp(faults=hundred * 2), FakeSmtp()
    assert send(world, run, first).ended is Ended.WAITING
    assert counts(sqlite_engine, run) == {S.ACCEPTED: 198, S.PENDING: 2}
    clock.advance(retry.PAUSES[0] * (1 + retry.SPREAD))
    assert send(world, run, later).ended is Ended.DONE
    assert len(later.envelopes) == 2
    assert everybody_once(world, run, first, later)


@pytest.mark.parametrize(
    "reply", ["421 4.3.2 closing", "450 4.2.0 busy", "451 4.7.1 greylisted", "454 4.7.0 throttled"]
)
def test_any_later_is_tried_again_not_only_421(world: World, clock: FixedClock, reply: str) -> None:
    run = launched(world)
    first, later = FakeSmtp(faults=[Fault("mail", reply)]), FakeSmtp()
    send(world, run, first)
    assert counts(world.engine, run) == {S.ACCEPTED: CONTACTS - 1, S.PENDING: 1}
    clock.advance(retry.PAUSES[0] * (1 + retry.SPREAD))
    assert send(world, run, later).ended is Ended.DONE
    assert everybody_once(world, run, first, later)


@pytest.mark.parametrize("step", ["connect", "ehlo", "mail", "rcpt", "data"])
def test_a_silent_server_hangs_no_worker(
    world: World, clock: FixedClock, step: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("newsletter.dispatch.retry.reopen_pause", lambda failures: 0.0)
    run = launched(world)
    first, later = FakeSmtp(faults=[Fault(step, SILENCE)]), FakeSmtp()
    send(world, run, first, timeout=timedelta(milliseconds=150))
    clock.advance(retry.PAUSES[0] * (1 + retry.SPREAD))
    assert send(world, run, later).ended is Ended.DONE
    assert everybody_once(world, run, first, later)


def test_a_server_that_falls_silent_after_the_message_leaves_one_in_doubt_and_the_rest_goes_on(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("newsletter.dispatch.transports.smtp_channel.AFTER_THE_DOT", 1)
    run = launched(world)
    server = FakeSmtp(faults=[None, Fault("dot", SILENCE)])
    assert send(world, run, server, timeout=timedelta(milliseconds=500)).ended is Ended.DONE
    assert counts(world.engine, run) == {S.ACCEPTED: CONTACTS - 1, S.UNCONFIRMED: 1}


def test_a_retry_after_a_time_out_is_left_to_a_person(
    sqlite_engine: Engine, clock: FixedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A provider that took the request and never answered: trying it again would double all that it carried."""
    monkeypatch.setenv("SENDGRID_API_KEY", KEY)
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    world = make_world(sqlite_engine, clock, contacts=CONTACTS)
    run = launched(world, transport="sendgrid")
    with FakeSendGrid(script=deque(["202", "stall!"]), stall_for=1).running() as server:
        values = {"kind": "sendgrid", "host": server.url, "connections": 1, "batch": 10}
        settings = SendGridSettings.model_validate({**values, "timeout": timedelta(seconds=0.3)})

        def again() -> Report:
            carrier = make_transport("sendgrid", settings, Path())
            return asyncio.run(dispatch(post(world, carrier, compose=provider_letter), run))

        assert again().ended is Ended.DONE
        assert counts(sqlite_engine, run) == {S.ACCEPTED: CONTACTS - 10, S.UNCONFIRMED: 10}
        clock.advance(timedelta(days=30))
        assert again().ended is Ended.DONE
    arrived = [delivery for delivery, _ in server.accepted]
    assert sorted(arrived) == sorted(str(row.id) for row in deliveries(sqlite_engine, run))
    assert counts(sqlite_engine, run) == {S.ACCEPTED: CONTACTS - 10, S.UNCONFIRMED: 10}


@pytest.mark.postgresql
def test_two_processes_on_one_database_send_no_message_twice(postgres_engine: Engine) -> None:
    """On SQLite the second one is refused (test_one_process_dispatches_on_sqlite)."""
    world = make_world(postgres_engine, contacts=600)
    run = launched(world)
    one, other = (Scripted(connections=2) for _ in range(2))

    async def main() -> list[Report]:
        return await asyncio.gather(*(dispatch(post(world, each), run) for each in (one, other)))

    asyncio.run(main())
    assert one.sent
    assert other.sent
    assert sorted(one.sent + other.sent) == [row.id for row in deliveries(postgres_engine, run)]
    assert counts(postgres_engine, run) == {S.ACCEPTED: 600}


def test_one_campaigns_limit_does_not_freeze_another(sqlite_engine: Engine) -> None:
    """The limited one comes back with the time at which it goes on, and keeps nobody waiting until then."""
    world = make_world(sqlite_engine, contacts=CONTACTS, issues=2)
    with reading(sqlite_engine) as connection:
        second = connection.execute(select(edition.c.id, edition.c.issue_id).order_by(edition.c.id.desc())).first()
    assert second is not None
    limited = launched(world, transport="slow")
    free = launched(world, transport="quick", edition_id=second.id, issue_id=second.issue_id)
    slow, quick = Scripted(name="slow"), Scripted(name="quick")
    report = asyncio.run(dispatch(post(world, slow, limits=Limits(per_hour=5)), limited))
    assert (report.ended, report.next_at, len(slow.sent)) == (Ended.WAITING, NOW + timedelta(hours=1), 5)
    assert asyncio.run(dispatch(post(world, quick), free)).ended is Ended.DONE
    assert len(quick.sent) == CONTACTS
    with reading(sqlite_engine) as connection:
        assert connection.execute(select(worker.c.id).where(worker.c.stopped_at.is_(None))).all() == []


def test_a_contact_that_was_disabled_meanwhile_gets_nothing(world: World) -> None:
    run = launched(world)
    with writing(world.engine) as connection:
        connection.execute(update(contact).where(contact.c.id == 7).values(active=False))
    server = FakeSmtp()
    send(world, run, server)
    assert counts(world.engine, run) == {S.ACCEPTED: CONTACTS - 1, S.SKIPPED: 1}
    assert not any(recipient.startswith("<contact7@") for _, recipient in server.envelopes)


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
