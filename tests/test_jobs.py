"""Jobs, within a process or shared over PostgreSQL: in turn, once while they wait, and no failure ends the next one."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from sqlalchemy import Engine, text

from newsletter.errors import UsageError
from newsletter.jobs import Handler, Jobs, ThreadJobs, open_jobs
from newsletter.jobs.handing import done
from newsletter.jobs.shared import SCHEMA
from newsletter.store.engine import open_engine, reading, writing
from tests.servers import PostgresServer

Open = Callable[[dict[str, Handler]], Jobs]
WAIT = 20.0  # seconds; passed only where something hangs


@pytest.fixture
def open_(engine: Engine) -> Open:
    """The queue that belongs to the database: threads on SQLite, Procrastinate on PostgreSQL."""

    def begun(handlers: dict[str, Handler]) -> Jobs:
        jobs = open_jobs(engine, handlers)
        jobs.start()
        return jobs

    return begun


@pytest.fixture
def shared(postgres: PostgresServer) -> Iterator[Engine]:
    made = open_engine(postgres.new_database())
    yield made
    made.dispose()


class Work:
    """Notes what was done; stands still at what it was told to."""

    def __init__(self, expected: int = 1, halts: str = "") -> None:
        self.begun, self.go_on, self.finished, self.done = threading.Event(), threading.Event(), threading.Event(), []
        self._expected, self._halts = expected, halts

    done: list[str]

    def __call__(self, key: str) -> None:
        self.begun.set()
        if key == self._halts:
            assert self.go_on.wait(WAIT)
        self.done.append(key)
        if len(self.done) == self._expected:
            self.finished.set()


def test_jobs_of_a_kind_go_in_turn_and_what_waits_is_not_queued_again(open_: Open) -> None:
    work = Work(expected=3, halts="1")
    with closing(open_({"send": work})) as jobs:
        jobs.defer("send", "1")
        assert work.begun.wait(WAIT)
        for key in ("2", "2", "1", "2"):  # 1 is being done: what is new since then may be seen by another go
            jobs.defer("send", key)
        work.go_on.set()
        assert work.finished.wait(WAIT)
    assert work.done == ["1", "2", "1"]


def test_a_long_send_holds_up_no_launch_and_jobs_defer_jobs(open_: Open) -> None:
    send, launch = Work(expected=2, halts="1"), threading.Event()

    def launched(key: str) -> None:
        jobs.defer("send", key)
        launch.set()

    with closing(open_({"send": send, "launch": launched})) as jobs:
        jobs.defer("send", "1")
        assert send.begun.wait(WAIT)
        jobs.defer("launch", "2")
        assert launch.wait(WAIT)
        send.go_on.set()
        assert send.finished.wait(WAIT)
    assert send.done == ["1", "2"]


def test_a_job_that_fails_is_logged_and_the_next_one_goes_on(open_: Open, caplog: pytest.LogCaptureFixture) -> None:
    good = Work()

    def work(key: str) -> None:
        if key == "clear":
            raise UsageError("The feed is gone.")
        if key == "broken":
            raise ZeroDivisionError
        good(key)

    with caplog.at_level(logging.INFO), closing(open_({"gather": work})) as jobs:
        for key in ("clear", "broken", "good"):
            jobs.defer("gather", key)
        assert good.finished.wait(WAIT)
    assert "gather clear: The feed is gone." in caplog.text
    assert "gather broken failed" in caplog.text


def test_at_the_end_what_has_begun_is_finished_and_nothing_else_is_begun(open_: Open) -> None:
    work = Work(halts="1")
    jobs = open_({"send": work})
    jobs.defer("send", "1")
    jobs.defer("send", "2")
    assert work.begun.wait(WAIT)
    threading.Timer(0.05, work.go_on.set).start()
    jobs.close()
    jobs.defer("send", "3")  # too late, and no error
    assert work.done == ["1"]


def test_threads_can_be_waited_for() -> None:
    work = Work(halts="7")
    jobs: ThreadJobs
    jobs = ThreadJobs({"launch": lambda key: jobs.defer("send", key), "send": work})
    jobs.defer("launch", "7")
    assert not jobs.join(0)
    work.go_on.set()
    assert jobs.join(WAIT)
    assert work.done == ["7"]
    jobs.close()


@pytest.mark.postgresql
def test_what_one_program_defers_another_does_and_a_second_one_joins_a_long_job(shared: Engine) -> None:
    first, second = Work(halts="1"), Work()
    with closing(open_jobs(shared, {"send": first})) as one, closing(open_jobs(shared, {"send": second})) as other:
        one.start()
        one.defer("send", "1")
        assert first.begun.wait(WAIT)
        one.defer("send", "1")  # the next tick
        other.start()
        assert second.finished.wait(WAIT)
        first.go_on.set()
    assert (first.done, second.done) == (["1"], ["1"])
    assert queued(shared) == 0


@pytest.mark.postgresql
def test_the_job_of_a_killed_program_hinders_nobody_and_is_forgotten(shared: Engine) -> None:
    with closing(open_jobs(shared, {"send": Work()})) as jobs:  # makes the tables
        jobs.start()
    left = (
        f"INSERT INTO {SCHEMA}.procrastinate_jobs (queue_name, task_name, queueing_lock, status, worker_id) "
        "VALUES ('send', 'send', 'send:1', 'doing', :worker)"
    )
    with writing(shared) as connection:
        connection.execute(text(f"SET LOCAL search_path = {SCHEMA}"))  # the triggers of its tables need it
        ago = text("INSERT INTO procrastinate_workers (last_heartbeat) VALUES (now() - interval '5 min') RETURNING id")
        connection.execute(text(left), {"worker": connection.execute(ago).scalar_one()})
    work = Work()
    with closing(open_jobs(shared, {"send": work})) as jobs:
        jobs.start()
        jobs.defer("send", "1")
        assert work.finished.wait(WAIT)
    assert queued(shared) == 0


def queued(engine: Engine) -> int:
    with reading(engine) as connection:
        return int(connection.execute(text(f"SELECT count(*) FROM {SCHEMA}.procrastinate_jobs")).scalar_one())


@contextmanager
def closing(jobs: Jobs) -> Iterator[Jobs]:
    try:
        yield jobs
    finally:
        jobs.close()


def test_a_job_that_took_its_time_is_told_with_how_long(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    ticks = iter([10.0, 12.5, 20.0, 20.1])
    monkeypatch.setattr("newsletter.jobs.handing.time.monotonic", lambda: next(ticks))
    with caplog.at_level(logging.INFO, logger="newsletter"):
        done("send", "7", lambda key: None)
        done("launch", "8", lambda key: None)
    (record,) = caplog.records
    assert record.getMessage() == "send 7 done in 2.5 s"
    assert (record.__dict__["job"], record.__dict__["key"], record.__dict__["seconds"]) == ("send", "7", 2.5)
