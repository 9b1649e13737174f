"""Four workers and a server on one PostgreSQL: two are killed in mid-send, one comes anew, and every sum is right.

NEWSLETTER_TEST_FLEET is the number of deliveries; 2,000 without it.
"""

from __future__ import annotations

import os
import random
import signal
import socket
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from multiprocessing.process import BaseProcess
from pathlib import Path

import pytest
from sqlalchemy import Engine, select, update

from newsletter.clock import FixedClock
from newsletter.model.delivery import DeliveryState as S
from newsletter.store.engine import reading, writing
from newsletter.store.runs import get
from newsletter.store.tables import worker as worker_table
from newsletter.workflow.send import launch, plan_send
from tests.dispatch.world import deliveries, sums
from tests.faults.fleet import serve, work
from tests.faults.scenarios import LIVES, smtp_side
from tests.servers import PostgresServer, free_port
from tests.workflow.office import ISSUE, add_contacts, approved, lay, office

DELIVERIES = int(os.environ.get("NEWSLETTER_TEST_FLEET", "2000"))
CONNECTIONS = 2  # of each worker
KILLS = 2
ENDS = 60 + DELIVERIES / 50  # seconds


@pytest.mark.postgresql
def test_a_fleet_of_which_two_are_killed_sends_each_message_once(postgres: PostgresServer, tmp_path: Path) -> None:
    database = postgres.new_database()
    with ExitStack() as stack:
        side = stack.enter_context(smtp_side(tmp_path))
        table = f'\n[transports.smtp]\nkind = "smtp"\nhost = "127.0.0.1"\nport = {side.target}\ntls = "none"\n'
        folder = lay(tmp_path / "ws", top='send_with = ["smtp"]', tables=f"{table}connections = {CONNECTIONS}\n")
        clock = FixedClock(datetime.now(UTC))
        ws = stack.enter_context(office(folder, clock, {"DATABASE_URL": database}))
        engine = ws.context.engine
        there = 3  # the starter's
        add_contacts(folder, ws, *(f"c{number}@npf.example" for number in range(DELIVERIES - there)))
        approved(ws)
        fleet = [stack.enter_context(life(work, str(folder), database)) for _ in range(4)]
        fleet.append(stack.enter_context(life(serve, str(folder), database, free_port())))
        run = launch(ws.context, plan_send(ws.context, ws.issue(ISSUE)), ws.context.person("luc"))

        killed = []
        for share in (0.2, 0.4):
            until(lambda share=share: len(side.accepted()) > share * DELIVERIES and sending(engine, fleet, killed))
            victim = random.Random(share).choice(sending(engine, fleet, killed))
            victim.kill()
            victim.join()
            killed.append(victim)
        fleet.append(stack.enter_context(life(work, str(folder), database)))
        assert len(side.accepted()) < DELIVERIES - 50, "they were to be killed in mid-send"

        for each in killed:
            pass_away(engine, each)
        until(lambda: sums(engine, run).open == 0)
        until(lambda: state(engine, run) == "done")

        arrived = Counter(side.accepted())
        rows = deliveries(engine, run)
        unconfirmed = [row.address for row in rows if row.state == S.UNCONFIRMED]
        assert set(arrived.values()) == {1}, "nothing twice"
        assert {row.state for row in rows} <= {S.ACCEPTED, S.UNCONFIRMED}
        assert {row.address for row in rows if row.state == S.ACCEPTED} == set(arrived) - set(unconfirmed)
        assert len(rows) == DELIVERIES == sum(sums(engine, run)[each] for each in (S.ACCEPTED, S.UNCONFIRMED))
        assert len(unconfirmed) <= KILLS * CONNECTIONS
        assert len(senders(engine)) >= 3, "several shared the work"
        alive = [each for each in fleet if each not in killed]
        assert all(each.is_alive() for each in alive)
        for each in alive:
            os.kill(each.pid or 0, signal.SIGTERM)
        for each in alive:
            each.join(30)
        assert {each.exitcode for each in alive} <= {0, -signal.SIGTERM}, "the web server ends by the signal itself"


@contextmanager
def life(program: Callable[..., None], *arguments: object) -> Iterator[BaseProcess]:
    process = LIVES.Process(target=program, args=arguments)
    process.start()
    try:
        yield process
    finally:
        process.kill()
        process.join()


def until(reached: Callable[[], object]) -> None:
    ends = time.monotonic() + ENDS
    while not reached():
        assert time.monotonic() < ends
        time.sleep(0.02)


def sending(engine: Engine, fleet: list[BaseProcess], killed: list[BaseProcess]) -> list[BaseProcess]:
    """Who is at it now. The first of the fleet are workers; the last one serves."""
    with reading(engine) as connection:
        names = set(
            connection.execute(select(worker_table.c.name).where(worker_table.c.stopped_at.is_(None))).scalars()
        )
    return [each for each in fleet if each not in killed and name(each) in names]


def senders(engine: Engine) -> set[str]:
    with reading(engine) as connection:
        return set(connection.execute(select(worker_table.c.name)).scalars())


def pass_away(engine: Engine, process: BaseProcess) -> None:
    """As if its last sign of life were long ago, which others wait for before they take its rows over."""
    with writing(engine) as connection:
        ago = datetime.now(UTC) - timedelta(minutes=5)
        connection.execute(update(worker_table).where(worker_table.c.name == name(process)).values(heartbeat_at=ago))


def name(process: BaseProcess) -> str:
    return f"{socket.gethostname()}:{process.pid}"


def state(engine: Engine, run: int) -> str:
    with reading(engine) as connection:
        return get(connection, run).state.value
