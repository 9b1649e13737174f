"""Scheduled issues are launched once, by whoever keeps the schedule, and only as they were approved."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine, select, update

from newsletter.dispatch import launch as launching
from newsletter.dispatch.lock import AlreadyLaunching, launch_lock
from newsletter.model.delivery import RunState
from newsletter.model.issue import IssueState, Step
from newsletter.model.recurrence import FiringState
from newsletter.store import approvals, firings, issues, people, runs
from newsletter.store.engine import reading, writing
from newsletter.store.tables import audit, delivery, edition, issue, run
from newsletter.workflow.sending.launch import LaunchedMeanwhile, launch
from newsletter.workflow.sending.plan import plan_send
from tests.dispatch.world import NOW, add_contacts
from tests.workflow.schedule.keeping import (
    FROZEN,
    TUESDAY,
    Process,
    add_edition,
    at_once,
    define,
    launched,
    prepare,
    process,
    rows,
    state,
)


def test_a_scheduled_issue_is_launched_in_the_name_of_who_approved_it(one: Process, engine: Engine) -> None:
    id_ = prepare(engine, "2026-12", IssueState.SCHEDULED, planned=TUESDAY)
    one.at(TUESDAY - timedelta(seconds=1))
    assert launched(engine) == []
    one.at(TUESDAY)
    assert launched(engine) == [("luc", 8)]
    assert state(engine, id_) is IssueState.SENDING
    one.at(TUESDAY + timedelta(minutes=1))
    assert launched(engine) == [("luc", 8)]
    with reading(engine) as connection:
        steps = connection.execute(select(audit.c.action, audit.c.person_id).where(audit.c.subject == f"issue:{id_}"))
        assert [(row.action, people.by_id(connection, row.person_id).slug) for row in steps.all()] == [
            ("launch", "luc")
        ]


def test_two_processes_launch_it_once(one: Process, engine: Engine, folder: Path) -> None:
    id_ = prepare(engine, "2026-12", IssueState.SCHEDULED, planned=TUESDAY)
    two = process(engine, folder, TUESDAY)
    one.ctx.clock.set(TUESDAY)  # type: ignore[attr-defined]
    at_once(one.tick, two.tick)
    at_once(one.work, two.work)
    one.at(TUESDAY + timedelta(seconds=30))
    assert launched(engine) == [("luc", 8)]
    assert state(engine, id_) is IssueState.SENDING
    two.ctx.engine.dispose()


def test_a_plan_made_before_somebody_else_launched_launches_nothing(one: Process, engine: Engine) -> None:
    id_ = prepare(engine, "2026-12", IssueState.APPROVED)
    with reading(engine) as connection:
        row, luc = issues.get(connection, id_), people.find(connection, "luc")
    assert luc is not None
    plan = plan_send(one.ctx, row)
    run_id = launch(one.ctx, plan, luc)
    with writing(engine) as connection:
        connection.execute(update(run).where(run.c.id == run_id).values(state=RunState.DONE.value))
    with pytest.raises(LaunchedMeanwhile):
        launch(one.ctx, plan, luc)
    assert launched(engine) == [("luc", 8)]


def test_one_process_at_a_time_launches(one: Process, engine: Engine) -> None:
    id_ = prepare(engine, "2026-12", IssueState.SCHEDULED, planned=TUESDAY)
    with launch_lock(engine, id_):
        with pytest.raises(AlreadyLaunching), launch_lock(one.ctx.engine, id_):
            pass
        one.at(TUESDAY)
    assert launched(engine) == []
    assert state(engine, id_) is IssueState.SCHEDULED
    one.at(TUESDAY + timedelta(seconds=30))
    assert launched(engine) == [("luc", 8)]


@pytest.mark.parametrize("crash", ["begin", "lay_out", "launched"])
def test_a_crash_around_the_launch_is_made_good(
    one: Process, engine: Engine, monkeypatch: pytest.MonkeyPatch, crash: str
) -> None:
    id_ = prepare(engine, "2026-12", IssueState.SCHEDULED, planned=TUESDAY)
    where = issues if crash == "launched" else launching
    with monkeypatch.context() as patched:
        patched.setattr(where, crash, lambda *_, **__: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            one.at(TUESDAY)
    one.at(TUESDAY + timedelta(seconds=30))
    assert launched(engine) == [("luc", 8)]
    with reading(engine) as connection:
        row = issues.get(connection, id_)
        assert (row.stored, runs.of_issue(connection, id_)[0].state) == (IssueState.APPROVED, RunState.SENDING)


def test_a_launch_that_broke_off_and_is_late_waits_for_a_person(
    one: Process, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    prepare(engine, "2026-12", IssueState.SCHEDULED, planned=TUESDAY)
    with monkeypatch.context() as patched:
        patched.setattr(launching, "lay_out", lambda *_, **__: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            one.at(TUESDAY)
    one.at(TUESDAY + timedelta(hours=7))
    assert launched(engine) == [("luc", 0)]


def test_a_scheduled_issue_older_than_its_grace_is_missed(one: Process, engine: Engine) -> None:
    id_ = prepare(engine, "2026-12", IssueState.SCHEDULED, planned=TUESDAY)
    one.at(TUESDAY + timedelta(hours=6, minutes=1))
    assert launched(engine) == []
    with reading(engine) as connection:
        row = issues.get(connection, id_)
    assert row.state is IssueState.MISSED
    assert "2026-12-01 09:00 (Europe/Zurich)" in str(row.note)


def test_what_was_not_approved_in_time_is_held(one: Process, engine: Engine) -> None:
    id_ = prepare(engine, "2026-12", IssueState.IN_REVIEW, planned=TUESDAY)
    one.at(TUESDAY)
    assert (launched(engine), state(engine, id_)) == ([], IssueState.HELD)


@pytest.mark.parametrize("against", ["approver", "transport", "approval", "audience"])
def test_what_stands_against_a_launch_holds_it(one: Process, engine: Engine, folder: Path, against: str) -> None:
    id_ = prepare(engine, "2026-12", IssueState.SCHEDULED, planned=TUESDAY)
    with writing(engine) as connection:
        if against == "approver":  # who is an approver no longer
            connection.execute(update(people.person).where(people.person.c.slug == "luc").values(roles=["reader"]))
        elif against == "approval":
            approvals.void_all(connection, id_, now=NOW)
        elif against == "transport":
            definition = FROZEN | {"transports": ["outbox"]}
            connection.execute(update(edition).where(edition.c.issue_id == id_).values(definition=definition))
    if against == "audience":
        add_contacts(engine, range(100, 120))
    one.at(TUESDAY)
    one.at(TUESDAY + timedelta(minutes=1))
    assert (launched(engine), state(engine, id_)) == ([], IssueState.HELD)
    says = {"approver": "may not approve", "transport": "outbox", "approval": "lacks", "audience": "28 recipients"}
    with reading(engine) as connection:
        assert says[against] in str(issues.get(connection, id_).note)


def test_a_later_run_waits_for_the_one_that_is_being_sent(one: Process, engine: Engine) -> None:
    id_ = prepare(engine, "2026-12", IssueState.SCHEDULED, planned=TUESDAY)
    one.at(TUESDAY)
    add_contacts(engine, range(20, 24))
    with writing(engine) as connection:
        luc = people.find(connection, "luc")
        assert luc is not None
        add_edition(connection, id_, luc.id, 2)
        later = {"state": IssueState.SCHEDULED.value, "planned_at": TUESDAY + timedelta(hours=1)}
        connection.execute(update(issue).where(issue.c.id == id_).values(later))
    one.at(TUESDAY + timedelta(hours=1))
    assert launched(engine) == [("luc", 8)]
    with writing(engine) as connection:
        connection.execute(update(run).values(state=RunState.DONE.value))
        connection.execute(update(delivery).values(state="accepted"))
    one.at(TUESDAY + timedelta(hours=2))
    assert launched(engine) == [("luc", 8), ("luc", 4)]


@pytest.fixture
def launches(one: Process, folder: Path) -> Process:
    define(folder, action="launch")
    return one


def test_a_rule_launches_the_approved_issue_of_its_key(launches: Process, engine: Engine) -> None:
    id_ = prepare(engine, "2026-12", IssueState.APPROVED)
    prepare(engine, "2027-01", IssueState.APPROVED)
    launches.at(TUESDAY)
    assert launched(engine) == [("luc", 8)]
    assert state(engine, id_) is IssueState.SENDING
    assert rows(engine) == [("2026-12-01T09:00", "fired")]


def test_two_processes_launch_by_a_rule_once(launches: Process, engine: Engine, folder: Path) -> None:
    prepare(engine, "2026-12", IssueState.APPROVED)
    two = process(engine, folder, TUESDAY)
    launches.ctx.clock.set(TUESDAY)  # type: ignore[attr-defined]
    at_once(launches.tick, two.tick)
    at_once(launches.work, two.work)
    launches.at(TUESDAY + timedelta(seconds=30))
    assert launched(engine) == [("luc", 8)]
    with reading(engine) as connection:
        steps = connection.execute(select(audit.c.action).where(audit.c.subject.like("issue:%"))).scalars()
        assert sorted(steps) == [Step.LAUNCH.value, Step.SCHEDULE.value]
    two.ctx.engine.dispose()


@pytest.mark.parametrize("before", [IssueState.DRAFT, IssueState.IN_REVIEW])
def test_a_rule_holds_what_is_not_approved(launches: Process, engine: Engine, before: IssueState) -> None:
    id_ = prepare(engine, "2026-12", before)
    launches.at(TUESDAY)
    assert (launched(engine), state(engine, id_)) == ([], IssueState.HELD)
    with reading(engine) as connection:
        assert "was not approved by then" in str(issues.get(connection, id_).note)
    assert rows(engine) == [("2026-12-01T09:00", "failed")]


def test_a_rule_without_an_issue_says_so(launches: Process, engine: Engine) -> None:
    launches.at(TUESDAY)
    with reading(engine) as connection:
        [row] = firings.with_states(connection, [FiringState.FAILED], limit=5)
    assert row.note == "there is no issue monthly/2026-12: nothing was sent"


def test_a_rule_sends_nothing_that_was_sent_or_cancelled_or_has_its_own_time(launches: Process, engine: Engine) -> None:
    own_time = prepare(engine, "2026-12", IssueState.SCHEDULED, planned=TUESDAY + timedelta(days=2))
    launches.at(TUESDAY)
    assert (launched(engine), state(engine, own_time)) == ([], IssueState.SCHEDULED)
    cancelled = prepare(engine, "2027-01", IssueState.CANCELLED)
    launches.at(datetime(2027, 1, 5, 8, 0, tzinfo=UTC))
    assert state(engine, cancelled) is IssueState.CANCELLED
    assert [row[1] for row in rows(engine)] == ["fired", "fired"]
