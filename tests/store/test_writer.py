"""The one thread that writes the ledger: group commit, and a failure that stays with its own job."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from sqlalchemy import Connection, Engine, text

from newsletter.clock import FixedClock
from newsletter.model.delivery import AttemptState, DeliveryState
from newsletter.store import ledger, workers
from newsletter.store.engine import writing
from newsletter.store.ledger import Record
from newsletter.store.writer import LedgerWriter
from tests.dispatch.world import NOW, counts, launched, make_world


@pytest.fixture
def started(engine: Engine) -> tuple[Engine, int, int, list[int]]:
    run = launched(make_world(engine, FixedClock(NOW), contacts=6))
    with writing(engine) as connection:
        worker = workers.register(connection, "here:1", now=NOW)
        rows = ledger.claim(connection, run, worker, size=10, now=NOW)
    return engine, run, worker, [row.id for row in rows]


def test_each_connection_gets_its_own_answer(started: Any) -> None:
    engine, run, worker, ids = started
    with LedgerWriter(engine, FixedClock(NOW), worker) as writer:
        gate = threading.Event()
        writer.call(lambda connection: gate.wait(5))  # the next ones wait, and so share a commit
        asked = [writer.exchange([], [each], transport="smtp") for each in ids]
        gate.set()
        intents = [each.result(5) for each in asked]
        assert [list(intent.attempts) for intent in intents] == [[each] for each in ids]
        first, _ = intents[0].attempts[ids[0]]
        writer.exchange([Record(ids[0], first, AttemptState.ACCEPTED)], []).result(5)
    assert counts(engine, run) == {DeliveryState.ACCEPTED: 1, DeliveryState.SENDING: 5}


def test_a_job_that_fails_takes_no_other_with_it(started: Any) -> None:
    engine, run, worker, ids = started

    def broken(connection: Connection) -> None:
        connection.execute(text("INSERT INTO no_such_table VALUES (1)"))

    with LedgerWriter(engine, FixedClock(NOW), worker) as writer:
        gate = threading.Event()
        writer.call(lambda connection: gate.wait(5))
        good, bad = writer.exchange([], ids[:1], transport="smtp"), writer.call(broken)
        gate.set()
        assert list(good.result(5).attempts) == ids[:1]
        with pytest.raises(Exception, match="no_such_table"):
            bad.result(5)
    assert counts(engine, run) == {DeliveryState.SENDING: 1, DeliveryState.PENDING: 5}


def test_what_was_asked_for_is_written_before_it_ends(started: Any) -> None:
    engine, run, worker, ids = started
    with LedgerWriter(engine, FixedClock(NOW), worker) as writer:
        for each in ids:
            writer.exchange([], [each], transport="smtp")
    assert counts(engine, run) == {DeliveryState.SENDING: 6}
