"""A firing happens once: on any number of processes, over restarts, changes of clocks, and clocks that are wrong."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, func, insert, select, update

from newsletter.clock import FixedClock
from newsletter.dispatch import launch as launching
from newsletter.dispatch.lock import AlreadyDispatching, AlreadyLaunching, dispatch_lock, launch_lock
from newsletter.errors import UsageError
from newsletter.model.delivery import RunState
from newsletter.model.issue import IssueState, Step
from newsletter.settings import OutboxSettings, Secrets, Settings, SmtpSettings
from newsletter.store import approvals, documents, firings, issues, people, runs
from newsletter.store.engine import open_engine, reading, writing
from newsletter.store.tables import audit, delivery, edition, firing, issue, run
from newsletter.tokens import AddressKeys, KeyRing
from newsletter.workflow.context import LOCAL, Context
from newsletter.workflow.scheduling import schedule
from newsletter.workflow.sending.launch import LaunchedMeanwhile, launch
from newsletter.workflow.sending.plan import plan_send
from newsletter.workspace.documents import FolderDocuments
from tests.dispatch.world import NOW, add_contacts, make_world

MONDAY = datetime(2026, 11, 30, 12, 0, tzinfo=UTC)
TUESDAY = datetime(2026, 12, 1, 8, 0, tzinfo=UTC)  # 09:00 in Zurich, the first Tuesday
CAMPAIGN = """
title: Digest
publication: monthly
template: digest
languages: [fr]
subject: {{fr: Lettre}}
sender: {{name: A, address: a@news.example.org}}
sections: []
recurrence:
  rule: {rule}
  at: "{at}"
  zone: {zone}
  action: {action}
"""
RULE = {"rule": "FREQ=MONTHLY;BYDAY=1TU", "at": "09:00", "zone": "Europe/Zurich", "action": "gather"}
DEFERRED = list[tuple[str, str]]


@dataclass
class Process:
    """One program that keeps the schedule, with a connection of its own to the database."""

    ctx: Context
    deferred: DEFERRED = field(default_factory=list)
    gathered: list[str] = field(default_factory=list)

    def tick(self) -> datetime | None:
        return schedule.tick(self.ctx, lambda name, key: self.deferred.append((name, key)))

    def work(self) -> None:
        """Does what was deferred, sending apart."""
        while self.deferred:
            name, key = self.deferred.pop(0)
            if name == schedule.GATHER:
                schedule.gather_firing(self.ctx, int(key), self.gather)
            elif name == schedule.LAUNCH:
                schedule.launch_issue(self.ctx, int(key), lambda name, key: None)

    def at(self, instant: datetime) -> None:
        """Wakes at an instant and does what is due."""
        self.ctx.clock.set(instant)  # type: ignore[attr-defined]
        self.tick()
        self.work()

    def gather(self, ctx: Context, campaign: str, key: str, person: people.Person) -> str | None:
        self.gathered.append(f"{campaign}/{key} by {person.slug}")
        with writing(ctx.engine) as connection:
            issues.ensure(connection, campaign, key, person_id=person.id, now=ctx.clock.now())
        return None


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "campaigns/monthly").mkdir(parents=True)
    (tmp_path / "subscribers").mkdir()
    (tmp_path / "subscribers/publications.yaml").write_text("monthly: {name: {en: Monthly}, kind: news}\n")
    define(tmp_path)
    return tmp_path


def define(folder: Path, **changes: str) -> None:
    (folder / "campaigns/monthly/campaign.yaml").write_text(CAMPAIGN.format(**{**RULE, **changes}))


def process(engine: Engine, folder: Path, at: datetime = MONDAY, *, send_with: str = "smtp") -> Process:
    smtp = SmtpSettings(kind="smtp", host="127.0.0.1")
    transports = {"smtp": smtp, "outbox": OutboxSettings(kind="outbox")}
    settings = Settings(languages=["fr"], default_language="fr", transports=transports, send_with=[send_with])
    secrets = Secrets(KeyRing({1: b"k" * 32}), AddressKeys(b"s" * 32))
    own = open_engine(engine.url.render_as_string(hide_password=False))
    return Process(Context(folder, settings, secrets, FolderDocuments(folder, lambda *_: None), own, FixedClock(at)))


@pytest.fixture
def one(engine: Engine, folder: Path) -> Any:
    """A process that has looked once, on the Monday before."""
    with writing(engine) as connection:
        roles = ["reader", "author", "steward", "approver", "admin"]
        people.add(connection, LOCAL, name="Local", address=None, roles=roles, now=NOW)
    found = process(engine, folder)
    found.tick()
    yield found
    found.ctx.engine.dispose()


def rows(engine: Engine) -> list[tuple[str, str]]:
    with reading(engine) as connection:
        chosen = select(firing.c.planned_wall, firing.c.state).order_by(firing.c.planned_wall)
        return [(row.planned_wall[:16], row.state) for row in connection.execute(chosen)]


def at_once(*functions: Callable[[], object]) -> None:
    """All at the same moment; what one raises is raised."""
    barrier, failed = threading.Barrier(len(functions)), list[BaseException]()

    def begin(function: Callable[[], object]) -> None:
        barrier.wait()
        try:
            function()
        except BaseException as error:
            failed.append(error)

    threads = [threading.Thread(target=begin, args=(each,)) for each in functions]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failed:
        raise failed[0]


# Firings


def test_a_firing_gathers_once_and_says_when_the_next_is(one: Process, engine: Engine) -> None:
    assert one.tick() == TUESDAY
    assert rows(engine) == []
    one.at(TUESDAY - timedelta(seconds=1))
    assert one.gathered == []
    one.at(TUESDAY)
    one.at(TUESDAY + timedelta(seconds=30))
    assert one.gathered == ["monthly/2026-12 by schedule"]
    assert rows(engine) == [("2026-12-01T09:00", "fired")]
    assert one.tick() == datetime(2027, 1, 5, 8, 0, tzinfo=UTC)


def test_two_processes_on_one_firing(one: Process, engine: Engine, folder: Path) -> None:
    two = process(engine, folder, TUESDAY)
    one.ctx.clock.set(TUESDAY)  # type: ignore[attr-defined]
    at_once(one.tick, two.tick)
    assert one.deferred == two.deferred != []  # both want to
    at_once(one.work, two.work)
    assert len(one.gathered + two.gathered) == 1
    assert rows(engine) == [("2026-12-01T09:00", "fired")]
    two.ctx.engine.dispose()


def test_a_restart_within_the_grace_makes_up_for_it(one: Process, engine: Engine, folder: Path) -> None:
    again = process(engine, folder)
    again.at(TUESDAY + timedelta(hours=5, minutes=59))
    assert again.gathered == ["monthly/2026-12 by schedule"]
    again.ctx.engine.dispose()


def test_a_missed_day_is_shown_and_not_made_up_for(engine: Engine, folder: Path, one: Process) -> None:
    define(folder, rule="FREQ=DAILY")
    one.at(MONDAY + timedelta(minutes=1))
    one.at(MONDAY + timedelta(days=3, hours=-3))  # Thursday 10:00: Tuesday and Wednesday are over
    assert one.gathered == ["monthly/2026-12-03 by schedule"]
    assert rows(engine) == [
        ("2026-12-01T09:00", "missed"),
        ("2026-12-02T09:00", "missed"),
        ("2026-12-03T09:00", "fired"),
    ]
    with reading(engine) as connection:
        [missed, _] = firings.with_states(connection, [firings.FiringState.MISSED], limit=5)[::-1]
    assert "nobody was there within 6 hours" in str(missed.note)


def test_exactly_at_its_grace_it_still_fires_and_a_second_later_not(one: Process, engine: Engine) -> None:
    one.at(TUESDAY + timedelta(hours=6, seconds=1))
    assert one.gathered == []
    assert rows(engine) == [("2026-12-01T09:00", "missed")]


def test_a_new_campaign_owes_nothing_of_the_past(engine: Engine, folder: Path, one: Process) -> None:
    other = folder / "campaigns/weekly"
    other.mkdir()
    (other / "campaign.yaml").write_text(CAMPAIGN.format(**RULE | {"rule": "FREQ=DAILY", "at": "11:00"}))
    one.at(MONDAY)
    assert rows(engine) == []


def test_a_clock_that_steps_back_fires_nothing_twice(one: Process, engine: Engine) -> None:
    one.at(TUESDAY)
    one.at(TUESDAY - timedelta(minutes=10))
    one.at(TUESDAY)
    one.at(TUESDAY + timedelta(minutes=1))
    assert len(one.gathered) == 1


def test_a_clock_that_ran_years_ahead_costs_no_firing(one: Process, engine: Engine) -> None:
    one.at(datetime(2028, 6, 1, tzinfo=UTC))
    assert [row[1] for row in rows(engine)] == ["missed"] * 18
    one.at(MONDAY + timedelta(minutes=5))
    assert rows(engine) == []
    one.at(TUESDAY)
    assert one.gathered == ["monthly/2026-12 by schedule"]


def test_a_campaign_that_cannot_be_read_waits_and_the_others_go_on(one: Process, engine: Engine, folder: Path) -> None:
    other = folder / "campaigns/alerts"
    other.mkdir()
    (other / "campaign.yaml").write_text(CAMPAIGN.format(**RULE))
    one.at(MONDAY + timedelta(minutes=1))
    (folder / "campaigns/monthly/campaign.yaml").write_text("title: [")
    one.at(TUESDAY)
    assert one.gathered == ["alerts/2026-12 by schedule"]
    define(folder)
    one.at(TUESDAY + timedelta(hours=1))
    assert one.gathered[1:] == ["monthly/2026-12 by schedule"]


@pytest.mark.parametrize(
    ("day", "at", "instants"),
    [
        ("2026-03-29", "02:30", ["2026-03-29T01:00", "2026-03-29T01:30"]),  # a gap: the moment after, and not again
        ("2026-10-25", "02:30", ["2026-10-25T00:30", "2026-10-25T01:30"]),  # doubled: the first, and not again
    ],
)
def test_a_day_on_which_clocks_change(
    one: Process, engine: Engine, folder: Path, day: str, at: str, instants: list[str]
) -> None:
    define(folder, rule="FREQ=DAILY", at=at)
    first, second = (datetime.fromisoformat(each).replace(tzinfo=UTC) for each in instants)
    with writing(engine) as connection:
        firings.look(connection, {"monthly": []}, ["monthly"], first - timedelta(hours=2))
    for minutes in (-60, -1, 0, 1, 29, 31, 59, 61):
        one.at(first + timedelta(minutes=minutes))
        assert len(one.gathered) == (minutes >= 0)
    one.at(second)
    assert one.gathered == [f"monthly/{day} by schedule"]


def test_a_process_that_died_while_gathering_is_followed_by_another(one: Process, engine: Engine) -> None:
    one.ctx.clock.set(TUESDAY)  # type: ignore[attr-defined]
    one.tick()
    with writing(engine) as connection:
        assert firings.take(connection, int(one.deferred[0][1]), TUESDAY)
    one.work()
    assert one.gathered == []  # it is being done
    one.at(TUESDAY + timedelta(minutes=14))
    assert one.gathered == []
    one.at(TUESDAY + timedelta(minutes=16))
    assert len(one.gathered) == 1
    assert rows(engine) == [("2026-12-01T09:00", "fired")]


def test_a_gathering_that_fails_is_shown_and_not_repeated(one: Process, engine: Engine) -> None:
    def fail(*_: object) -> str | None:
        raise UsageError("The feed is gone.")

    one.gather = fail  # type: ignore[method-assign, assignment]
    one.at(TUESDAY)
    one.at(TUESDAY + timedelta(minutes=1))
    assert rows(engine) == [("2026-12-01T09:00", "failed")]
    with reading(engine) as connection:
        [row] = firings.with_states(connection, [firings.FiringState.FAILED], limit=5)
    assert row.note == "The feed is gone."


def test_what_is_in_review_is_not_gathered_into(one: Process, engine: Engine) -> None:
    prepare(engine, "2026-12", IssueState.IN_REVIEW)
    one.at(TUESDAY)
    assert one.gathered == []
    assert rows(engine) == [("2026-12-01T09:00", "fired")]


# Issues


def prepare(engine: Engine, key: str, state: IssueState, *, planned: datetime | None = None) -> int:
    """An issue with an edition that Luc approved, 8 contacts to write to."""
    with reading(engine) as connection:
        luc = people.find(connection, "luc")
    if luc is None:
        make_world(engine, contacts=8)
    with writing(engine) as connection:
        luc = people.find(connection, "luc")
        assert luc is not None
        row = issues.ensure(connection, "monthly", key, person_id=luc.id, now=NOW)
        connection.execute(update(issue).where(issue.c.id == row.id).values(state=state.value, planned_at=planned))
        add_edition(connection, row.id, luc.id)
    return row.id


FROZEN = {
    "sign_off": [],
    "transports": ["smtp"],
    "publication": "monthly",
    "statutory": False,
    "planned": "now",
    "audience": {"include": "true", "exclude": None},
    "segments": {},
    "copies": "address",
    "roles": [],
    "default_language": "fr",
}


def add_edition(connection: Any, issue_id: int, who: int, number: int = 1) -> int:
    language = {"fields": ["institution.name"], "tree": {"variant": 0}, "complete": True, "envelope": {}}
    values = {"issue_id": issue_id, "number": number, "hash": f"{number:064}", "language_hashes": {"fr": "f" * 64}}
    values |= {"definition": FROZEN, "languages": {"fr": language}, "frozen_by": who, "frozen_at": NOW}
    id_ = int(connection.execute(insert(edition).values(values).returning(edition.c.id)).scalar_one())
    about = {"edition_id": id_, "edition_hash": values["hash"], "recipient_count": 8, "person_id": who}
    approvals.add(connection, **about, language=None, language_hash=None, decision="approved", comment=None, at=NOW)
    return id_


def state(engine: Engine, issue_id: int) -> IssueState:
    with reading(engine) as connection:
        return issues.get(connection, issue_id).state


def launched(engine: Engine) -> list[tuple[str, int]]:
    """Runs: by whom, and how many deliveries."""
    with reading(engine) as connection:
        counted = select(func.count()).where(delivery.c.run_id == run.c.id).scalar_subquery()
        found = connection.execute(select(run.c.launched_by, counted.label("number")).order_by(run.c.id))
        return [(people.by_id(connection, row.launched_by).slug, row.number) for row in found.all()]


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


# A rule that launches


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
        [row] = firings.with_states(connection, [firings.FiringState.FAILED], limit=5)
    assert row.note == "there is no issue monthly/2026-12: nothing was sent"


def test_a_rule_sends_nothing_that_was_sent_or_cancelled_or_has_its_own_time(launches: Process, engine: Engine) -> None:
    own_time = prepare(engine, "2026-12", IssueState.SCHEDULED, planned=TUESDAY + timedelta(days=2))
    launches.at(TUESDAY)
    assert (launched(engine), state(engine, own_time)) == ([], IssueState.SCHEDULED)
    cancelled = prepare(engine, "2027-01", IssueState.CANCELLED)
    launches.at(datetime(2027, 1, 5, 8, 0, tzinfo=UTC))
    assert state(engine, cancelled) is IssueState.CANCELLED
    assert [row[1] for row in rows(engine)] == ["fired", "fired"]


# Dispatch


def test_runs_with_something_to_do_are_sent_again_at_every_tick(one: Process, engine: Engine) -> None:
    prepare(engine, "2026-12", IssueState.SCHEDULED, planned=TUESDAY)
    one.at(TUESDAY)
    one.tick()
    assert one.deferred == [(schedule.SEND, "1")]
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
    assert one.deferred == [(schedule.SEND, "1")]  # who died
    one.deferred.clear()
    with writing(engine) as connection:
        put_off = {"claim_id": None, "claimed_until": None, "not_before": later + timedelta(hours=1)}
        connection.execute(update(delivery).values(put_off))
    one.tick()
    assert one.deferred == []  # put off
    with writing(engine) as connection:
        connection.execute(update(delivery).values(state="accepted"))
    one.tick()
    assert one.deferred == [(schedule.SEND, "1")]  # to be finished


def schedule_worker() -> Any:
    from newsletter.store.tables import worker

    return worker


def test_another_program_that_sends_is_left_alone(one: Process, engine: Engine) -> None:
    prepare(engine, "2026-12", IssueState.SCHEDULED, planned=TUESDAY)
    one.at(TUESDAY)

    def busy(*_: object) -> None:
        raise AlreadyDispatching("Another program is sending.")

    schedule.send_run(one.ctx, 1, busy)
    calls: list[int] = []
    schedule.send_run(one.ctx, 1, lambda _, run_id: calls.append(run_id))
    with writing(engine) as connection:
        connection.execute(update(run).values(state=RunState.PAUSED.value))
    schedule.send_run(one.ctx, 1, lambda _, run_id: calls.append(run_id))
    assert calls == [1]


def test_housekeeping_gives_up_and_leaves_out_the_rest_of_a_cancelled_run(one: Process, engine: Engine) -> None:
    prepare(engine, "2026-12", IssueState.SCHEDULED, planned=TUESDAY)
    one.at(TUESDAY)
    with writing(engine) as connection:
        connection.execute(update(delivery).where(delivery.c.id <= 3).values(trying_since=TUESDAY - timedelta(days=3)))
    schedule.keep_house(one.ctx)
    with writing(engine) as connection:
        connection.execute(update(run).values(state=RunState.CANCELLED.value))
    schedule.keep_house(one.ctx)
    with reading(engine) as connection:
        states = connection.execute(select(delivery.c.state).order_by(delivery.c.id)).scalars().all()
    assert states == ["rejected"] * 3 + ["skipped"] * 5


def test_housekeeping_ends_where_the_program_is_to_stop(one: Process, engine: Engine) -> None:
    prepare(engine, "2026-12", IssueState.SCHEDULED, planned=TUESDAY)
    one.at(TUESDAY)
    with writing(engine) as connection:
        connection.execute(update(run).values(state=RunState.CANCELLED.value))
    schedule.keep_house(one.ctx, lambda: True)
    with reading(engine) as connection:
        assert set(connection.execute(select(delivery.c.state)).scalars()) == {"pending"}
    schedule.keep_house(one.ctx)
    with reading(engine) as connection:
        assert set(connection.execute(select(delivery.c.state)).scalars()) == {"skipped"}


def test_housekeeping_sweeps_away_bytes_of_documents_that_nobody_has(one: Process, engine: Engine) -> None:
    one.at(TUESDAY)
    with writing(engine) as connection:
        digest = documents.keep(connection, b"of a push that was broken off", TUESDAY - timedelta(days=2))
    schedule.keep_house(one.ctx)
    with writing(engine) as connection:
        assert documents.known(connection, [digest], TUESDAY) == set()
