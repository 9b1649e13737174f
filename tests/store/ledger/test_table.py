"""The ledger: every pair of states, who may move what, and the sum that always holds. On both databases."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import Connection, Engine, select, update

from newsletter.model.delivery import RUN_TRANSITIONS, TRANSITIONS, AttemptState, DeliveryState, RunState
from newsletter.store import ledger
from newsletter.store.engine import reading, writing
from newsletter.store.ledger import By, NotThisRun, Record
from newsletter.store.tables import audit, delivery, run
from tests.dispatch.world import NOW, counts, end_subscription, launched, set_run
from tests.store.ledger.desk import DAY, A, Desk, S, make_desk, ordered


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
    "resend": ordered("resend"),
    "decide accepted": ordered("decide", S.ACCEPTED),
    "decide rejected": ordered("decide", S.REJECTED),
    "retry": ordered("retry"),
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
