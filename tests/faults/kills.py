"""The sender is killed: by SMTP plainly and with PIPELINING, into the outbox, by SendGrid."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from functools import partial
from multiprocessing.process import BaseProcess
from pathlib import Path

from tests.faults.books import Side, Verdict, judge, outbox_side, sendgrid_side, smtp_side
from tests.faults.lives import LIFE, LIVES, prepare
from tests.faults.sender import send
from tests.faults.trial import Trial, reached

SIDES: dict[str, Callable[[Path], AbstractContextManager[Side]]] = {
    "smtp": smtp_side,
    "pipelined": smtp_side,
    "outbox": outbox_side,
    "sendgrid": sendgrid_side,
}


def killed(trial: Trial) -> Verdict:
    """SIGKILL at random instants; the next life goes on."""
    kind, chance = trial.scenario, trial.chance
    engine, run = prepare(kind, trial.folder, trial.messages)
    with SIDES[kind](trial.folder) as side:
        lives = partial(LIVES.Process, target=send, args=(str(engine.url), run, kind, side.target))
        done = sum(_killed(lives(), side, instant, chance) for instant in trial.instants(chance))
        last = lives()
        last.start()
        last.join(LIFE)
        verdict = judge(trial.scenario, engine, run, side, kills=done, allowed=done * side.doubts)
    engine.dispose()
    return verdict


def _killed(sender: BaseProcess, side: Side, instant: int, chance: random.Random) -> bool:
    """SIGKILL once the other side has so many messages, and a little later; whether it was still alive by then."""
    sender.start()
    reached(side.accepted, instant, sender)
    time.sleep(chance.uniform(0, 0.004))
    alive = sender.is_alive()
    sender.kill()
    sender.join()
    return alive
