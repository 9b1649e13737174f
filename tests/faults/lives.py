"""Real processes, forked from one that has imported everything already, and waiting for what they do."""

from __future__ import annotations

import multiprocessing
import os
import signal
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from multiprocessing.process import BaseProcess
from pathlib import Path

from sqlalchemy import Engine

from newsletter.clock import SystemClock
from newsletter.store.engine import open_engine, writing
from newsletter.store.tables import metadata
from tests.dispatch.world import launched, make_world

LIFE = 120.0  # seconds that one life of a program may last, and anything that is waited for
LONG_AGO = datetime(2026, 1, 1, tzinfo=UTC)  # when everything was due, however far a clock steps back

LIVES = multiprocessing.get_context("forkserver")
LIVES.set_forkserver_preload(["tests.faults.sender", "tests.faults.fleet", "tests.faults.smtp_server"])


@contextmanager
def life(program: Callable[..., None], *arguments: object) -> Iterator[BaseProcess]:
    """A process, which is killed at the end if it is still there."""
    process = LIVES.Process(target=program, args=arguments)
    process.start()
    try:
        yield process
    finally:
        end(process)


def end(process: BaseProcess) -> None:
    """SIGKILL, also to one that was stopped."""
    process.kill()
    process.join()


def stop(process: BaseProcess) -> None:
    os.kill(process.pid or 0, signal.SIGSTOP)


def go_on(process: BaseProcess) -> None:
    os.kill(process.pid or 0, signal.SIGCONT)


def until(reached: Callable[[], object], *alive: BaseProcess, within: float = LIFE, pause: float = 0.002) -> None:
    """Waits; an error where it takes too long, or where one that is to live meanwhile does not."""
    ends = time.monotonic() + within
    while not reached():
        assert all(each.is_alive() for each in alive), "it ended too early"
        assert time.monotonic() < ends, "it took too long"
        time.sleep(pause)


def answering(port: int) -> None:
    """Waits until somebody takes connections at a port."""

    def answers() -> bool:
        with suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return True
        return False

    until(answers, pause=0.02)


def name(process: BaseProcess) -> str:
    """As the ledger knows a process."""
    return f"{socket.gethostname()}:{process.pid}"


def prepare(kind: str, folder: Path, messages: int) -> tuple[Engine, int]:
    """A SQLite of its own with a run that is ready to send."""
    engine = open_engine(f"sqlite:///{folder / 'ledger.sqlite'}")
    with writing(engine) as connection:
        metadata.create_all(connection)
    return engine, laid_out(engine, kind, messages)


def laid_out(engine: Engine, kind: str, messages: int) -> int:
    """A run that is ready to send, in a database with the empty schema."""
    world = make_world(engine, SystemClock(), contacts=messages)
    return launched(world, transport=kind, due_at=LONG_AGO)
