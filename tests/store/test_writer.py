"""What writes the ledger of a dispatch: group commit, and a failure that stays with its own job."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from sqlalchemy import Connection, Engine, event, text
from sqlalchemy.exc import DBAPIError

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

    async def play() -> list[ledger.Intent]:
        with LedgerWriter(engine, FixedClock(NOW), worker) as writer:
            intents = await asyncio.gather(*(writer.exchange([], [each], transport="smtp") for each in ids))
            first, _ = intents[0].attempts[ids[0]]
            await writer.exchange([Record(ids[0], first, AttemptState.ACCEPTED)], [])
            return intents

    made: list[Connection] = []
    event.listen(engine, "commit", made.append)
    intents = asyncio.run(play())
    assert [list(intent.attempts) for intent in intents] == [[each] for each in ids]
    assert len(made) == 2  # one for all that asked at once, one for the outcome
    assert counts(engine, run) == {DeliveryState.ACCEPTED: 1, DeliveryState.SENDING: 5}


def test_a_job_that_fails_takes_no_other_with_it(started: Any) -> None:
    engine, run, worker, ids = started

    def broken(connection: Connection) -> None:
        connection.execute(text("INSERT INTO no_such_table VALUES (1)"))

    async def play() -> list[Any]:
        with LedgerWriter(engine, FixedClock(NOW), worker) as writer:
            asked = writer.exchange([], ids[:1], transport="smtp"), writer.call(broken)
            found = await asyncio.gather(*asked, return_exceptions=True)
            await writer.call(lambda connection: None)  # and the next are served
            return found

    good, bad = asyncio.run(play())
    assert list(good.attempts) == ids[:1]
    assert isinstance(bad, DBAPIError)
    assert "no_such_table" in str(bad)
    assert counts(engine, run) == {DeliveryState.SENDING: 1, DeliveryState.PENDING: 5}


def test_what_was_asked_for_is_written_though_everything_is_cancelled(started: Any) -> None:
    """As Ctrl-C cancels all tasks; nothing is left waiting either."""
    engine, run, worker, ids = started

    async def play() -> None:
        with LedgerWriter(engine, FixedClock(NOW), worker) as writer:
            for each in ids:
                asyncio.create_task(writer.exchange([], [each], transport="smtp"))  # noqa: RUF006
            await asyncio.sleep(0)
            others = asyncio.all_tasks() - {asyncio.current_task()}
            for each in others:
                each.cancel()
            await asyncio.gather(*others, return_exceptions=True)
            await asyncio.wait_for(writer.call(lambda connection: None), 5)

    asyncio.run(play())
    assert counts(engine, run) == {DeliveryState.SENDING: 6}


def test_ctrl_c_in_the_middle_of_a_commit_leaves_nobody_waiting(started: Any) -> None:
    engine, run, worker, ids = started

    def interrupted(connection: Connection) -> None:
        raise KeyboardInterrupt

    async def play() -> None:
        with LedgerWriter(engine, FixedClock(NOW), worker) as writer:
            try:
                await asyncio.gather(writer.exchange([], ids[:1], transport="smtp"), writer.call(interrupted))
            finally:
                await asyncio.wait_for(writer.exchange([], ids[1:2], transport="smtp"), 5)

    with pytest.raises(KeyboardInterrupt):
        asyncio.run(play())
    assert counts(engine, run) == {DeliveryState.SENDING: 1, DeliveryState.PENDING: 5}
