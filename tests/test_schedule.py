"""APScheduler only wakes: late wake-ups count, many are one, and it computes none of our times."""

from __future__ import annotations

import logging
import threading
from datetime import UTC, datetime, timedelta

import pytest
from apscheduler.triggers.date import DateTrigger
from apscheduler.triggers.interval import IntervalTrigger
from sqlalchemy import Engine, text
from sqlalchemy.exc import OperationalError

from newsletter.schedule import HOUSEKEEPING, TICK, Waking
from newsletter.store.engine import writing

FAR = datetime(2100, 1, 1, 8, 0, tzinfo=UTC)


def test_what_it_is_told() -> None:
    waking = Waking(lambda: FAR, lambda: None)
    waking.start()
    waking.wake()
    found = {job.id: job for job in waking.scheduler.get_jobs()}
    waking.stop()
    assert set(found) == {"tick", "housekeeping", "planned"}
    for job in found.values():
        assert (job.misfire_grace_time, job.coalesce, job.max_instances) == (None, True, 1)
    every = {name: job.trigger.interval for name, job in found.items() if isinstance(job.trigger, IntervalTrigger)}
    assert every == {"tick": TICK, "housekeeping": HOUSEKEEPING}
    assert all(job.trigger.jitter is None for name, job in found.items() if name in every)
    planned = found["planned"].trigger
    assert isinstance(planned, DateTrigger)
    assert planned.run_date == FAR
    assert str(waking.scheduler.timezone) == "UTC"


def test_it_ticks_at_its_start_and_at_the_planned_instant() -> None:
    ticks, cleaned, third = list[datetime](), threading.Event(), threading.Event()

    def tick() -> datetime | None:
        ticks.append(datetime.now(UTC))
        if len(ticks) == 3:
            third.set()
        return ticks[-1] + timedelta(milliseconds=50)

    waking = Waking(tick, cleaned.set)
    waking.start()
    assert third.wait(20)  # the interval alone would take a minute
    assert cleaned.wait(20)
    waking.stop()


def test_a_planned_instant_that_is_past_wakes_all_the_same() -> None:
    """As after a machine slept: APScheduler's own default drops what is a second late."""
    ticks, second = list[int](), threading.Event()

    def tick() -> datetime | None:
        ticks.append(1)
        if len(ticks) == 1:
            return datetime.now(UTC) - timedelta(hours=3)
        second.set()
        return None

    waking = Waking(tick, lambda: None)
    waking.start()
    assert second.wait(20)
    waking.stop()


def test_a_tick_that_fails_does_not_end_the_schedule(caplog: pytest.LogCaptureFixture) -> None:
    def fail() -> datetime | None:
        raise ZeroDivisionError

    waking = Waking(fail, fail)
    with caplog.at_level(logging.INFO):
        waking.wake()
        waking.clean()
    assert "The schedule failed" in caplog.text
    assert "Housekeeping failed" in caplog.text


def test_a_clock_that_is_put_back_by_an_hour_does_not_stop_the_ticks(monkeypatch: pytest.MonkeyPatch) -> None:
    """APScheduler then sleeps an hour longer, as if its next tick lay an hour ahead."""
    monkeypatch.setattr("newsletter.schedule.TICK", timedelta(milliseconds=20))
    ticks, enough = list[int](), threading.Event()

    def tick() -> None:
        ticks.append(1)
        waking.scheduler.modify_job("tick", next_run_time=datetime.now(UTC) + timedelta(hours=1))
        if len(ticks) == 3:
            enough.set()

    waking = Waking(tick, lambda: None)
    waking.start()
    assert enough.wait(20)
    waking.stop()


def test_a_database_that_fails_is_one_line_and_a_wrong_statement_keeps_its_traceback(
    caplog: pytest.LogCaptureFixture, sqlite_engine: Engine
) -> None:
    def full() -> None:
        with writing(sqlite_engine) as connection:
            connection.execute(text("PRAGMA max_page_count = 1"))
            connection.execute(text("CREATE TABLE more AS SELECT randomblob(900000) AS bytes"))

    def wrong() -> None:
        with writing(sqlite_engine) as connection:
            connection.execute(text("SELECT * FROM nowhere"))

    waking = Waking(full, wrong)  # type: ignore[arg-type]
    with caplog.at_level(logging.INFO):
        waking.wake()
        assert "The database cannot be used: its disk is full, make room there" in caplog.text
        assert "Traceback" not in caplog.text
        waking.clean()
    assert "Housekeeping failed" in caplog.text
    assert "no such table" in caplog.text


def test_it_glances_again_and_again_though_the_database_is_away_for_a_while(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("newsletter.schedule.GLANCE", timedelta(milliseconds=5))
    glances, third = list[int](), threading.Event()

    def glance() -> None:
        glances.append(1)
        if len(glances) == 3:
            third.set()
        raise OperationalError("SELECT 1", None, Exception("gone"))

    waking = Waking(lambda: FAR, lambda: None, glance)
    waking.start()
    assert third.wait(20)
    waking.stop()
