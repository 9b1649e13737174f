"""The ledger: every pair of states, who may move what, and the sum that always holds. On both databases."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Connection, Engine, insert, select, update

from newsletter.clock import FixedClock
from newsletter.model.delivery import RUN_TRANSITIONS, TRANSITIONS, AttemptState, DeliveryState, RunState
from newsletter.store import ledger, workers
from newsletter.store.engine import reading, writing
from newsletter.store.ledger import By, NotThisRun, Record
from newsletter.store.tables import attempt, audit, contact, delivery, institution, run, suppression
from tests.dispatch.world import (
    NOW,
    World,
    add_contacts,
    counts,
    deliveries,
    end_subscription,
    launched,
    make_world,
    set_run,
    sums,
    what,
)

S, A = DeliveryState, AttemptState
DAY = timedelta(days=1)


@dataclass
class Desk:
    """One run of one contact, and the worker that sends it: enough to put a delivery into any state."""

    world: World
    run: int
    worker: int

    @property
    def now(self) -> Any:
        return self.world.clock.now()

    def write(self, function: Callable[[Connection], Any]) -> Any:
        with writing(self.world.engine) as connection:
            return function(connection)

    def claim(self, worker: int | None = None) -> list[int]:
        who = worker or self.worker
        return [row.id for row in self.write(lambda c: ledger.claim(c, self.run, who, size=500, now=self.now))]

    def intend(self, ids: list[int], worker: int | None = None, *, grouped: bool = False) -> ledger.Intent:
        who = worker or self.worker
        found: ledger.Intent = self.write(
            lambda c: ledger.intend(c, ids, who, transport="smtp", now=self.now, grouped=grouped)
        )
        return found

    def record(self, intent: ledger.Intent, state: AttemptState, worker: int | None = None, **values: Any) -> None:
        records = [Record(id_, number[0], state, "the reply", **values) for id_, number in intent.attempts.items()]
        self.write(lambda c: ledger.record(c, records, worker or self.worker, now=self.now))

    def sweep(self, *, alone: bool = True) -> int:
        other = self.another_worker()
        found: int = self.write(lambda c: ledger.sweep(c, other, self.run, now=self.now, alone=alone))
        return found

    def another_worker(self) -> int:
        found: int = self.write(lambda c: workers.register(c, "other:1", now=self.now))
        return found

    def row(self) -> Any:
        return deliveries(self.world.engine, self.run)[0]

    def state(self) -> DeliveryState:
        sums(self.world.engine, self.run)  # balanced, whatever happened
        return DeliveryState(self.row().state)

    def attempts(self) -> list[Any]:
        with reading(self.world.engine) as connection:
            return list(connection.execute(select(attempt).order_by(attempt.c.id)))


@pytest.fixture
def desk(engine: Engine) -> Desk:
    return make_desk(engine)


def make_desk(engine: Engine, *, contacts: int = 1, **changes: Any) -> Desk:
    world = make_world(engine, FixedClock(NOW), contacts=contacts)
    run_id = launched(world, **changes)
    with writing(engine) as connection:
        worker = workers.register(connection, "here:1", now=NOW)
    return Desk(world, run_id, worker)


def suppress(engine: Engine, key: str, scope: str, reason: str = "bounced") -> None:
    with writing(engine) as connection:
        row = {"address_key": key, "scope": scope, "reason": reason, "at": NOW}
        connection.execute(insert(suppression).values(row))


# --- every pair of states


def into(desk: Desk, state: DeliveryState) -> None:
    """Brings the delivery into a state by the ledger's own steps."""
    if state is S.SKIPPED:
        end_subscription(desk.world.engine, 1)
        desk.intend(desk.claim())
        with writing(desk.world.engine) as connection:  # the steps below are tried with everything else in order
            connection.exec_driver_sql("UPDATE subscription SET state = 'active'")
    elif state is not S.PENDING:
        intent = desk.intend(desk.claim())
        outcome = {S.ACCEPTED: A.ACCEPTED, S.REJECTED: A.REJECTED, S.UNCONFIRMED: A.UNCONFIRMED}.get(state)
        if outcome:
            desk.record(intent, outcome)
    assert desk.state() is state


def last_attempt(desk: Desk) -> int:
    return max((row.id for row in desk.attempts()), default=0)


def _record(state: AttemptState) -> Callable[[Desk], Any]:
    def step(desk: Desk) -> None:
        record = Record(desk.row().id, last_attempt(desk), state, "the reply", not_before=desk.now)
        desk.write(lambda c: ledger.record(c, [record], desk.worker, now=desk.now))

    return step


def _settle(state: AttemptState) -> Callable[[Desk], Any]:
    def step(desk: Desk) -> None:
        record = Record(desk.row().id, last_attempt(desk), state, "proof")
        desk.write(lambda c: ledger.settle(c, [record], now=desk.now))

    return step


def _person(name: str, *more: Any) -> Callable[[Desk], Any]:
    def step(desk: Desk) -> None:
        function = getattr(ledger, name)
        desk.write(lambda c: function(c, [desk.row().id], *more, person=desk.world.person, now=desk.now))

    return step


def _intend(desk: Desk) -> None:
    desk.claim()
    desk.intend([desk.row().id])


def _intend_unsubscribed(desk: Desk) -> None:
    desk.claim()
    end_subscription(desk.world.engine, 1)
    desk.intend([desk.row().id])


def _cancel(desk: Desk) -> None:
    desk.write(lambda c: ledger.cancel(c, desk.run, By(desk.world.person, desk.now)))
    desk.write(lambda c: ledger.skip_cancelled(c, desk.run, now=desk.now))


def _give_up(desk: Desk) -> None:
    with writing(desk.world.engine) as connection:
        connection.execute(update(delivery).values(trying_since=NOW - 3 * DAY))
    desk.write(lambda c: ledger.give_up(c, now=desk.now))


STEPS: dict[str, Callable[[Desk], Any]] = {
    "claim": lambda desk: desk.claim(),
    "intend": _intend,
    "intend, unsubscribed": _intend_unsubscribed,
    **{f"record {state}": _record(state) for state in A if state is not A.INTENT},
    "sweep": lambda desk: desk.sweep(),
    **{f"settle {state}": _settle(state) for state in (A.ACCEPTED, A.REJECTED, A.UNSENT, A.DEFERRED, A.UNCONFIRMED)},
    "resend": _person("resend"),
    "decide accepted": _person("decide", S.ACCEPTED),
    "decide rejected": _person("decide", S.REJECTED),
    "retry": _person("retry"),
    "cancel": _cancel,
    "give up": _give_up,
}


def test_only_the_transitions_of_the_table_happen(desk: Desk) -> None:
    """Every step of the ledger is tried on a delivery in every state."""
    seen: set[tuple[DeliveryState, DeliveryState]] = set()
    for before, (name, step) in itertools.product(S, STEPS.items()):
        afresh(desk)
        into(desk, before)
        step(desk)
        after = desk.state()
        if after is not before:
            seen.add((before, after))
            assert (before, after) in TRANSITIONS, f"{name}: {before} -> {after}"
    assert seen == {pair for pair in TRANSITIONS if pair[0] is not None and pair[0] is not pair[1]}


def afresh(desk: Desk) -> None:
    """As if just launched."""
    with writing(desk.world.engine) as connection:
        connection.exec_driver_sql("DELETE FROM attempt")
        connection.exec_driver_sql("UPDATE subscription SET state = 'active'")
        connection.exec_driver_sql("UPDATE worker SET stopped_at = NULL")
        connection.execute(update(run).values(state="sending"))
        waiting = {"state": "pending", "attempts": 0, "claim_id": None, "claimed_until": None, "ordered_by": None}
        connection.execute(update(delivery).values(not_before=NOW, trying_since=None, reason=None, **waiting))


def test_launch_begins_with_pending_or_skipped(engine: Engine) -> None:
    desk = make_desk(engine, contacts=2)
    assert counts(engine, desk.run) == {S.PENDING: 2}
    end_subscription(engine, 2)
    world = desk.world
    again = launched(world, rehearsal=True)
    assert counts(engine, again) == {S.PENDING: 1, S.SKIPPED: 1}


def test_a_run_moves_only_as_its_table_says(desk: Desk) -> None:
    steps: dict[RunState, Callable[[Connection], Any]] = {
        RunState.PAUSED: lambda c: ledger.pause(c, desk.run, By(desk.world.person, NOW, "a look")),
        RunState.CANCELLED: lambda c: ledger.cancel(c, desk.run, By(desk.world.person, NOW)),
        RunState.DONE: lambda c: ledger.finish(c, desk.run, now=NOW),
    }
    engine = desk.world.engine
    with writing(engine) as connection:
        connection.execute(update(delivery).values(state="rejected"))
    for before, (after, step) in itertools.product(RunState, steps.items()):
        set_run(engine, desk.run, state=before.value)
        allowed = after in RUN_TRANSITIONS[before]
        try:
            desk.write(step)
        except NotThisRun:
            assert not allowed
        with reading(engine) as connection:
            state, _ = ledger.state_of(connection, desk.run)
        assert state is (after if allowed else before)


def test_resume_only_what_is_paused(desk: Desk) -> None:
    by = By(desk.world.person, NOW)
    for state in (RunState.SENDING, RunState.LAUNCHING, RunState.DONE, RunState.CANCELLED):
        set_run(desk.world.engine, desk.run, state=state.value)
        with pytest.raises(NotThisRun, match=f"A send that is {state.value} cannot become sending"):
            desk.write(lambda c: ledger.resume(c, desk.run, by))
    set_run(desk.world.engine, desk.run, state="paused")
    desk.write(lambda c: ledger.resume(c, desk.run, by))
    with reading(desk.world.engine) as connection:
        assert ledger.state_of(connection, desk.run)[0] is RunState.SENDING
        assert [row.action for row in connection.execute(select(audit).where(audit.c.person_id.is_not(None)))]


# --- claims


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


# --- intents


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


def test_a_batch_of_a_provider_is_one_request(engine: Engine) -> None:
    desk = make_desk(engine, contacts=3)
    intent = desk.intend(desk.claim(), grouped=True)
    assert intent.request is not None
    assert {row.request_id for row in desk.attempts()} == {intent.request}
    desk.record(intent, A.ACCEPTED, provider_id="abc", request=intent.request)
    assert {row.provider_id for row in desk.attempts()} == {"abc"}


# --- outcomes


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
    _person("resend")(desk)
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
    _person("resend")(desk)
    desk.record(desk.intend(desk.claim()), A.UNCONFIRMED)
    proof = [Record(id_, number[0], A.ACCEPTED, "an event") for id_, number in first.attempts.items()]
    assert desk.write(lambda c: ledger.settle(c, proof, now=NOW)) == 1
    assert desk.state() is S.ACCEPTED


def test_at_most_one_accepted_attempt_unless_a_person_ordered_another(desk: Desk) -> None:
    intent = desk.intend(desk.claim())
    desk.record(intent, A.UNCONFIRMED)
    _person("resend")(desk)
    desk.record(desk.intend(desk.claim()), A.ACCEPTED)
    proof = [Record(id_, number[0], A.ACCEPTED, "late") for id_, number in intent.attempts.items()]
    desk.write(lambda c: ledger.settle(c, proof, now=NOW))
    assert [(row.state, row.ordered_by) for row in desk.attempts()] == [
        ("accepted", None),
        ("accepted", desk.world.person),
    ]


# --- crashes


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


# --- persons


def test_what_a_person_orders_is_named(desk: Desk) -> None:
    desk.record(desk.intend(desk.claim()), A.UNCONFIRMED)
    _person("resend")(desk)
    with reading(desk.world.engine) as connection:
        rows = connection.execute(select(audit).where(audit.c.action == "resend unconfirmed")).all()
    assert [(row.person_id, row.subject) for row in rows] == [(desk.world.person, f"delivery {desk.row().id}")]


def test_a_retry_reopens_the_run_and_asks_again_whether_we_may(desk: Desk) -> None:
    desk.record(desk.intend(desk.claim()), A.REJECTED)
    desk.write(lambda c: ledger.finish(c, desk.run, now=NOW))
    suppress(desk.world.engine, "key-1", "news")
    _person("retry")(desk)
    assert desk.state() is S.REJECTED
    with writing(desk.world.engine) as connection:
        connection.exec_driver_sql("DELETE FROM suppression")
    _person("retry")(desk)
    assert desk.state() is S.PENDING
    with reading(desk.world.engine) as connection:
        assert ledger.state_of(connection, desk.run)[0] is RunState.SENDING


def test_nothing_of_a_cancelled_run_is_sent_again(desk: Desk) -> None:
    desk.record(desk.intend(desk.claim()), A.UNCONFIRMED)
    set_run(desk.world.engine, desk.run, state="cancelled")
    _person("resend")(desk)
    assert desk.state() is S.UNCONFIRMED


def test_a_cancelled_run_says_why_in_each_delivery(engine: Engine) -> None:
    desk = make_desk(engine, contacts=12)
    desk.write(lambda c: ledger.cancel(c, desk.run, By(desk.world.person, NOW, "wrong date in the notice")))
    assert desk.write(lambda c: ledger.skip_cancelled(c, desk.run, now=NOW, size=10)) == 10
    assert desk.write(lambda c: ledger.skip_cancelled(c, desk.run, now=NOW, size=10)) == 2
    assert {row.reason for row in deliveries(engine, desk.run)} == {"cancelled: wrong date in the notice"}
    assert counts(engine, desk.run) == {S.SKIPPED: 12}


# --- giving up


def test_giving_up_says_how_often_and_the_last_reply(desk: Desk) -> None:
    for _ in range(2):
        desk.record(desk.intend(desk.claim()), A.DEFERRED)
    desk.world.clock.advance(timedelta(hours=47))  # type: ignore[attr-defined]
    assert desk.write(lambda c: ledger.give_up(c, now=desk.now)) == 0
    desk.world.clock.advance(timedelta(hours=1))  # type: ignore[attr-defined]
    assert desk.write(lambda c: ledger.give_up(c, now=desk.now)) == 1
    assert desk.row().reason == "gave up after 2 tries, last reply: the reply"


def test_a_long_pause_gives_nothing_up(desk: Desk) -> None:
    """Nothing was tried yet, or the run is paused: time alone rejects nobody."""
    desk.world.clock.advance(10 * DAY)  # type: ignore[attr-defined]
    desk.write(lambda c: ledger.give_up(c, now=desk.now))
    assert desk.state() is S.PENDING
    desk.record(desk.intend(desk.claim()), A.DEFERRED)
    set_run(desk.world.engine, desk.run, state="paused")
    desk.world.clock.advance(10 * DAY)  # type: ignore[attr-defined]
    desk.write(lambda c: ledger.give_up(c, now=desk.now))
    assert desk.state() is S.PENDING


# --- sums


def test_sums_of_an_issue_leave_rehearsals_out(engine: Engine) -> None:
    desk = make_desk(engine, contacts=3)
    launched(desk.world, rehearsal=True)
    add_contacts(engine, [4])
    launched(desk.world)
    with reading(engine) as connection:
        found = ledger.issue_sums(connection, desk.world.issue)
    assert found.line == ("audience 4 = pending 4 + sending 0 + accepted 0 + rejected 0 + unconfirmed 0 + skipped 0")


def test_a_run_that_is_launching_has_no_sums_yet(desk: Desk) -> None:
    set_run(desk.world.engine, desk.run, state="launching")
    assert sums(desk.world.engine, desk.run).audience == 0


def test_finish_waits_for_everything(desk: Desk) -> None:
    assert not desk.write(lambda c: ledger.finish(c, desk.run, now=NOW))
    intent = desk.intend(desk.claim())
    assert not desk.write(lambda c: ledger.finish(c, desk.run, now=NOW))
    desk.record(intent, A.UNCONFIRMED)
    assert desk.write(lambda c: ledger.finish(c, desk.run, now=NOW))
    with reading(desk.world.engine) as connection:
        assert connection.execute(select(run.c.done_at)).scalar_one() == NOW
    assert what(desk.world).due_at == NOW


def test_a_retry_goes_to_the_mended_address(desk: Desk) -> None:
    desk.record(desk.intend(desk.claim()), A.REJECTED)
    mended = {"address": "mended@b.example", "address_key": "mended", "domain": "b.example"}
    desk.write(lambda c: c.execute(update(contact).values(mended)))
    _person("retry")(desk)
    row = desk.row()
    assert (row.state, row.address, row.address_key, row.domain) == ("pending", *mended.values())


def test_a_retry_never_goes_to_an_address_already_written_to(engine: Engine) -> None:
    desk = make_desk(engine, contacts=2)
    first, second = desk.claim()
    desk.record(desk.intend([first]), A.REJECTED)
    desk.record(desk.intend([second]), A.ACCEPTED)
    desk.write(lambda c: c.execute(update(contact).where(contact.c.id == 1).values(address_key="key-2")))
    assert desk.write(lambda c: ledger.retry(c, [first], person=desk.world.person, now=NOW)) == []
