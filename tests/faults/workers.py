"""Several workers at once, and workers out of step: killed, stopped for longer than their claims, or with a clock that
is put back.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import ExitStack
from functools import partial
from multiprocessing.process import BaseProcess
from typing import Any

from sqlalchemy import Engine, func, select

from newsletter.store.engine import reading
from newsletter.store.ledger import STALE_AFTER
from newsletter.store.ledger.claim import LEASE
from newsletter.store.tables import delivery
from tests.faults.books import Side, Verdict, judge, smtp_side
from tests.faults.lives import end, go_on, life, prepare, stop, until
from tests.faults.sender import CONNECTIONS, Ways, keep_sending
from tests.faults.trial import Trial, offset, reached, shared_run

TURN = 0.3  # seconds of a send before a worker looks again what others left behind
HOUR = 3600.0


def two_workers(trial: Trial) -> Verdict:
    """Two at once on PostgreSQL; now the one, now the other is killed, and another comes in its place."""
    chance, passing = trial.chance, offset()
    with shared_run(trial) as (engine, run), smtp_side(trial.folder) as side, ExitStack() as stack:
        start = _starter(stack, engine, run, side.target)
        workers = [start(passing), start(passing)]
        for instant in trial.instants(chance):
            reached(side.accepted, instant, *workers)
            place = chance.randrange(2)
            time.sleep(chance.uniform(0, 0.004))
            end(workers[place])
            passing.value += STALE_AFTER.total_seconds() + 1  # the time after which it is taken for dead
            workers[place] = start(passing)
        _wait_for(workers)
        return judge(trial.scenario, engine, run, side, kills=trial.kills, allowed=trial.kills * CONNECTIONS)


def stopped_workers(trial: Trial) -> Verdict:
    """SIGSTOP of one of two for longer than its claims, while the other takes over; then it wakes, and goes on as if
    nothing had been. Only what was under way in it may be in doubt."""
    chance, passing = trial.chance, offset()
    with shared_run(trial) as (engine, run), smtp_side(trial.folder) as side, ExitStack() as stack:
        start = _starter(stack, engine, run, side.target)
        workers = [start(passing), start(passing)]
        for instant in trial.instants(chance):
            reached(side.accepted, instant, *workers)
            sleeping, awake = chance.sample(workers, 2)
            time.sleep(chance.uniform(0, 0.004))
            stop(sleeping)
            passing.value += LEASE.total_seconds() + 60
            goal = len(side.accepted()) + chance.randrange(CONNECTIONS, trial.messages // trial.kills)
            until(partial(_taken_over, side, goal, engine, run), awake)
            go_on(sleeping)
        _wait_for(workers)
        return judge(trial.scenario, engine, run, side, kills=trial.kills, allowed=trial.kills * CONNECTIONS)


def clock_put_back(trial: Trial) -> Verdict:
    """The clock of a sender steps back by an hour; every other time it is killed as well, and the next one begins in
    the past of the last. In the end the clock is put right, so that what waits for an instant of before is due."""
    chance, passing, killed = trial.chance, offset(), 0
    engine, run = prepare("smtp", trial.folder, trial.messages)
    with smtp_side(trial.folder) as side, ExitStack() as stack:
        start = _starter(stack, engine, run, side.target)
        sender = start(passing)
        for number, instant in enumerate(trial.instants(chance)):
            reached(side.accepted, instant, sender)
            passing.value -= HOUR
            if number % 2:
                time.sleep(chance.uniform(0, 0.004))
                end(sender)
                sender, killed = start(passing), killed + 1
        passing.value = 0
        _wait_for([sender])
        verdict = judge(trial.scenario, engine, run, side, kills=trial.kills, allowed=killed * CONNECTIONS)
    engine.dispose()
    return verdict


def clocks_apart(trial: Trial) -> Verdict:
    """Two workers on PostgreSQL; now the one's, now the other's clock steps back by an hour, so that the other takes
    it for dead while it sends. It reports what it knows all the same, and nothing is in doubt."""
    chance, clocks = trial.chance, [offset(), offset()]
    with shared_run(trial) as (engine, run), smtp_side(trial.folder) as side, ExitStack() as stack:
        start = _starter(stack, engine, run, side.target)
        workers = [start(clock) for clock in clocks]
        for instant in trial.instants(chance):
            reached(side.accepted, instant, *workers)
            chance.choice(clocks).value -= HOUR
        for clock in clocks:
            clock.value = 0
        _wait_for(workers)
        return judge(trial.scenario, engine, run, side, kills=trial.kills, allowed=0)


def _starter(stack: ExitStack, engine: Engine, run: int, target: str) -> Callable[[Any], BaseProcess]:
    url = engine.url.render_as_string(hide_password=False)
    return lambda clock: stack.enter_context(life(keep_sending, url, run, "smtp", target, Ways(clock, turn=TURN)))


def _wait_for(workers: list[BaseProcess]) -> None:
    until(lambda: not any(each.is_alive() for each in workers))
    assert {each.exitcode for each in workers} == {0}


def _taken_over(side: Side, goal: int, engine: Engine, run: int) -> bool:
    """So many were accepted, or nothing more waits."""
    if len(side.accepted()) >= goal:
        return True
    waiting = select(func.count()).where(delivery.c.run_id == run, delivery.c.state == "pending")
    with reading(engine) as connection:
        return connection.execute(waiting).scalar_one() == 0
