"""Real programs at work: what memory `newsletter worker` takes, how quick pages are while `newsletter serve` sends, and
what a second worker is worth on PostgreSQL. All send to Postfix's smtp-sink on this machine, by 10 connections each.

The contacts are laid into the database by SQL; issue, edition and launch are the product's own.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
from sqlalchemy import func, select
from tests.servers import PostgresServer, free_port
from tests.workflow.office import ISSUE, add_contacts, approved, lay

from benchmarks import pages
from benchmarks.dispatch import CONNECTIONS, HOW_TO, sink
from newsletter.app import Workspace, open_workspace
from newsletter.store.engine import reading, writing
from newsletter.store.tables import attempt
from newsletter.workflow.people.staff import sign_in_as
from newsletter.workflow.sending.launch import launch
from newsletter.workflow.sending.plan import plan_send

PROGRAM = [sys.executable, "-c", "from newsletter.cli import main; main()"]
SENT = 20_000  # messages, before memory is read
FLEET = 20_000  # deliveries on PostgreSQL
LONGEST = 600  # seconds
ASKED = (
    "/",
    "/issues",
    f"/issues/{ISSUE}",
    f"/issues/{ISSUE}/progress",
    f"/issues/{ISSUE}/progress/now?run=1",
    f"/issues/{ISSUE}/recipients",
    "/contacts/777",
    "/deliveries/777",
)

Row = dict[str, Any]


def rows() -> list[Row]:
    with contextlib.ExitStack() as stack:
        try:
            port = stack.enter_context(sink())
        except FileNotFoundError:
            return [_row("programs at work", None, "", None, HOW_TO)]
        small, large = memory(port, 100_000), memory(port, 1_000_000)
        slowest, where, rate = pages_while_sending(port)
        one, two = fleet(port, 1), fleet(port, 2)
    name = "peak memory of newsletter worker at"
    told = f"slowest: {where}; {rate:,.0f} messages/s meanwhile"
    return [
        _row(f"{name} 100,000 deliveries", small, "MB", None),
        _row(f"{name} 1,000,000 deliveries", large, "MB", 120),
        _row("the same, as a part of that at 100,000", round(large / small, 2), "x", 1.05),
        _row("studio pages while newsletter serve sends on SQLite, p95", round(slowest * 1000, 1), "ms", 150, told),
        _row("end to end on PostgreSQL (durable), 1 worker", *one),
        _row("end to end on PostgreSQL (durable), 2 workers", *two),
    ]


def _row(name: str, value: float | None, unit: str, below: float | None, versus: str | None = None) -> Row:
    target = f"< {below}" if below else None
    met = value < below if below and value is not None else None
    return {"name": name, "value": value, "unit": unit, "target": target, "versus": versus, "met": met}


def memory(port: int, contacts: int) -> float:
    """MB, at its peak, of a worker that has sent some of a launched run."""
    with launched(port, contacts) as ws, program("worker", ws.context.folder) as worker:
        until(ws, SENT)
        status = Path(f"/proc/{worker.pid}/status").read_text()
    return round(int(status.partition("VmHWM:")[2].split()[0]) / 1024, 1)


def pages_while_sending(port: int) -> tuple[float, str, float]:
    """p95 in seconds of the slowest page, its address, and how many messages a second left meanwhile."""
    with launched(port, 100_000) as ws:
        token = sign_in_as(ws.context, "ana", device="Bench").token
        own = str(free_port())
        with (
            program("serve", ws.context.folder, "--port", own),
            httpx.Client(base_url=f"http://127.0.0.1:{own}", cookies={"session": token}, timeout=30) as browser,
        ):
            until(ws, 1_000)
            before, began = _sent(ws), time.perf_counter()
            taken = {path: sorted(_seconds(browser, path) for _ in range(pages.TIMES)) for path in ASKED}
            rate = (_sent(ws) - before) / (time.perf_counter() - began)
    slowest = {path: times[int(len(times) * 0.95) - 1] for path, times in taken.items()}
    where = max(slowest, key=lambda path: slowest[path])
    return slowest[where], where, rate


def fleet(port: int, workers: int) -> tuple[int | None, str, None, str]:
    """Messages a second, first intent to last outcome; the share of each."""
    server = PostgresServer.find()
    if server is None:
        return None, "messages/s", None, "PostgreSQL is not here: apt-get install postgresql"
    with replace(server, durable=True).running() as cluster, tempfile.TemporaryDirectory() as folder:
        database = cluster.new_database()
        with open_workspace(_laid(folder, port), environment={"DATABASE_URL": database}) as ws:
            _prepare(ws)
            add_contacts(Path(folder), ws, *(f"c{number}@npf.example" for number in range(FLEET - 3)))
            approved(ws)
            with contextlib.ExitStack() as stack:
                for _ in range(workers):
                    stack.enter_context(program("worker", ws.context.folder, database=database))
                time.sleep(5)  # all are up
                launch(ws.context, plan_send(ws.context, ws.issue(ISSUE)), ws.context.person("luc"))
                until(ws, FLEET)
            return _rate(ws)


def _rate(ws: Workspace) -> tuple[int, str, None, str]:
    with reading(ws.context.engine) as connection:
        first, last = connection.execute(select(func.min(attempt.c.started_at), func.max(attempt.c.finished_at))).one()
        counted = connection.execute(select(func.count(attempt.c.id)).group_by(attempt.c.worker_id)).scalars().all()
    shares = ", ".join(f"{100 * each / sum(counted):.0f} %" for each in counted)
    return round(sum(counted) / (last - first).total_seconds()), "messages/s", None, f"shares: {shares}"


def _laid(folder: str, port: int) -> Path:
    table = f'\n[transports.smtp]\nkind = "smtp"\nhost = "127.0.0.1"\nport = {port}\ntls = "none"\n'
    return lay(Path(folder), top='send_with = ["smtp"]', tables=f"{table}connections = {CONNECTIONS}\n")


def _prepare(ws: Workspace) -> None:
    from newsletter.workflow.people.contacts import import_file

    for mapping in ("institutions", "contacts"):
        import_file(ws.context, mapping, None, ws.context.person("ana"))
    ws.gather("news", key="2026-12", person="ana")


@contextlib.contextmanager
def launched(port: int, contacts: int) -> Iterator[Workspace]:
    """A workspace on SQLite with a real run that is ready to be sent."""
    with (
        tempfile.TemporaryDirectory(prefix="newsletter-bench-") as folder,
        open_workspace(_laid(folder, port), environment={}) as ws,
    ):
        _prepare(ws)
        with writing(ws.context.engine) as connection:
            pages.lay_contacts(connection, contacts)
        approved(ws)
        launch(ws.context, plan_send(ws.context, ws.issue(ISSUE)), ws.context.person("luc"))
        yield ws


@contextlib.contextmanager
def program(name: str, folder: Path, *options: str, database: str = "") -> Iterator[subprocess.Popen[bytes]]:
    environment = os.environ | ({"DATABASE_URL": database} if database else {})
    command = [*PROGRAM, name, "--workspace", str(folder), *options]
    process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        yield process
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(60)


def _sent(ws: Workspace) -> int:
    with reading(ws.context.engine) as connection:
        return int(connection.execute(select(func.count()).where(attempt.c.state == "accepted")).scalar_one())


def until(ws: Workspace, number: int) -> None:
    ends = time.monotonic() + LONGEST
    while _sent(ws) < number:
        if time.monotonic() > ends:
            raise RuntimeError(f"only {_sent(ws):,} of {number:,} messages left within {LONGEST} s")
        time.sleep(0.2)


def _seconds(browser: httpx.Client, path: str) -> float:
    began = time.perf_counter()
    answer = browser.get(path)
    if answer.status_code != 200:
        raise RuntimeError(f"{path} answered {answer.status_code}: nothing to measure")
    return time.perf_counter() - began
