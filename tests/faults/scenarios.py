"""A send that is killed again and again: how it is set up, killed at random instants, resumed, and judged."""

from __future__ import annotations

import multiprocessing
import random
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from functools import partial
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

from sqlalchemy import Engine

from newsletter.clock import SystemClock
from newsletter.model.delivery import DeliveryState
from newsletter.store.engine import open_engine, writing
from newsletter.store.tables import metadata
from tests.dispatch.world import deliveries, launched, make_world, sums
from tests.faults.sender import CONNECTIONS, RECIPIENTS, send
from tests.servers import free_port

LIFE = 120.0  # seconds that one life of the sender may last

LIVES = multiprocessing.get_context("forkserver")
LIVES.set_forkserver_preload(["tests.faults.sender", "tests.faults.fleet"])


@dataclass(frozen=True)
class Verdict:
    """What `benchmarks/faults.json` holds, one object a scenario."""

    scenario: str
    kills: int
    sent: int
    lost: int  # neither arrived nor listed as unconfirmed
    doubled: int  # arrived twice
    unconfirmed: int
    allowed: int  # unconfirmed, by invariant 2

    @property
    def met(self) -> bool:
        return self.lost == 0 and self.doubled == 0 and self.unconfirmed <= self.allowed

    def row(self) -> dict[str, Any]:
        return {**asdict(self), "met": self.met}


@dataclass(frozen=True)
class Side:
    """The other side: where to send, and the recipients (or deliveries) that it has accepted, by its own record."""

    target: str
    accepted: Callable[[], list[str]]
    names: Callable[[Any], str]  # what the record calls a delivery
    doubts: int  # messages that may be in doubt after one kill


def play(kind: str, folder: Path, *, messages: int, kills: int, seed: int) -> Verdict:
    """Sends to `messages` contacts, killing the sender `kills` times, and compares both sides' books."""
    chance = random.Random(f"{seed} {kind}")
    engine, run = prepare(kind, folder, messages)
    with SIDES[kind](folder) as side:
        lives = partial(LIVES.Process, target=send, args=(str(engine.url), run, kind, side.target))
        instants = sorted(chance.sample(range(1, messages), kills))
        done = sum(_killed(lives(), side, instant, chance.uniform(0, 0.004)) for instant in instants)
        last = lives()
        last.start()
        last.join(LIFE)
        verdict = _judge(engine, run, kind, side, done)
    engine.dispose()
    return verdict


def prepare(kind: str, folder: Path, messages: int) -> tuple[Engine, int]:
    """A database of its own with a run that is ready to send."""
    engine = open_engine(f"sqlite:///{folder / 'ledger.sqlite'}")
    with writing(engine) as connection:
        metadata.create_all(connection)
    world = make_world(engine, SystemClock(), contacts=messages)
    return engine, launched(world, transport=kind, due_at=datetime(2026, 1, 1, tzinfo=UTC))


def _killed(sender: BaseProcess, side: Side, instant: int, more: float) -> bool:
    """SIGKILL once the other side has so many messages, and a little later; whether it was still alive by then."""
    sender.start()
    ends = time.monotonic() + LIFE
    while sender.is_alive() and len(side.accepted()) < instant and time.monotonic() < ends:
        time.sleep(0.001)
    time.sleep(more)
    alive = sender.is_alive()
    sender.kill()
    sender.join()
    return alive


def _judge(engine: Engine, run: int, kind: str, side: Side, kills: int) -> Verdict:
    assert sums(engine, run).open == 0, sums(engine, run).line
    arrived = Counter(side.accepted())
    rows = deliveries(engine, run)
    missing = [row for row in rows if not arrived[side.names(row)] and row.state != DeliveryState.UNCONFIRMED]
    return Verdict(
        scenario=kind,
        kills=kills,
        sent=len(arrived),
        lost=len(missing),
        doubled=sum(1 for number in arrived.values() if number > 1),
        unconfirmed=sums(engine, run)[DeliveryState.UNCONFIRMED],
        allowed=kills * side.doubts,
    )


@contextmanager
def smtp_side(folder: Path) -> Iterator[Side]:
    record, port = folder / "record.txt", free_port()
    record.touch()
    with _server(["tests.faults.smtp_server", str(port), str(record)]):
        yield Side(str(port), lambda: _lines(record), lambda row: str(row.address), CONNECTIONS)


@contextmanager
def outbox_side(folder: Path) -> Iterator[Side]:
    """A file is the proof, so after its probe nothing may be in doubt."""
    new = folder / "outbox" / "new"
    names = lambda: [file.name for file in new.iterdir()] if new.is_dir() else []  # noqa: E731
    yield Side(str(folder / "outbox"), names, lambda row: f"run-{row.run_id}-delivery-{row.id:07}.eml", 0)


@contextmanager
def sendgrid_side(folder: Path) -> Iterator[Side]:
    record, port = folder / "record.txt", free_port()
    record.touch()
    with _server(["tests.fakes.sendgrid", "--port", str(port), "--record", str(record)]):
        accepted = lambda: [line.split()[0] for line in _lines(record)]  # noqa: E731
        yield Side(f"http://127.0.0.1:{port}", accepted, lambda row: str(row.id), CONNECTIONS * RECIPIENTS)


SIDES = {"smtp": smtp_side, "pipelined": smtp_side, "outbox": outbox_side, "sendgrid": sendgrid_side}


@contextmanager
def _server(arguments: list[str]) -> Iterator[None]:
    """A server in a process of its own, ready once it has said so."""
    process = subprocess.Popen([sys.executable, "-m", *arguments], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    with ExitStack() as at_the_end:
        at_the_end.callback(process.wait)
        at_the_end.callback(process.kill)
        assert process.stdout is not None
        assert process.stdout.readline()
        yield


def _lines(path: Path) -> list[str]:
    return path.read_text().splitlines()
