"""Limits, resting domains and the breaker: what holds a send back, over restarts and several workers."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, select

from newsletter.clock import FixedClock
from newsletter.dispatch.breaker import Breaker
from newsletter.dispatch.engine import dispatch
from newsletter.dispatch.post import Ended, Report
from newsletter.dispatch.transports.base import Outcome, Outgoing
from newsletter.model.delivery import AttemptState, DeliveryState, RunState
from newsletter.pace import Limits, Rates
from newsletter.store import ledger, workers
from newsletter.store.engine import reading, writing
from newsletter.store.ledger import By, Of, Watch
from newsletter.store.tables import hold
from tests.dispatch.scripted import Scripted, accept
from tests.dispatch.world import NOW, World, counts, deliveries, launched, make_world, post

S, A = DeliveryState, AttemptState
MINUTE = timedelta(minutes=1)


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock(NOW)


@pytest.fixture
def world(engine: Engine, clock: FixedClock) -> World:
    return make_world(engine, clock, contacts=25, issues=2)


def send(world: World, run: int, transport: Scripted | None = None, **changes: Any) -> Report:
    return asyncio.run(dispatch(post(world, transport or Scripted(), **changes), run))


def test_a_limit_holds_over_restarts_and_says_until_when(world: World, clock: FixedClock) -> None:
    run, limits = launched(world, transport="scripted"), Limits(per_minute=10)
    accepted = []
    for seconds in (0, 20, 40, 20, 40):  # an end within 30 s is waited for, with the connections open
        clock.advance(timedelta(seconds=seconds))
        report = send(world, run, limits=limits)
        accepted.append(report.sums[S.ACCEPTED])
    assert accepted == [10, 10, 20, 20, 25]
    assert report.ended is Ended.DONE


def test_while_it_waits_it_says_until_when(world: World, clock: FixedClock) -> None:
    run = launched(world, transport="scripted")
    report = send(world, run, limits=Limits(per_minute=10, per_day=15))
    assert (report.ended, report.next_at) == (Ended.WAITING, NOW + MINUTE)
    clock.advance(MINUTE)
    report = send(world, run, limits=Limits(per_minute=10, per_day=15))
    assert (report.sums[S.ACCEPTED], report.next_at) == (15, NOW + timedelta(days=1))


def test_two_workers_share_one_limit(world: World) -> None:
    run, limits = launched(world, transport="scripted"), Limits(per_hour=12)
    with writing(world.engine) as connection:
        mine, theirs = (workers.register(connection, name, now=NOW) for name in ("a", "b"))
        claimed = [
            len(ledger.claim_within(connection, Of(run, worker, "scripted", limits), size=5, now=NOW).rows)
            for worker in (mine, theirs, mine, theirs)
        ]
    assert claimed == [5, 5, 2, 0]


def test_a_small_alert_is_not_kept_waiting_by_a_large_digest(world: World) -> None:
    digest = launched(world, transport="scripted")
    with reading(world.engine) as connection:
        other = connection.exec_driver_sql("SELECT id, issue_id FROM edition ORDER BY id DESC").first()
    assert other is not None
    alert = launched(world, transport="scripted", edition_id=other[0], issue_id=other[1])
    limits = Limits(per_minute=10)
    assert send(world, digest, limits=limits).sums[S.ACCEPTED] == 5 + 3 + 1 + 1  # alone it comes back for the rest
    with writing(world.engine) as connection:
        one = workers.register(connection, "a", now=NOW)
        connection.exec_driver_sql("DELETE FROM pace")
        first = ledger.claim_within(connection, Of(digest, one, "scripted", limits), size=200, now=NOW)
        second = ledger.claim_within(connection, Of(alert, one, "scripted", limits), size=200, now=NOW)
    assert (len(first.rows), len(second.rows)) == (5, 3)


def test_one_domains_limit_holds_up_no_other(world: World, clock: FixedClock) -> None:
    run = launched(world, transport="scripted")
    limits = Limits(domains={"m0.example": Rates(per_hour=1), "*": Rates(per_hour=3)})
    report = send(world, run, limits=limits)
    done = Counter(row.domain for row in deliveries(world.engine, run) if row.state == "accepted")
    assert done == {"m0.example": 1} | {f"m{number}.example": 3 for number in range(1, 7)}
    assert report.next_at == NOW + timedelta(hours=1)
    for _ in range(3):
        clock.advance(timedelta(hours=1))
        report = send(world, run, limits=limits)
    assert report.ended is Ended.DONE


def puts_off(domain: str) -> Callable[[Outgoing], Outcome]:
    def answer(message: Outgoing) -> Outcome:
        if message.address.endswith(domain):
            return Outcome(message.attempt, A.DEFERRED, "451 4.7.1 too many from you")
        return accept(message)

    return answer


def test_a_domain_that_puts_mail_off_is_given_a_rest_and_the_others_go_on(world: World, clock: FixedClock) -> None:
    run, busy = launched(world, transport="scripted"), Scripted(answer=puts_off("m1.example"))
    send(world, run, busy)
    mine = [row for row in deliveries(world.engine, run) if row.domain == "m1.example"]
    assert len(mine) == 4
    assert sum(row.attempts for row in mine) == 3  # the fourth was not tried any more
    assert counts(world.engine, run) == {S.ACCEPTED: 21, S.PENDING: 4}
    with reading(world.engine) as connection:
        rest = connection.execute(select(hold)).one()
    assert (rest.domain, rest.until, rest.reason) == ("m1.example", NOW + 5 * MINUTE, "451 4.7.1 too many from you")
    clock.advance(4 * MINUTE)
    assert send(world, run).sums[S.ACCEPTED] == 21
    clock.advance(20 * MINUTE)
    assert send(world, run).ended is Ended.DONE


def test_each_rest_in_a_row_is_longer(world: World) -> None:
    with writing(world.engine) as connection:
        now, rests = NOW, []
        for _ in range(4):
            until = ledger.put_off_domain(connection, "scripted", "m1.example", "451 later", now=now)
            again = ledger.put_off_domain(connection, "scripted", "m1.example", "451 later", now=now)
            assert again == until  # another worker met the same
            rests.append((until - now) // MINUTE)
            now = until
        ledger.domain_recovered(connection, "scripted", ["m1.example"])
        fresh = ledger.put_off_domain(connection, "scripted", "m1.example", "451 later", now=now)
    assert rests == [5, 15, 30, 60]
    assert (fresh - now) // MINUTE == 5


def refuse(message: Outgoing) -> Outcome:
    return Outcome(message.attempt, A.REJECTED, "550 5.7.1 blocked by policy")


def test_an_error_rate_stops_everything_and_says_why(world: World) -> None:
    run = launched(world, transport="scripted")
    report = send(world, run, Scripted(answer=refuse, connections=2), breaker=Breaker(least=8))
    assert report.ended is Ended.PAUSED
    assert report.reason is not None
    assert "of the last" in report.reason
    assert "550 5.7.1 blocked by policy" in report.reason
    assert 8 <= report.sums[S.REJECTED] <= 9  # what was under way on the other connection
    with reading(world.engine) as connection:
        assert ledger.state_of(connection, run)[0] is RunState.PAUSED
    with writing(world.engine) as connection:
        ledger.resume(connection, run, By(world.person, NOW))
    assert send(world, run).sums[S.PENDING] == 0


def test_some_refusals_stop_nothing() -> None:
    breaker = Breaker()
    outcomes = [(A.REJECTED if number % 5 == 0 else A.ACCEPTED, "550 no such user") for number in range(500)]
    assert breaker.note(outcomes) is None
    assert Breaker().note([(A.DEFERRED, "451 later")] * 200) is None
    assert Breaker().note([(A.REJECTED, "550 no")] * 19) is None
    assert Breaker().note([(A.REJECTED, "550 no")] * 20) is not None


WATCH = Watch(wait=15 * MINUTE, stop_at=0.2)


def test_a_first_share_leaves_and_the_rest_follows_by_itself(world: World, clock: FixedClock) -> None:
    run = launched(world, transport="scripted", canary=5)
    report = send(world, run, Scripted(connections=3), canary=WATCH)
    assert (report.sums[S.ACCEPTED], report.next_at) == (5, NOW + 15 * MINUTE)
    clock.advance(14 * MINUTE)
    assert send(world, run, canary=WATCH).sums[S.ACCEPTED] == 5
    clock.advance(MINUTE)
    assert send(world, run, canary=WATCH).ended is Ended.DONE


@pytest.mark.parametrize("how", ["refused", "bounced"])
def test_a_first_share_that_goes_wrong_stops_the_rest(world: World, clock: FixedClock, how: str) -> None:
    run = launched(world, transport="scripted", canary=5)
    send(world, run, Scripted(answer=refuse if how == "refused" else accept), canary=WATCH)
    if how == "bounced":  # the transport told later
        with writing(world.engine) as connection:
            connection.exec_driver_sql(
                "UPDATE delivery SET fate = 'bounced' WHERE state = 'accepted' AND contact_id < 2"
            )
    clock.advance(15 * MINUTE)
    report = send(world, run, canary=WATCH)
    assert (report.ended, report.by_itself) == (Ended.PAUSED, True)
    assert (
        report.reason
        == f"Paused by itself: {5 if how == 'refused' else 1} of the first 5 messages were refused or bounced."
    )
    assert report.sums[S.PENDING] == 20
    with writing(world.engine) as connection:
        ledger.resume(connection, run, By(world.person, NOW))
    assert send(world, run, canary=WATCH).sums[S.PENDING] == 0


def test_one_request_in_doubt_is_one_doubt_however_many_it_carried(world: World) -> None:
    run = launched(world, transport="scripted")
    doubt = Scripted(answer=lambda message: Outcome(message.attempt, A.UNCONFIRMED, "no answer"), batch=25)
    report = send(world, run, doubt)
    assert (report.ended, report.sums[S.UNCONFIRMED]) == (Ended.DONE, 25)
