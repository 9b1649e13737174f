"""The engine: a run from launch to done, stopped, paused, put off, refused, and taken up after a crash."""

from __future__ import annotations

import asyncio
import threading
from collections import Counter
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, case, insert, literal, select

from newsletter.clock import FixedClock
from newsletter.dispatch import retry
from newsletter.dispatch.breaker import Breaker
from newsletter.dispatch.engine import dispatch
from newsletter.dispatch.lock import AlreadyDispatching, dispatch_lock
from newsletter.dispatch.post import Ended, Progress, Report
from newsletter.dispatch.settling import probe
from newsletter.dispatch.threads import in_thread
from newsletter.dispatch.transports.base import (
    ChannelState,
    Doubtful,
    Outcome,
    Outgoing,
    Transport,
    TransportRefused,
    TransportUnavailable,
)
from newsletter.dispatch.transports.outbox import Outbox
from newsletter.model.delivery import AttemptState, DeliveryState, RunState
from newsletter.store import ledger, workers
from newsletter.store.engine import reading, writing
from newsletter.store.ledger import By
from newsletter.store.tables import attempt, contact, suppression, worker
from tests.dispatch.scripted import Scripted, accept, outcome
from tests.dispatch.world import (
    NOW,
    World,
    counts,
    deliveries,
    end_subscription,
    launched,
    make_world,
    plan,
    post,
    states,
    sums,
)

S, A = DeliveryState, AttemptState
PATIENT = Breaker(share=2)  # never opens


def send(world: World, transport: Transport, run: int, stop: asyncio.Event | None = None, **changes: Any) -> Report:
    return asyncio.run(dispatch(post(world, transport, **changes), run, stop=stop))


def run_state(engine: Engine, run: int) -> tuple[RunState, str | None]:
    with reading(engine) as connection:
        return ledger.state_of(connection, run)


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock(NOW)


@pytest.fixture
def world(sqlite_engine: Engine, clock: FixedClock) -> World:
    """The ledger's own tests run on both databases; here a few do."""
    return make_world(sqlite_engine, clock, contacts=25)


@pytest.fixture
def any_world(engine: Engine, clock: FixedClock) -> World:
    return make_world(engine, clock, contacts=25)


def test_a_run_is_sent_to_the_outbox(engine: Engine, tmp_path: Path) -> None:
    world = make_world(engine, contacts=250)
    run = launched(world)
    report = send(world, Outbox("outbox", tmp_path / "out"), run)
    assert report.ended is Ended.DONE
    assert counts(engine, run) == {S.ACCEPTED: 250}
    files = {file.name: file.read_bytes() for file in (tmp_path / "out" / "new").iterdir()}
    for row in deliveries(engine, run):
        assert b"X-Delivery: %d\r\n" % row.id in files[f"run-{run}-delivery-{row.id:07}.eml"]
    assert report.sums.line.startswith("audience 250 = pending 0 + sending 0 + accepted 250")
    assert run_state(engine, run)[0] is RunState.DONE


def test_again_it_does_nothing_twice(world: World) -> None:
    run = launched(world)
    send(world, Scripted(), run)
    again = Scripted()
    assert send(world, again, run).ended is Ended.DONE
    assert again.opened == 0


def test_every_connection_works_and_nobody_gets_two(any_world: World) -> None:
    world = any_world
    run = launched(world)
    transport = Scripted(connections=4)
    send(world, transport, run)
    assert max(Counter(transport.sent).values()) == 1
    assert (len(transport.sent), transport.opened, transport.closed) == (25, 4, 4)


def test_the_intent_stands_before_the_message_leaves(world: World) -> None:
    seen: list[tuple[str, str]] = []

    async def look(batch: Sequence[Outgoing]) -> None:
        with reading(world.engine) as connection:
            rows = connection.execute(select(attempt).where(attempt.c.id.in_([each.attempt for each in batch])))
            seen.extend((row.state, row.transport) for row in rows)

    run = launched(world)
    send(world, Scripted(before=look), run)
    assert seen == [("intent", "scripted")] * 25


def test_at_most_one_batch_a_connection_is_under_way(world: World) -> None:
    run = launched(world)
    open_now: list[int] = []

    async def look(batch: Sequence[Outgoing]) -> None:
        open_now.append(sums(world.engine, run)[S.SENDING])

    send(world, Scripted(before=look, connections=3, batch=2), run)
    assert max(open_now) <= 3 * 2


def test_a_batch_is_of_one_variant(world: World) -> None:
    audience = select(
        contact.c.id.label("contact_id"),
        case((contact.c.id % 2 == 0, "fr"), else_="en").label("language"),
        literal(None).label("skip"),
    )
    fields = [contact.c.first_name, contact.c.code]
    run = launched(world, plan(audience=audience, values={"fr": fields, "en": fields}))
    transport = Scripted(batch=10)
    send(world, transport, run)
    by_delivery = {row.id: row.language for row in deliveries(world.engine, run)}
    assert [len(batch) for batch in transport.batches] == [10, 10, 3, 2]
    assert all(len({by_delivery[each.delivery] for each in batch}) == 1 for batch in transport.batches)


def test_who_unsubscribes_meanwhile_gets_nothing(world: World) -> None:
    run = launched(world)

    async def unsubscribe(batch: Sequence[Outgoing]) -> None:
        end_subscription(world.engine, 25)
        with writing(world.engine) as connection:
            row = {"address_key": "key-24", "scope": "address", "reason": "complained", "at": NOW}
            if not connection.execute(select(suppression)).first():
                connection.execute(insert(suppression).values(row))

    send(world, Scripted(before=unsubscribe), run)
    assert counts(world.engine, run) == {S.ACCEPTED: 23, S.SKIPPED: 2}


# --- put off, refused, in doubt


def test_what_is_put_off_is_tried_again_in_time(world: World, clock: FixedClock) -> None:
    run = launched(world)
    report = send(world, Scripted(answer=outcome(A.DEFERRED)), run)
    assert report.ended is Ended.WAITING
    assert report.next_at is not None
    assert NOW + retry.PAUSES[0] <= report.next_at
    assert counts(world.engine, run) == {S.PENDING: 25}
    early = Scripted()
    assert send(world, early, run).ended is Ended.WAITING
    assert early.sent == []
    clock.advance(retry.PAUSES[0] * (1 + retry.SPREAD))
    assert send(world, Scripted(), run).ended is Ended.DONE
    assert {row.attempts for row in deliveries(world.engine, run)} == {2}


def test_one_per_cent_of_temporary_errors_lose_nobody(world: World, clock: FixedClock) -> None:
    run = launched(world)
    tried: Counter[int] = Counter()

    def sometimes(message: Outgoing) -> Outcome:
        tried[message.delivery] += 1
        put_off = message.delivery % 5 == 0 and tried[message.delivery] == 1
        return outcome(A.DEFERRED)(message) if put_off else accept(message)

    while send(world, Scripted(answer=sometimes), run).ended is Ended.WAITING:
        clock.advance(timedelta(minutes=1))
    assert counts(world.engine, run) == {S.ACCEPTED: 25}


def test_refused_is_final_and_said(world: World) -> None:
    run = launched(world)
    assert send(world, Scripted(answer=outcome(A.REJECTED)), run, breaker=PATIENT).ended is Ended.DONE
    assert {row.reason for row in deliveries(world.engine, run)} == {"the reply"}
    assert counts(world.engine, run) == {S.REJECTED: 25}


def test_what_is_in_doubt_is_listed_and_not_sent_again(world: World, clock: FixedClock) -> None:
    run = launched(world)
    transport = Scripted(answer=outcome(A.UNCONFIRMED, ChannelState.BROKEN))
    assert send(world, transport, run, breaker=PATIENT).ended is Ended.DONE
    assert transport.opened == transport.closed == 25
    clock.advance(timedelta(days=30))
    again = Scripted()
    send(world, again, run)
    assert again.sent == []
    assert counts(world.engine, run) == {S.UNCONFIRMED: 25}


def test_a_transport_that_raises_or_says_nothing_leaves_doubt(world: World) -> None:
    run = launched(world)

    async def raising(batch: Sequence[Outgoing]) -> None:
        raise RuntimeError("a mistake of ours with person@mail.example in it")

    send(world, Scripted(before=raising), run, breaker=PATIENT)
    assert {row.reason for row in deliveries(world.engine, run)} == {"the transport failed: RuntimeError"}
    other = launched(world, rehearsal=True)
    send(world, Scripted(answer=lambda message: Outcome(-1, A.ACCEPTED)), other, breaker=PATIENT)
    assert counts(world.engine, other) == {S.UNCONFIRMED: 25}


def test_a_log_in_that_is_refused_pauses_the_run_and_says_why(world: World) -> None:
    run = launched(world)
    refused = Scripted(answer=outcome(A.DEFERRED, ChannelState.REFUSED))
    report = send(world, refused, run)
    assert (report.ended, report.reason) == (Ended.PAUSED, "the reply")
    assert len(refused.sent) == 1
    assert run_state(world.engine, run) == (RunState.PAUSED, "the reply")


def test_a_transport_that_cannot_be_opened_leaves_no_attempts(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("newsletter.dispatch.retry.reopen_pause", lambda failures: 0.0)
    run = launched(world)

    def away() -> None:
        raise TransportUnavailable("nobody answers")

    report = send(world, Scripted(opening=away), run)
    assert (report.ended, report.reason) == (Ended.UNAVAILABLE, "nobody answers")
    assert {row.attempts for row in deliveries(world.engine, run)} == {0}
    assert send(world, Scripted(), run).ended is Ended.DONE


def test_a_transport_that_refuses_us_pauses_before_anything_is_tried(world: World) -> None:
    run = launched(world)

    def refused() -> None:
        raise TransportRefused("wrong password")

    report = send(world, Scripted(opening=refused), run)
    assert (report.ended, report.reason) == (Ended.PAUSED, "wrong password")
    assert {row.attempts for row in deliveries(world.engine, run)} == {0}


@pytest.mark.parametrize("seconds", [31, -31], ids=["it waited", "the clock was put back"])
def test_an_old_intent_is_not_written(world: World, clock: FixedClock, seconds: int) -> None:
    run = launched(world)
    fresh: list[bool] = []

    async def slowly(batch: Sequence[Outgoing]) -> None:
        fresh.append(batch[0].fresh())
        clock.advance(timedelta(seconds=seconds))
        fresh.append(batch[0].fresh())

    send(world, Scripted(before=slowly), run)
    assert set(zip(fresh[::2], fresh[1::2], strict=True)) == {(True, False)}


# --- people


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


# --- crashes


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
