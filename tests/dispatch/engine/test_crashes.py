"""After a crash it goes on by itself, and what is open is settled; one process at a time on SQLite."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import timedelta

import pytest
from sqlalchemy import Engine, select

from newsletter.clock import FixedClock
from newsletter.dispatch import retry
from newsletter.dispatch.lock import AlreadyDispatching, dispatch_lock
from newsletter.dispatch.post import Ended
from newsletter.dispatch.settling import probe
from newsletter.dispatch.transports.base import Doubtful, Outcome
from newsletter.model.delivery import AttemptState
from newsletter.store import ledger, workers
from newsletter.store.engine import reading, writing
from newsletter.store.tables import worker
from tests.dispatch.engine.sending import A, S, send
from tests.dispatch.scripted import Scripted
from tests.dispatch.world import NOW, World, counts, deliveries, launched, make_world, states


def crash(world: World, run: int, contacts: int) -> dict[int, int]:
    """A worker that had so many under way when it was killed; its attempts by delivery."""
    with writing(world.engine) as connection:
        dead = workers.register(connection, "dead:1", now=NOW)
        rows = ledger.claim(connection, run, dead, size=20, now=NOW)
        ids = [row.id for row in rows[:contacts]]
        intent = ledger.intend(connection, ids, dead, transport="scripted", now=NOW)
    return {delivery: number for delivery, (number, _) in intent.attempts.items()}


def test_after_a_crash_it_goes_on_by_itself(any_world: World, clock: FixedClock) -> None:
    world = any_world
    run = launched(world)
    lost = crash(world, run, 3)
    clock.advance(ledger.STALE_AFTER + timedelta(seconds=1))  # on PostgreSQL the heartbeat must be stale
    transport = Scripted()
    assert send(world, transport, run).ended is Ended.DONE
    assert counts(world.engine, run) == {S.ACCEPTED: 22, S.UNCONFIRMED: 3}
    assert not set(lost) & set(transport.sent)


class Remembering(Scripted):
    """A transport that can look up what it had taken."""

    def __init__(self, known: dict[int, AttemptState]) -> None:
        super().__init__()
        self.known = known

    async def probe(self, attempts: Sequence[Doubtful], /) -> dict[int, Outcome]:
        return {
            each.attempt: Outcome(each.attempt, self.known[each.delivery])
            for each in attempts
            if each.delivery in self.known
        }


def test_a_probe_settles_what_a_crash_left_open(any_world: World, clock: FixedClock) -> None:
    world = any_world
    run = launched(world)
    arrived, held, unknown = crash(world, run, 3)
    clock.advance(ledger.STALE_AFTER + timedelta(seconds=1))
    transport = Remembering({arrived: A.ACCEPTED, held: A.UNSENT})
    send(world, transport, run)
    after = {row.id: row.state for row in deliveries(world.engine, run)}
    assert (after[arrived], after[held], after[unknown]) == ("accepted", "accepted", "unconfirmed")
    assert arrived not in transport.sent
    assert held in transport.sent
    transport.known[unknown] = A.REJECTED
    assert asyncio.run(probe(world.engine, run, transport, clock=clock)) == 1
    assert counts(world.engine, run) == {S.ACCEPTED: 24, S.REJECTED: 1}


def test_a_worker_that_ends_says_so(world: World) -> None:
    send(world, Scripted(), launched(world))
    with reading(world.engine) as connection:
        assert connection.execute(select(worker.c.stopped_at)).scalar_one() == NOW


def test_one_process_dispatches_on_sqlite(sqlite_engine: Engine) -> None:
    world = make_world(sqlite_engine, contacts=1)
    run = launched(world)
    with (
        dispatch_lock(sqlite_engine),
        pytest.raises(AlreadyDispatching, match="Another program is sending from this database already"),
    ):
        send(world, Scripted(), run)
    assert send(world, Scripted(), run).ended is Ended.DONE
    assert states(sqlite_engine, run) == {1: "accepted"}


def test_the_pauses_grow_and_heed_what_was_asked() -> None:
    tries = [retry.next_try(NOW, attempts=number, delivery=7) - NOW for number in (1, 2, 3, 4, 5, 6, 20)]
    assert tries == sorted(tries)
    assert tries[-1] <= retry.PAUSES[-1] * (1 + retry.SPREAD)
    asked = timedelta(hours=5)
    assert retry.next_try(NOW, attempts=1, delivery=7, asked=asked) == NOW + asked
    spread = {retry.next_try(NOW, attempts=1, delivery=number) for number in range(50)}
    assert len(spread) > 25
