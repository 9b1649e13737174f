"""The ledger fails in mid-send: the send stops with one sentence, loses nothing, and goes on."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Sequence

import pytest
from sqlalchemy import Engine, event

from newsletter.clock import FixedClock
from newsletter.dispatch import retry
from newsletter.dispatch.engine import dispatch
from newsletter.dispatch.failing import LedgerGone
from newsletter.dispatch.post import Ended
from newsletter.dispatch.settling import forget_the_dead
from newsletter.dispatch.transports.base import Outgoing
from newsletter.model.delivery import AttemptState
from newsletter.model.delivery import DeliveryState as S
from newsletter.store import ledger, runs, workers
from newsletter.store.engine import open_engine, reading, writing
from tests.dispatch.scripted import Scripted, outcome
from tests.dispatch.world import NOW, counts, launched, make_world, post

CONTACTS = 400
CONNECTIONS = 3


@pytest.mark.parametrize("pages", [0, 2, 4])
def test_a_full_disk_stops_a_send_with_a_sentence_and_it_goes_on_once_there_is_room(
    sqlite_engine: Engine, pages: int
) -> None:
    world = make_world(sqlite_engine, contacts=CONTACTS)
    run = launched(world)
    transport = Scripted(connections=CONNECTIONS)
    full = open_engine(str(sqlite_engine.url))

    def no_room(connection: sqlite3.Connection, _: object) -> None:
        (there,) = connection.execute("PRAGMA page_count").fetchone()
        connection.execute(f"PRAGMA max_page_count = {there + pages}")

    event.listen(full, "connect", no_room)
    with pytest.raises(LedgerGone, match="its disk is full, make room there"):
        asyncio.run(dispatch(post(world, transport, db=full), run))
    full.dispose()
    assert asyncio.run(dispatch(post(world, transport), run)).ended is Ended.DONE
    after = counts(sqlite_engine, run)
    assert len(set(transport.sent)) == len(transport.sent), "nobody got two"
    assert set(after) <= {S.ACCEPTED, S.UNCONFIRMED}
    assert after.get(S.UNCONFIRMED, 0) <= CONNECTIONS


def test_a_mistake_of_ours_is_no_full_disk(sqlite_engine: Engine) -> None:
    world = make_world(sqlite_engine, contacts=3)
    run = launched(world)

    async def wrong(_: Sequence[Outgoing]) -> None:
        with writing(sqlite_engine) as connection:
            connection.exec_driver_sql("DROP TABLE attempt")

    with pytest.raises(BaseExceptionGroup) as raised:
        asyncio.run(dispatch(post(world, Scripted(before=wrong)), run))
    assert "no such table" in str(raised.value.exceptions)


def test_on_sqlite_a_new_program_takes_over_at_once(sqlite_engine: Engine) -> None:
    """Without waiting until the heartbeat of the one that was killed is stale."""
    clock = FixedClock(NOW)
    world = make_world(sqlite_engine, clock, contacts=3)
    run = launched(world)
    with writing(sqlite_engine) as connection:
        killed = workers.register(connection, "dead:1", now=NOW)
        ledger.claim(connection, run, killed, size=3, now=NOW)
    with reading(sqlite_engine) as connection:
        assert runs.workable(connection, now=NOW) == []
    forget_the_dead(sqlite_engine, clock)
    with reading(sqlite_engine) as connection:
        assert runs.workable(connection, now=NOW) == [run]


def test_what_a_worker_that_was_taken_for_dead_held_back_is_sent_though_others_had_finished_the_run(
    sqlite_engine: Engine,
) -> None:
    clock = FixedClock(NOW)
    world = make_world(sqlite_engine, clock, contacts=1)
    run = launched(world)

    async def sleep(_: Sequence[Outgoing]) -> None:
        """For two minutes, in which others find nothing more to do."""
        clock.advance(2 * ledger.STALE_AFTER)
        with writing(sqlite_engine) as connection:
            other = workers.register(connection, "other:1", now=clock.now())
            assert ledger.sweep(connection, other, run, now=clock.now(), alone=False) == 1
            assert ledger.finish(connection, run, now=clock.now())

    held_back = Scripted(before=sleep, answer=outcome(AttemptState.UNSENT))
    assert asyncio.run(dispatch(post(world, held_back), run)).ended is Ended.WAITING
    assert counts(sqlite_engine, run) == {S.PENDING: 1}
    clock.advance(retry.HELD_BACK)
    assert asyncio.run(dispatch(post(world, Scripted()), run)).ended is Ended.DONE
    assert counts(sqlite_engine, run) == {S.ACCEPTED: 1}
