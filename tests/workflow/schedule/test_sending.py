"""What each look does beside: runs are sent on, and the house is kept."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from sqlalchemy import Engine, insert, select, update

from newsletter.dispatch.lock import AlreadyDispatching, dispatch_lock
from newsletter.model.delivery import RunState
from newsletter.model.issue import IssueState
from newsletter.store import documents
from newsletter.store.engine import reading, writing
from newsletter.store.tables import delivery, run
from newsletter.workflow.scheduling.housekeeping import keep_house
from newsletter.workflow.scheduling.schedule import Glance, send_run
from newsletter.workflow.scheduling.work import SEND
from tests.workflow.schedule.keeping import TUESDAY, Process, prepare


def test_runs_with_something_to_do_are_sent_again_at_every_tick(one: Process, engine: Engine) -> None:
    prepare(engine, "2026-12", IssueState.SCHEDULED, planned=TUESDAY)
    one.at(TUESDAY)
    one.tick()
    assert one.deferred == [(SEND, "1")]
    one.deferred.clear()
    later = TUESDAY + timedelta(minutes=5)
    claimed = {"claim_id": 1, "claimed_until": TUESDAY + timedelta(minutes=20)}
    with writing(engine) as connection:
        beating = {"name": "host:1", "started_at": TUESDAY, "heartbeat_at": later}
        connection.execute(insert(schedule_worker()).values(id=1, **beating))
        connection.execute(update(delivery).values(claimed))
    with dispatch_lock(engine):
        one.at(later)
        one.tick()
    assert one.deferred == []  # somebody alive has them
    one.ctx.clock.set(later + timedelta(minutes=2))  # type: ignore[attr-defined]
    one.tick()
    assert one.deferred == [(SEND, "1")]  # who died
    one.deferred.clear()
    with writing(engine) as connection:
        put_off = {"claim_id": None, "claimed_until": None, "not_before": later + timedelta(hours=1)}
        connection.execute(update(delivery).values(put_off))
    one.tick()
    assert one.deferred == []  # put off
    with writing(engine) as connection:
        connection.execute(update(delivery).values(state="accepted"))
    one.tick()
    assert one.deferred == [(SEND, "1")]  # to be finished


def schedule_worker() -> Any:
    from newsletter.store.tables import worker

    return worker


def test_another_program_that_sends_is_left_alone(one: Process, engine: Engine) -> None:
    prepare(engine, "2026-12", IssueState.SCHEDULED, planned=TUESDAY)
    one.at(TUESDAY)

    def busy(*_: object) -> None:
        raise AlreadyDispatching("Another program is sending.")

    send_run(one.ctx, 1, busy)
    calls: list[int] = []
    send_run(one.ctx, 1, lambda _, run_id: calls.append(run_id))
    with writing(engine) as connection:
        connection.execute(update(run).values(state=RunState.PAUSED.value))
    send_run(one.ctx, 1, lambda _, run_id: calls.append(run_id))
    assert calls == [1]


def test_what_can_go_on_that_could_not_is_sent_at_the_next_glance(one: Process, engine: Engine) -> None:
    prepare(engine, "2026-12", IssueState.SCHEDULED, planned=TUESDAY)
    one.at(TUESDAY)
    glance = Glance(one.ctx, lambda name, key: one.deferred.append((name, key)))

    def moved(values: dict[str, Any]) -> list[tuple[str, str]]:
        with writing(engine) as connection:
            connection.execute(update(run if "state" in values else delivery).values(values))
        one.deferred.clear()
        glance()
        glance()  # nothing is new
        return list(one.deferred)

    assert moved({"state": "paused"}) == []
    assert moved({"state": "sending"}) == [(SEND, "1")]  # resumed, by whatever program
    assert moved({"not_before": TUESDAY + timedelta(minutes=1)}) == []
    one.ctx.clock.set(TUESDAY + timedelta(minutes=1))  # type: ignore[attr-defined]
    glance()
    assert one.deferred == [(SEND, "1")]  # what was put off has fallen due


def test_what_another_program_deferred_first_is_deferred_again_once_it_is_taken(one: Process, engine: Engine) -> None:
    prepare(engine, "2026-12", IssueState.SCHEDULED, planned=TUESDAY)
    one.at(TUESDAY)
    one.tick()
    asked, queued = [], iter([False, False, True])
    glance = Glance(one.ctx, lambda name, key: asked.append(key) or next(queued))
    for _ in range(5):
        glance()
    assert asked == ["1", "1", "1"]


def test_housekeeping_gives_up_and_leaves_out_the_rest_of_a_cancelled_run(one: Process, engine: Engine) -> None:
    prepare(engine, "2026-12", IssueState.SCHEDULED, planned=TUESDAY)
    one.at(TUESDAY)
    with writing(engine) as connection:
        connection.execute(update(delivery).where(delivery.c.id <= 3).values(trying_since=TUESDAY - timedelta(days=3)))
    keep_house(one.ctx)
    with writing(engine) as connection:
        connection.execute(update(run).values(state=RunState.CANCELLED.value))
    keep_house(one.ctx)
    with reading(engine) as connection:
        states = connection.execute(select(delivery.c.state).order_by(delivery.c.id)).scalars().all()
    assert states == ["rejected"] * 3 + ["skipped"] * 5


def test_housekeeping_takes_up_what_a_crash_left_waiting_in_a_run_that_was_done(one: Process, engine: Engine) -> None:
    prepare(engine, "2026-12", IssueState.SCHEDULED, planned=TUESDAY)
    one.at(TUESDAY)
    with writing(engine) as connection:
        connection.execute(update(run).values(state=RunState.DONE.value, done_at=TUESDAY))
        connection.execute(update(delivery).where(delivery.c.id > 1).values(state="accepted"))
    keep_house(one.ctx)
    one.tick()
    assert one.deferred == [(SEND, "1")]


def test_housekeeping_ends_where_the_program_is_to_stop(one: Process, engine: Engine) -> None:
    prepare(engine, "2026-12", IssueState.SCHEDULED, planned=TUESDAY)
    one.at(TUESDAY)
    with writing(engine) as connection:
        connection.execute(update(run).values(state=RunState.CANCELLED.value))
    keep_house(one.ctx, lambda: True)
    with reading(engine) as connection:
        assert set(connection.execute(select(delivery.c.state)).scalars()) == {"pending"}
    keep_house(one.ctx)
    with reading(engine) as connection:
        assert set(connection.execute(select(delivery.c.state)).scalars()) == {"skipped"}


def test_housekeeping_sweeps_away_bytes_of_documents_that_nobody_has(one: Process, engine: Engine) -> None:
    one.at(TUESDAY)
    with writing(engine) as connection:
        digest = documents.keep(connection, b"of a push that was broken off", TUESDAY - timedelta(days=2))
    keep_house(one.ctx)
    with writing(engine) as connection:
        assert documents.known(connection, [digest], TUESDAY) == set()
