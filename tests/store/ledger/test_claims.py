"""Claims and intents: whose a delivery is, when it may be begun, and to whom nothing may be written any more."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import Engine, update

from newsletter.store import ledger
from newsletter.store.engine import reading, writing
from newsletter.store.tables import contact, delivery, institution
from tests.dispatch.world import NOW, counts, deliveries, end_subscription, set_run, sums
from tests.store.ledger.desk import Desk, S, make_desk, suppress


def test_two_workers_never_hold_the_same(desk: Desk) -> None:
    add = desk.world.engine
    other = desk.another_worker()
    assert len(desk.claim()) == 1
    assert desk.claim(other) == []
    assert sums(add, desk.run)[S.PENDING] == 1


def test_a_claim_expires_and_the_zombies_intent_updates_nothing(desk: Desk) -> None:
    other = desk.another_worker()
    (mine,) = desk.claim()
    desk.world.clock.advance(timedelta(minutes=11))  # type: ignore[attr-defined]
    assert desk.claim(other) == [mine]
    assert desk.intend([mine]) == ledger.Intent(at=desk.now)
    assert list(desk.intend([mine], other).attempts) == [mine]


def test_nothing_is_claimed_unless_due_and_sending(desk: Desk) -> None:
    engine = desk.world.engine
    for state in ("launching", "paused", "done", "cancelled"):
        set_run(engine, desk.run, state=state)
        assert desk.claim() == []
    set_run(engine, desk.run, state="sending")
    with writing(engine) as connection:
        connection.execute(update(delivery).values(not_before=NOW + timedelta(seconds=1)))
    assert desk.claim() == []
    with reading(engine) as connection:
        assert ledger.next_due(connection, desk.run) == NOW + timedelta(seconds=1)
    desk.world.clock.advance(timedelta(seconds=1))  # type: ignore[attr-defined]
    assert len(desk.claim()) == 1


def test_claims_come_in_the_order_of_the_launch(engine: Engine) -> None:
    desk = make_desk(engine, contacts=20)
    rows = desk.write(lambda c: ledger.claim(c, desk.run, desk.worker, size=15, now=NOW))
    assert [row.contact_id for row in rows] == list(range(1, 16))
    assert rows[0].field_values == ["Zoë", "Fonds d’assurance n° 2"]
    desk.write(lambda c: ledger.release(c, desk.run, desk.worker))
    assert len(desk.claim(desk.another_worker())) == 20


@pytest.mark.parametrize("state", ["paused", "cancelled", "launching", "done"])
def test_no_intent_once_the_run_is_stopped(desk: Desk, state: str) -> None:
    ids = desk.claim()
    set_run(desk.world.engine, desk.run, state=state)
    assert desk.intend(ids).attempts == {}
    assert desk.state() is S.PENDING


@pytest.mark.parametrize(
    ("scope", "statutory", "stopped"),
    [
        ("address", False, True),
        ("address", True, True),
        ("news", False, True),
        ("news", True, False),
        ("publication:monthly", False, True),
        ("publication:monthly", True, False),
        ("publication:other", False, False),
    ],
)
def test_suppression_wins_at_intent_where_it_covers(engine: Engine, scope: str, statutory: bool, stopped: bool) -> None:
    desk = make_desk(engine, statutory=statutory)
    ids = desk.claim()
    suppress(engine, "key-1", scope)
    intent = desk.intend(ids)
    assert bool(intent.skipped) is stopped
    assert bool(intent.attempts) is not stopped
    if stopped:
        assert desk.row().reason == "the address bounced"


def test_the_widest_suppression_is_the_reason(desk: Desk) -> None:
    ids = desk.claim()
    suppress(desk.world.engine, "key-1", "news", "unsubscribed")
    suppress(desk.world.engine, "key-1", "address", "complained")
    assert list(desk.intend(ids).skipped.values()) == ["complained about our mail"]


def test_who_unsubscribed_after_the_claim_is_left_out(engine: Engine) -> None:
    desk = make_desk(engine, contacts=3)
    ids = desk.claim()
    end_subscription(engine, 2)
    intent = desk.intend(ids)
    assert list(intent.skipped.values()) == ["unsubscribed"]
    assert counts(engine, desk.run) == {S.SENDING: 2, S.SKIPPED: 1}


def test_statutory_notices_need_no_subscription_but_a_member(engine: Engine) -> None:
    desk = make_desk(engine, statutory=True, contacts=3)
    ids = desk.claim()
    end_subscription(engine, 1)
    with writing(engine) as connection:
        connection.execute(update(institution).where(institution.c.id == 3).values(status="left"))
        connection.execute(update(contact).where(contact.c.id == 3).values(active=False))
    reasons = desk.intend(ids).skipped
    assert {reasons[row.id]: row.contact_id for row in deliveries(engine, desk.run) if row.id in reasons} == {
        "no longer a contact of a member": 2,
        "no longer an active contact": 3,
    }
