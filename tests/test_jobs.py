"""Jobs in this process: in turn, once while they wait, and never the end of the next one."""

from __future__ import annotations

import logging
import threading

import pytest

from newsletter.errors import UsageError
from newsletter.jobs import ThreadJobs


def test_jobs_of_a_kind_go_in_turn_and_what_waits_is_not_queued_again() -> None:
    begun, go_on, done = threading.Event(), threading.Event(), list[str]()

    def work(key: str) -> None:
        begun.set()
        go_on.wait(10)
        done.append(key)

    jobs = ThreadJobs({"send": work})
    jobs.defer("send", "1")
    assert begun.wait(10)
    for key in ("2", "2", "1", "2"):  # 1 is being done: what is new since then may be seen by another go
        jobs.defer("send", key)
    go_on.set()
    assert jobs.join(10)
    assert done == ["1", "2", "1"]
    jobs.close()


def test_a_long_send_holds_up_no_launch() -> None:
    launched, go_on = threading.Event(), threading.Event()
    jobs = ThreadJobs({"send": lambda _: go_on.wait(10), "launch": lambda _: launched.set()})
    jobs.defer("send", "1")
    jobs.defer("launch", "1")
    assert launched.wait(10)
    assert not jobs.join(0)
    go_on.set()
    assert jobs.join(10)
    jobs.close()


def test_a_job_that_fails_is_logged_and_the_next_one_goes_on(caplog: pytest.LogCaptureFixture) -> None:
    done: list[str] = []

    def work(key: str) -> None:
        if key == "clear":
            raise UsageError("The feed is gone.")
        if key == "broken":
            raise ZeroDivisionError
        done.append(key)

    jobs = ThreadJobs({"gather": work})
    with caplog.at_level(logging.INFO):
        for key in ("clear", "broken", "good"):
            jobs.defer("gather", key)
        assert jobs.join(10)
    assert done == ["good"]
    assert "gather clear: The feed is gone." in caplog.text
    assert "gather broken failed" in caplog.text
    jobs.close()


def test_jobs_defer_jobs_and_join_waits_for_them() -> None:
    done: list[str] = []
    jobs: ThreadJobs
    jobs = ThreadJobs({"launch": lambda key: jobs.defer("send", key), "send": done.append})
    jobs.defer("launch", "7")
    assert jobs.join(10)
    assert done == ["7"]
    jobs.close()


def test_at_the_end_what_has_begun_is_finished_and_the_rest_dropped() -> None:
    begun, go_on, done = threading.Event(), threading.Event(), list[str]()

    def work(key: str) -> None:
        begun.set()
        go_on.wait(10)
        done.append(key)

    jobs = ThreadJobs({"send": work})
    jobs.defer("send", "1")
    jobs.defer("send", "2")
    assert begun.wait(10)
    threading.Timer(0.05, go_on.set).start()
    jobs.close()
    jobs.defer("send", "3")  # too late, and no error
    assert done == ["1"]
