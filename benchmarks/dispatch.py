"""Messages a second, end to end, beside Postfix's smtp-source and aiosmtplib in the same run.

Ours is all of it: claim, splice, intent, SMTP, outcome, in a durable ledger (SQLite, synchronous=FULL). The others only
send: smtp-source one message over and over, aiosmtplib one that is made before, one at a time on each connection. All
use 10 connections and 20 KB on the wire, into Postfix's smtp-sink on this machine; then once more through a proxy that
takes 10 ms each way.
"""

from __future__ import annotations

import asyncio
import contextlib
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import aiosmtplib

from benchmarks import launch as launching
from benchmarks import splice as messages
from newsletter.clock import SystemClock
from newsletter.dispatch.engine import dispatch
from newsletter.dispatch.launch import launch
from newsletter.dispatch.post import Ended, Letter, Post
from newsletter.dispatch.transports import make_transport
from newsletter.message import mime, splice
from newsletter.settings import SmtpSettings
from newsletter.store.engine import open_engine
from newsletter.store.ledger import Claimed

CONNECTIONS = 10
MESSAGES = 20_000
FAR = 2_000  # through the proxy
DELAY = 0.010  # seconds each way
HOW_TO = "smtp-sink and smtp-source are not here: apt-get install postfix"

Row = dict[str, Any]


def rows() -> list[Row]:
    if not (shutil.which("smtp-sink") and shutil.which("smtp-source")):
        return [_row("end to end by SMTP", None, "messages/s", None, HOW_TO, None)]
    with sink() as port:
        source, theirs = smtp_source(port, MESSAGES), asyncio.run(plainly(port, MESSAGES))
        near = ours(port, MESSAGES)
        far_theirs, far = asyncio.run(far_away(port))
    told = f"smtp-source {source:,.0f}/s, aiosmtplib {theirs:,.0f}/s"
    name = "end to end by SMTP, durable ledger on SQLite"
    far_name = f"the same at {2000 * DELAY:.0f} ms round trip, as a multiple of aiosmtplib"
    return [
        _row(name, round(near), "messages/s", None, told, None),
        _ratio("the same, as a multiple of raw smtp-source", near / source, 1.2, told),
        _ratio("the same, as a multiple of aiosmtplib, one message at a time a connection", near / theirs, 2.5, told),
        _ratio(far_name, far / far_theirs, 3.3, f"ours {far:,.0f}/s, aiosmtplib {far_theirs:,.0f}/s"),
    ]


def _row(name: str, value: float | None, unit: str, target: str | None, versus: str, met: bool | None) -> Row:
    return {"name": name, "value": value, "unit": unit, "target": target, "versus": versus, "met": met}


def _ratio(name: str, value: float, target: float, versus: str) -> Row:
    return _row(name, round(value, 2), "x", f">= {target}", versus, value >= target)


@contextlib.contextmanager
def sink() -> Iterator[int]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    process = subprocess.Popen(["smtp-sink", "-u", "nobody", f"127.0.0.1:{port}", "1000"], stderr=subprocess.DEVNULL)
    try:
        for _ in range(100):
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 0.1):
                break
            time.sleep(0.02)
        yield port
    finally:
        process.kill()
        process.wait()


def smtp_source(port: int, number: int) -> float:
    """Messages a second of Postfix's own sender."""
    began = time.perf_counter()
    options = ["-s", str(CONNECTIONS), "-m", str(number), "-l", str(len(_example())), "-d"]
    subprocess.run(["smtp-source", *options, f"127.0.0.1:{port}"], check=True, capture_output=True)
    return number / (time.perf_counter() - began)


async def plainly(port: int, number: int) -> float:
    """Messages a second of aiosmtplib: one at a time on each connection."""
    content = _example()

    async def one() -> None:
        client = aiosmtplib.SMTP(hostname="127.0.0.1", port=port, start_tls=False, use_tls=False)
        await client.connect()
        for _ in range(number // CONNECTIONS):
            await client.sendmail("news@association.example", ["contact@mail.example"], content)
        await client.quit()

    began = time.perf_counter()
    await asyncio.gather(*(one() for _ in range(CONNECTIONS)))
    return number / (time.perf_counter() - began)


def ours(port: int, number: int) -> float:
    """Messages a second of the product, from rows that are ready to be claimed to outcomes on disk."""
    with tempfile.TemporaryDirectory(prefix="newsletter-bench-") as folder:
        engine = open_engine(f"sqlite:///{Path(folder) / 'bench.sqlite'}")
        run = launch(engine, launching._fill(engine, number), launching._plan(), clock=SystemClock())
        values = {"kind": "smtp", "host": "127.0.0.1", "port": port, "tls": "none", "connections": CONNECTIONS}
        settings = SmtpSettings.model_validate(values | {"timeout": timedelta(seconds=60)})
        post = Post(engine, make_transport("smtp", settings, Path(folder)), _composer(), SystemClock())
        began = time.perf_counter()
        report = asyncio.run(dispatch(post, run))
        seconds = time.perf_counter() - began
        engine.dispose()
    assert report.ended is Ended.DONE, report
    return number / seconds


async def far_away(port: int) -> tuple[float, float]:
    """aiosmtplib and ours through a link of 20 ms."""
    async with delaying(port) as slow:
        theirs = await plainly(slow, FAR // 4)
        return theirs, await asyncio.to_thread(ours, slow, FAR)


@contextlib.asynccontextmanager
async def delaying(port: int) -> AsyncIterator[int]:
    """A proxy that hands every byte on after DELAY."""
    loop = asyncio.get_running_loop()
    handing: set[asyncio.Task[None]] = set()

    async def hand_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(1 << 18):
            loop.call_later(DELAY, writer.write, data)
        loop.call_later(2 * DELAY, writer.close)

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, back = await asyncio.open_connection("127.0.0.1", port)
        for task in (hand_on(reader, back), hand_on(there, writer)):
            handing.add(asyncio.create_task(task))

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        for task in handing:
            task.cancel()


def _example() -> bytes:
    template = mime.compile(messages.variant(), messages.envelope(), messages.FIELDS)
    return splice.message(template, messages.delivery(messages.personal(), messages.claimed(1)[0]))


def _composer() -> Callable[[Claimed], Letter]:
    template = mime.compile(messages.variant(), messages.envelope(), messages.FIELDS)
    people, own = messages.claimed(1000), messages.personal()

    def letter(row: Claimed) -> Letter:
        data = messages.delivery(own, people[row.id % len(people)])
        return Letter(template, data, splice.message, sender="news@association.example", ready=True)

    return letter


if __name__ == "__main__":
    for row in rows():
        print(row)
