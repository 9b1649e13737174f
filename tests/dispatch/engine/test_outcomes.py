"""What a transport answers: put off, refused, in doubt, and a transport that fails itself."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import timedelta

import pytest

from newsletter.clock import FixedClock
from newsletter.dispatch import retry
from newsletter.dispatch.post import Ended
from newsletter.dispatch.transports.base import ChannelState, Outcome, Outgoing, TransportRefused, TransportUnavailable
from newsletter.model.delivery import RunState
from tests.dispatch.engine.sending import PATIENT, A, S, run_state, send
from tests.dispatch.scripted import Scripted, accept, outcome
from tests.dispatch.world import NOW, World, counts, deliveries, launched


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
