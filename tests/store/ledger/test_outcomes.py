"""Outcomes: who may tell one, late replies, and what a dead worker left."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import Engine

from newsletter.store import ledger, workers
from newsletter.store.ledger import Record
from tests.dispatch.world import NOW
from tests.store.ledger.desk import DAY, A, Desk, S, make_desk, ordered


def test_a_batch_of_a_provider_is_one_request(engine: Engine) -> None:
    desk = make_desk(engine, contacts=3)
    intent = desk.intend(desk.claim(), grouped=True)
    assert intent.request is not None
    assert {row.request_id for row in desk.attempts()} == {intent.request}
    desk.record(intent, A.ACCEPTED, provider_id="abc", request=intent.request)
    assert {row.provider_id for row in desk.attempts()} == {"abc"}


def test_a_put_off_delivery_keeps_its_attempts_and_waits(desk: Desk) -> None:
    later = NOW + timedelta(minutes=5)
    desk.record(desk.intend(desk.claim()), A.DEFERRED, not_before=later)
    row = desk.row()
    assert (row.state, row.attempts, row.not_before, row.claim_id) == ("pending", 1, later, None)
    assert desk.claim() == []
    desk.world.clock.set(later)  # type: ignore[attr-defined]
    assert [number for _, number in desk.intend(desk.claim()).attempts.values()] == [2]
    assert [(each.number, each.state, each.reply) for each in desk.attempts()] == [
        (1, "deferred", "the reply"),
        (2, "intent", None),
    ]


def test_only_the_worker_of_an_attempt_reports_it(desk: Desk) -> None:
    intent = desk.intend(desk.claim())
    desk.record(intent, A.ACCEPTED, worker=desk.another_worker())
    assert desk.state() is S.SENDING


def test_a_zombies_outcome_does_not_touch_a_later_attempt(desk: Desk) -> None:
    """Swept, ordered again, under way again: the old worker's late word settles its own attempt alone."""
    old = desk.intend(desk.claim())
    assert desk.sweep() == 1
    ordered("resend")(desk)
    again = desk.another_worker()
    desk.intend(desk.claim(again), again)
    desk.record(old, A.REJECTED)
    assert desk.state() is S.SENDING
    assert [row.state for row in desk.attempts()] == ["rejected", "intent"]


def test_a_late_reply_settles_what_was_swept(desk: Desk) -> None:
    intent = desk.intend(desk.claim())
    desk.sweep()
    assert desk.state() is S.UNCONFIRMED
    desk.record(intent, A.ACCEPTED)
    assert desk.state() is S.ACCEPTED


def test_that_any_attempt_arrived_settles_the_delivery(desk: Desk) -> None:
    first = desk.intend(desk.claim())
    desk.record(first, A.UNCONFIRMED)
    ordered("resend")(desk)
    desk.record(desk.intend(desk.claim()), A.UNCONFIRMED)
    proof = [Record(id_, number[0], A.ACCEPTED, "an event") for id_, number in first.attempts.items()]
    assert desk.write(lambda c: ledger.settle(c, proof, now=NOW)) == 1
    assert desk.state() is S.ACCEPTED


def test_at_most_one_accepted_attempt_unless_a_person_ordered_another(desk: Desk) -> None:
    intent = desk.intend(desk.claim())
    desk.record(intent, A.UNCONFIRMED)
    ordered("resend")(desk)
    desk.record(desk.intend(desk.claim()), A.ACCEPTED)
    proof = [Record(id_, number[0], A.ACCEPTED, "late") for id_, number in intent.attempts.items()]
    desk.write(lambda c: ledger.settle(c, proof, now=NOW))
    assert [(row.state, row.ordered_by) for row in desk.attempts()] == [
        ("accepted", None),
        ("accepted", desk.world.person),
    ]


def test_only_a_stale_heartbeat_is_a_dead_worker(desk: Desk) -> None:
    """On PostgreSQL others may be alive; `alone` says that this process holds the lock."""
    desk.intend(desk.claim())
    assert desk.sweep(alone=False) == 0
    desk.world.clock.advance(ledger.STALE_AFTER / 2)  # type: ignore[attr-defined]
    desk.write(lambda c: workers.beat(c, desk.worker, now=desk.now))
    desk.world.clock.advance(ledger.STALE_AFTER)  # type: ignore[attr-defined]
    assert desk.sweep(alone=False) == 0
    desk.world.clock.advance(timedelta(seconds=1))  # type: ignore[attr-defined]
    assert desk.sweep(alone=False) == 1


def test_a_sweep_frees_the_claims_of_the_dead(engine: Engine) -> None:
    desk = make_desk(engine, contacts=3)
    assert len(desk.claim()) == 3
    other = desk.another_worker()
    assert desk.claim(other) == []
    desk.write(lambda c: ledger.sweep(c, other, desk.run, now=NOW, alone=True))
    assert len(desk.claim(other)) == 3


def test_unconfirmed_is_never_claimed_by_itself(desk: Desk) -> None:
    desk.intend(desk.claim())
    desk.sweep()
    desk.world.clock.advance(30 * DAY)  # type: ignore[attr-defined]
    assert desk.claim() == []
    desk.write(lambda c: ledger.give_up(c, now=desk.now))
    assert desk.state() is S.UNCONFIRMED
