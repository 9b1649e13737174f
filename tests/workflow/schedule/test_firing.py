"""What fires: once, on any number of processes, over restarts and changes of clocks."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine

from newsletter.errors import UsageError
from newsletter.model.issue import IssueState
from newsletter.model.recurrence import FiringState
from newsletter.store import firings
from newsletter.store.engine import reading, writing
from tests.workflow.schedule.keeping import (
    CAMPAIGN,
    MONDAY,
    RULE,
    TUESDAY,
    Process,
    at_once,
    define,
    prepare,
    process,
    rows,
)


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
        [missed, _] = firings.with_states(connection, [FiringState.MISSED], limit=5)[::-1]
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
        [row] = firings.with_states(connection, [FiringState.FAILED], limit=5)
    assert row.note == "The feed is gone."


def test_what_is_in_review_is_not_gathered_into(one: Process, engine: Engine) -> None:
    prepare(engine, "2026-12", IssueState.IN_REVIEW)
    one.at(TUESDAY)
    assert one.gathered == []
    assert rows(engine) == [("2026-12-01T09:00", "fired")]
