"""The programs as people start them, in a workspace of their own: `newsletter serve` is killed, the disk of a worker
runs full, its database stops, and of a fleet one after the other is killed.
"""

from __future__ import annotations

import random
import resource
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from multiprocessing.process import BaseProcess
from pathlib import Path
from signal import SIGTERM

from sqlalchemy import Engine, select, update

from newsletter.clock import FixedClock
from newsletter.store.engine import reading, writing
from newsletter.store.runs import get
from newsletter.store.tables import worker as worker_table
from newsletter.workflow.sending.launch import launch
from newsletter.workflow.sending.plan import plan_send
from tests.faults.books import Side, Verdict, judge, smtp_side
from tests.faults.fleet import log_of, serve, work
from tests.faults.lives import end, life, name, until
from tests.faults.trial import Trial, reached
from tests.servers import free_port
from tests.workflow.office import ISSUE, add_contacts, approved, lay, office

CONNECTIONS = 2  # of each worker
THERE = 3  # contacts of the starter
ROOM = 50_000  # bytes that every file may have once the disk is full; logs have fewer


@dataclass(frozen=True)
class Office:
    """A workspace with a send that was launched."""

    folder: str
    database: str | None
    engine: Engine
    run: int
    side: Side

    @property
    def done(self) -> bool:
        with reading(self.engine) as connection:
            return get(connection, self.run).state.value == "done"

    def further_than(self, instant: int) -> bool:
        return self.done or len(self.side.accepted()) > instant

    def judged(self, trial: Trial, workers: int = 1) -> Verdict:
        allowed = trial.kills * workers * CONNECTIONS
        return judge(trial.scenario, self.engine, self.run, self.side, kills=trial.kills, allowed=allowed)


@contextmanager
def launched(trial: Trial, database: str | None = None) -> Iterator[Office]:
    with smtp_side(trial.folder) as side:
        table = f'\n[transports.smtp]\nkind = "smtp"\nhost = "127.0.0.1"\nport = {side.target}\ntls = "none"\n'
        top, tables = 'send_with = ["smtp"]', f"{table}connections = {CONNECTIONS}\n"
        folder = lay(trial.folder / "ws", top=top, tables=tables)
        environment = {} if database is None else {"DATABASE_URL": database}
        with office(folder, FixedClock(datetime.now(UTC)), environment) as ws:
            add_contacts(folder, ws, *(f"c{number}@npf.example" for number in range(trial.messages - THERE)))
            approved(ws)
            run = launch(ws.context, plan_send(ws.context, ws.issue(ISSUE)), ws.context.person("luc"))
            yield Office(str(folder), database, ws.context.engine, run, side)


def server_killed(trial: Trial) -> Verdict:
    """SIGKILL of `newsletter serve`, which sends; it is started again."""
    chance = trial.chance
    with launched(trial) as its:
        for instant in trial.instants(chance):
            with life(serve, its.folder, its.database, free_port()) as server:
                reached(its.side.accepted, instant, server)
                time.sleep(chance.uniform(0, 0.004))
        with life(serve, its.folder, its.database, free_port()) as server:
            until(lambda: its.done, server, pause=0.05)
        return its.judged(trial)


def disk_full(trial: Trial) -> Verdict:
    """No file of the worker may grow any more: the send stops with a sentence; it goes on once there is room."""
    chance, log = trial.chance, log_of(trial.folder / "ws")
    with launched(trial) as its, life(work, its.folder, its.database) as worker:
        for number, instant in enumerate(trial.instants(chance), start=1):
            reached(its.side.accepted, instant, worker)
            _limit_files(worker, chance.randrange(ROOM, 2 * ROOM))
            until(partial(_told_so_often, log, number), worker, pause=0.01)
            time.sleep(chance.uniform(0, 0.5))
            _limit_files(worker, resource.RLIM_INFINITY)
            before = len(_told(log))
            until(partial(its.further_than, instant), worker, pause=0.01)
            assert len(_told(log)) - before <= 2, "it goes on complaining"
        until(lambda: its.done, worker, pause=0.05)
        assert "Traceback" not in log.read_text()
        return its.judged(trial)


def _limit_files(process: BaseProcess, size: int) -> None:
    resource.prlimit(process.pid or 0, resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))


def _told_so_often(log: Path, number: int) -> bool:
    return len(_told(log)) >= number


def _told(log: Path) -> list[str]:
    lines = log.read_text().splitlines() if log.exists() else []
    return [each for each in lines if "its disk is full" in each]


def database_stopped(trial: Trial) -> Verdict:
    """PostgreSQL stops at once, as in a crash, and comes back; two workers wait for it and go on."""
    chance, server = trial.chance, trial.postgres
    assert server is not None
    with launched(trial, server.new_database()) as its:
        arguments = its.folder, its.database
        with life(work, *arguments) as one, life(work, *arguments) as other:
            for instant in trial.instants(chance):
                reached(its.side.accepted, instant, one, other)
                time.sleep(chance.uniform(0, 0.004))
                server.stop_at_once()
                time.sleep(chance.uniform(0, 0.5))
                server.start()
                _pass_away(its.engine, before=datetime.now(UTC))
            until(lambda: its.done, one, other, pause=0.05)
        return its.judged(trial, workers=2)


def fleet(trial: Trial) -> Verdict:
    """Four workers and a server on one PostgreSQL; one of those that send is killed, and another one comes."""
    chance, server = trial.chance, trial.postgres
    assert server is not None
    with launched(trial, server.new_database()) as its, ExitStack() as stack:
        start = partial(life, work, its.folder, its.database)
        alive = [stack.enter_context(start()) for _ in range(4)]
        alive.append(stack.enter_context(life(serve, its.folder, its.database, free_port())))
        for instant in trial.instants(chance):
            until(partial(_sending, its, instant, alive))
            _kill(its.engine, alive, chance)
            alive.append(stack.enter_context(start()))
        until(lambda: its.done, *alive, pause=0.05)
        assert len(_names(its.engine)) >= 3, "several shared the work"
        for each in alive:
            each.terminate()
        for each in alive:
            each.join(30)
        assert {each.exitcode for each in alive} <= {0, -SIGTERM}, "the web server ends by the signal itself"
        return its.judged(trial)


def _sending(its: Office, instant: int, alive: list[BaseProcess]) -> bool:
    return len(its.side.accepted()) >= instant and bool(_senders(its.engine, alive))


def _kill(engine: Engine, alive: list[BaseProcess], chance: random.Random) -> None:
    victim = chance.choice(_senders(engine, alive))
    end(victim)
    alive.remove(victim)
    _pass_away(engine, of=victim)


def _senders(engine: Engine, alive: list[BaseProcess]) -> list[BaseProcess]:
    names = _names(engine, only_now=True)
    return [each for each in alive if name(each) in names]


def _names(engine: Engine, *, only_now: bool = False) -> set[str]:
    chosen = select(worker_table.c.name)
    with reading(engine) as connection:
        return set(
            connection.execute(chosen.where(worker_table.c.stopped_at.is_(None)) if only_now else chosen).scalars()
        )


def _pass_away(engine: Engine, *, of: BaseProcess | None = None, before: datetime | None = None) -> None:
    """As if the last sign of life were long ago, which others wait for before they take rows over: of a process, or
    of all that began before an instant."""
    whose = worker_table.c.name == name(of) if of else worker_table.c.started_at < before
    with writing(engine) as connection:
        ago = datetime.now(UTC) - timedelta(minutes=5)
        connection.execute(update(worker_table).where(whose).values(heartbeat_at=ago))
