"""A launch: who is in it, with what, why others are left out, and that it survives a crash at any point."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import Engine, case, insert, literal, select, update

from newsletter.dispatch import launch as module
from newsletter.dispatch.launch import AudienceChanged, NoVariant, Plan, begin, check_audience, lay_out
from newsletter.model.delivery import DeliveryState, RunState
from newsletter.store import ledger
from newsletter.store.engine import reading, writing
from newsletter.store.ledger import ranking
from newsletter.store.tables import contact, delivery, institution, run, run_audience, suppression
from tests.dispatch.world import (
    NOW,
    add_contacts,
    counts,
    deliveries,
    end_subscription,
    everybody,
    launched,
    make_world,
    plan,
    states,
    sums,
    what,
)

S = DeliveryState


def reasons(engine: Engine, run_id: int) -> dict[int, str | None]:
    return {row.contact_id: row.reason for row in deliveries(engine, run_id) if row.state == "skipped"}


def test_a_delivery_holds_all_that_it_needs(engine: Engine) -> None:
    fields = [
        contact.c.first_name,
        institution.c.names["fr"].as_string(),
        institution.c.fields["population"],
        institution.c.fields["observer"],
        institution.c.fields["missing"],
        institution.c.topics,
        contact.c.active,
    ]
    world = make_world(engine, contacts=1)
    run_id = launched(world, plan(values={"fr": fields}))
    (row,) = deliveries(engine, run_id)
    assert (row.state, row.language, row.variant) == ("pending", "fr", 0)
    assert (row.address, row.address_key, row.domain) == ("contact1@m1.example", "key-1", "m1.example")
    assert (row.due_at, row.not_before, row.institution_id) == (NOW, NOW, 2)
    assert row.field_values == ["Zoë", "Fonds d’assurance n° 2", 2000, True, None, ["pensions"], True]


def test_each_language_has_its_own_fields(engine: Engine) -> None:
    world = make_world(engine, contacts=4)
    audience = select(
        contact.c.id.label("contact_id"),
        case((contact.c.id < 3, "fr"), (contact.c.id == 3, "en"), else_=None).label("language"),
        literal(None).label("skip"),
    ).order_by(contact.c.id.desc())
    values = {"fr": [institution.c.names["fr"].as_string()], "en": [contact.c.code, institution.c.region]}
    run_id = launched(world, Plan(audience, values, {"fr": 1, "en": 0}))
    rows = {row.contact_id: row for row in deliveries(engine, run_id)}
    assert list(rows) == [4, 3, 2, 1]  # in ranked order
    assert (rows[1].field_values, rows[1].variant) == (["Fonds d’assurance n° 2"], 1)
    assert (rows[3].field_values, rows[3].variant) == (["C3", "Africa"], 0)
    assert reasons(engine, run_id) == {4: "no language of this edition"}


def test_variants_are_found_by_the_answers(engine: Engine) -> None:
    world = make_world(engine, contacts=6)
    the_plan = plan(values={"fr": [institution.c.region]}, variants={"fr": lambda values: int(values[0] == "Africa")})
    run_id = launched(world, the_plan)
    assert {row.contact_id: row.variant for row in deliveries(engine, run_id)} == {1: 0, 2: 0, 3: 1, 4: 0, 5: 0, 6: 1}


def test_answers_without_a_variant_hold_the_launch_and_are_named(engine: Engine) -> None:
    world = make_world(engine, contacts=30)
    the_plan = plan(
        values={"fr": [institution.c.region]}, variants={"fr": lambda values: None if values[0] == "Africa" else 0}
    )
    with pytest.raises(NoVariant) as raised:
        launched(world, the_plan)
    assert str(raised.value).startswith(
        "No variant of this edition was compiled for contact 3 (Fonds d’assurance n° 1, fr), contact 6 "
    )
    assert "and 5 more" in str(raised.value)
    assert "@" not in str(raised.value)
    assert nothing_left(engine)


def nothing_left(engine: Engine) -> bool:
    with reading(engine) as connection:
        return not any(connection.execute(select(table)).first() for table in (run, run_audience, delivery))


def test_an_audience_far_off_the_approved_count_is_held(engine: Engine) -> None:
    world = make_world(engine, contacts=30)
    with pytest.raises(AudienceChanged, match="has 30 recipients now, and 20 were approved"):
        launched(world, approved=20)
    assert nothing_left(engine)
    assert counts(engine, launched(world, approved=28)) == {S.PENDING: 30}


@pytest.mark.parametrize(
    ("counted", "approved", "held"),
    [
        (100, 100, False),
        (110, 100, False),
        (111, 100, True),
        (89, 100, True),
        (5, 0, False),
        (6, 0, True),
        (3, 8, False),
    ],
)
def test_off_by_more_than_a_tenth_and_five(counted: int, approved: int, held: bool) -> None:
    if held:
        with pytest.raises(AudienceChanged):
            check_audience(counted, approved)
    else:
        check_audience(counted, approved)


def test_suppression_and_unsubscription_are_applied_with_reasons(engine: Engine) -> None:
    """Although the audience's own statement let them through."""
    world = make_world(engine, contacts=6)
    end_subscription(engine, 1)
    with writing(engine) as connection:
        rows = [("key-2", "address", "bounced"), ("key-3", "news", "manual"), ("key-4", "publication:other", "manual")]
        names = ("address_key", "scope", "reason")
        connection.execute(insert(suppression), [dict(zip(names, row, strict=True)) | {"at": NOW} for row in rows])
        connection.execute(update(contact).where(contact.c.id == 5).values(address=None, address_key=None))
        connection.execute(update(contact).where(contact.c.id == 6).values(active=False))
    run_id = launched(world)
    assert reasons(engine, run_id) == {
        1: "unsubscribed",
        2: "the address bounced",
        3: "on the do-not-mail list",
        5: "no address",
        6: "no longer an active contact",
    }
    assert states(engine, run_id)[4] == "pending"
    assert sums(engine, run_id).audience == 6


def test_the_audiences_own_reasons_are_kept(engine: Engine) -> None:
    world = make_world(engine, contacts=2)
    skip = case((contact.c.id == 1, "covered by contact 2"), else_=None).label("skip")
    audience = select(contact.c.id.label("contact_id"), literal("fr").label("language"), skip)
    run_id = launched(world, plan(audience=audience))
    assert reasons(engine, run_id) == {1: "covered by contact 2"}


def test_one_message_an_address_whatever_the_audience_says(engine: Engine) -> None:
    world = make_world(engine, contacts=2)
    add_contacts(engine, [10, 11, 12], address="info@shared.example")
    run_id = launched(world)
    covered = "covered by contact 10, who has the same address"
    assert reasons(engine, run_id) == {11: covered, 12: covered}
    assert sums(engine, run_id).audience == 5


def test_nobody_is_served_twice_by_a_later_run(engine: Engine) -> None:
    world = make_world(engine, contacts=4)
    end_subscription(engine, 4)
    first = launched(world)
    assert counts(engine, first) == {S.PENDING: 3, S.SKIPPED: 1}
    add_contacts(engine, [5])
    with writing(engine) as connection:
        connection.exec_driver_sql("UPDATE subscription SET state = 'active'")
    later = launched(world)
    assert states(engine, later) == {4: "pending", 5: "pending"}
    add_contacts(engine, [6], address="contact1@m1.example")
    with writing(engine) as connection:
        connection.execute(update(contact).where(contact.c.id == 6).values(address_key="key-1"))
    last = launched(world)
    assert reasons(engine, last) == {6: "covered by contact 1, who has the same address"}


def test_rehearsals_are_by_themselves(engine: Engine) -> None:
    world = make_world(engine, contacts=3)
    for _ in range(2):
        assert counts(engine, launched(world, rehearsal=True)) == {S.PENDING: 3}
    assert counts(engine, launched(world)) == {S.PENDING: 3}


def test_nothing_can_be_claimed_while_it_launches(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    world = make_world(engine, contacts=30)
    monkeypatch.setitem(module.BITE, engine.dialect.name, 10)
    run_id = begin(engine, what(world), clock=world.clock)
    claimed: list[Any] = []

    def look(done: int, audience: int) -> None:
        with writing(engine) as connection:
            claimed.extend(ledger.claim(connection, run_id, 1, size=10, now=NOW))

    assert lay_out(engine, run_id, plan(), clock=world.clock, on_progress=look) == 30
    assert claimed == []
    look(30, 30)
    assert len(claimed) == 10


class Crash(Exception):
    pass


def crash_at(monkeypatch: pytest.MonkeyPatch, name: str, call: int) -> None:
    """The statement's transaction is rolled back, as by a crash."""
    place = module.ranking if name == "stage" else module.layout
    original: Callable[..., Any] = getattr(place, name)
    calls = iter(range(1, 1000))

    def failing(*arguments: Any, **named: Any) -> Any:
        result = original(*arguments, **named)
        if next(calls) == call:
            raise Crash
        return result

    monkeypatch.setattr(place, name, failing)


@pytest.mark.parametrize(
    ("name", "call"), [("stage", 1), ("stage", 3), ("lay_out", 1), ("lay_out", 2), ("lay_out", 4), ("next_bite", 5)]
)
def test_a_launch_goes_on_after_a_crash_at_any_point(
    engine: Engine, monkeypatch: pytest.MonkeyPatch, name: str, call: int
) -> None:
    world = make_world(engine, contacts=35)
    add_contacts(engine, [40, 41], address="info@shared.example")
    monkeypatch.setattr(module, "STAGE_BITE", 10)
    monkeypatch.setitem(module.BITE, engine.dialect.name, 10)
    run_id = begin(engine, what(world), clock=world.clock)
    with monkeypatch.context() as crashing:
        crash_at(crashing, name, call)
        with pytest.raises(Crash):
            lay_out(engine, run_id, plan(), clock=world.clock)
    with reading(engine) as connection:
        assert ledger.state_of(connection, run_id)[0] is RunState.LAUNCHING
    assert lay_out(engine, run_id, plan(), clock=world.clock) == 37
    assert counts(engine, run_id) == {S.PENDING: 36, S.SKIPPED: 1}
    assert [row.contact_id for row in deliveries(engine, run_id)] == [*range(1, 36), 40, 41]
    assert lay_out(engine, run_id, plan(), clock=world.clock) == 37  # again: nothing happens
    assert counts(engine, run_id) == {S.PENDING: 36, S.SKIPPED: 1}
    with reading(engine) as connection:
        assert connection.execute(select(run_audience)).first() is None


def test_a_large_audience_is_in_the_order_of_its_keys_block_by_block(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = make_world(engine, contacts=12)
    add_contacts(engine, [40, 13, 41], address="info@shared.example")
    monkeypatch.setattr(ranking, "BLOCK", 8)
    monkeypatch.setattr(module, "STAGE_BITE", 5)
    run_id = launched(world)
    in_order = [1, 2, 3, 4, 5, 6, 7, 8, 10, 11, 12, 9, 13]  # "key-10" stands before "key-9"
    assert [row.contact_id for row in deliveries(engine, run_id) if row.state == "pending"] == in_order
    assert set(reasons(engine, run_id)) == {40, 41}  # of those who share an address, the first in rank is served


def test_the_snapshot_is_one_and_suppression_still_wins(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who joins during the launch is not in it; who unsubscribes during it is left out."""
    world = make_world(engine, contacts=20)
    joined = iter([True])

    def progress(done: int, audience: int) -> None:
        if next(joined, False):
            add_contacts(engine, [99])
            end_subscription(engine, 15)

    monkeypatch.setitem(module.BITE, engine.dialect.name, 5)
    run_id = begin(engine, what(world), clock=world.clock)
    lay_out(engine, run_id, plan(audience=everybody()), clock=world.clock, on_progress=progress)
    assert 99 not in states(engine, run_id)
    assert reasons(engine, run_id) == {15: "unsubscribed"}
