"""What people and programs do to a run under way: pause, cancel, stop, the end of a turn."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from newsletter.dispatch.engine import dispatch
from newsletter.dispatch.post import Ended, Progress
from newsletter.dispatch.threads import in_thread
from newsletter.dispatch.transports.base import Outgoing
from newsletter.store import ledger
from newsletter.store.engine import writing
from newsletter.store.ledger import By
from tests.dispatch.engine.sending import S, send
from tests.dispatch.scripted import Scripted
from tests.dispatch.world import NOW, World, counts, deliveries, launched, post


def by(world: World, reason: str | None = None) -> By:
    return By(world.person, NOW, reason)


def test_a_pause_stops_at_the_next_message(world: World) -> None:
    run = launched(world)

    async def pause_at_ten(batch: Sequence[Outgoing]) -> None:
        if len(transport.sent) == 10:
            with writing(world.engine) as connection:
                ledger.pause(connection, run, by(world, "a look first"))

    transport = Scripted(before=pause_at_ten)
    report = send(world, transport, run)
    assert (report.ended, report.reason) == (Ended.PAUSED, "a look first")
    assert counts(world.engine, run) == {S.ACCEPTED: 10, S.PENDING: 15}
    with writing(world.engine) as connection:
        ledger.resume(connection, run, by(world))
    assert send(world, Scripted(), run).ended is Ended.DONE
    assert counts(world.engine, run) == {S.ACCEPTED: 25}


def test_a_cancelled_run_leaves_out_the_rest_and_keeps_what_left(world: World) -> None:
    run = launched(world)

    async def cancel_at_ten(batch: Sequence[Outgoing]) -> None:
        if len(transport.sent) == 10:
            with writing(world.engine) as connection:
                ledger.cancel(connection, run, by(world, "wrong date"))

    transport = Scripted(before=cancel_at_ten)
    assert send(world, transport, run).ended is Ended.CANCELLED
    assert counts(world.engine, run) == {S.ACCEPTED: 10, S.SKIPPED: 15}


def test_a_stop_does_not_wait_until_all_of_a_cancelled_run_is_left_out(world: World) -> None:
    run, stop = launched(world), asyncio.Event()

    async def cancelled_and_stopped(_: Sequence[Outgoing]) -> None:
        with writing(world.engine) as connection:
            ledger.cancel(connection, run, by(world, "wrong date"))
        stop.set()

    report = send(world, Scripted(before=cancelled_and_stopped), run, stop)
    assert report.ended is Ended.CANCELLED
    assert counts(world.engine, run) == {S.ACCEPTED: 1, S.PENDING: 24}  # for housekeeping


def test_stop_finishes_what_is_under_way_and_gives_back_the_rest(world: World) -> None:
    run = launched(world)
    stop = asyncio.Event()

    async def stop_at_ten(batch: Sequence[Outgoing]) -> None:
        if len(transport.sent) == 10:
            stop.set()

    transport = Scripted(before=stop_at_ten)
    assert send(world, transport, run, stop).ended is Ended.STOPPED
    assert counts(world.engine, run) == {S.ACCEPTED: 10, S.PENDING: 15}
    assert {row.claim_id for row in deliveries(world.engine, run)} == {None}
    assert send(world, Scripted(), run).ended is Ended.DONE


def test_what_is_not_finished_when_the_drain_ends_is_in_doubt_and_the_rest_waits(world: World) -> None:
    run = launched(world)
    stop = asyncio.Event()

    async def fall_silent(batch: Sequence[Outgoing]) -> None:
        if len(transport.sent) == 10:
            stop.set()
        if len(transport.sent) >= 9:
            await asyncio.Event().wait()

    transport = Scripted(before=fall_silent, connections=2)
    assert send(world, transport, run, stop, drain=timedelta(0)).ended is Ended.STOPPED
    assert counts(world.engine, run) == {S.ACCEPTED: 8, S.UNCONFIRMED: 2, S.PENDING: 15}
    assert {row.claim_id for row in deliveries(world.engine, run)} == {None}
    doubtful = [row.reason for row in deliveries(world.engine, run) if row.state == S.UNCONFIRMED]
    assert doubtful == ["this program was stopped before the answer came"] * 2
    assert transport.closed == transport.opened


def test_when_only_a_turn_ends_what_is_under_way_takes_its_time(world: World) -> None:
    run = launched(world)
    stop = asyncio.Event()

    async def slow(_: Sequence[Outgoing]) -> None:
        stop.set()
        for _turn in range(50):
            await asyncio.sleep(0)

    transport = Scripted(before=slow, connections=2)
    told = post(world, transport, drain=timedelta(0))
    report = asyncio.run(dispatch(told, run, stop=stop, ending=asyncio.Event()))
    assert report.ended is Ended.STOPPED
    assert set(counts(world.engine, run)) == {S.ACCEPTED, S.PENDING}


def test_blocking_work_does_not_hold_up_the_end_of_the_loop() -> None:
    answered = threading.Event()

    async def leave_early() -> None:
        begun = asyncio.Event()
        loop = asyncio.get_running_loop()
        work = asyncio.create_task(in_thread(lambda: (loop.call_soon_threadsafe(begun.set), answered.wait())))
        await begun.wait()
        work.cancel()

    asyncio.run(leave_early())
    assert not answered.is_set()
    answered.set()


def test_a_transport_that_is_still_being_opened_does_not_hold_up_the_end(world: World) -> None:
    run = launched(world)
    stop = asyncio.Event()

    class Silent(Scripted):
        async def open(self) -> Any:
            stop.set()
            await asyncio.Event().wait()

    assert send(world, Silent(), run, stop, drain=timedelta(0)).ended is Ended.STOPPED
    assert counts(world.engine, run) == {S.PENDING: 25}
    assert {row.claim_id for row in deliveries(world.engine, run)} == {None}


def test_progress_ends_at_the_sums_of_the_ledger(world: World) -> None:
    run = launched(world)
    told: list[Progress] = []
    report = send(world, Scripted(), run, on_progress=told.append)
    assert told[-1].sums.line == report.sums.line
    assert all(each.sums.balanced for each in told)
    assert told[-1].rate > 0
