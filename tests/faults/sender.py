"""The programs that get killed, stopped and cut off: they send what is left of a run, recovering by themselves from
whatever the last one left behind. Each life is a process of its own, forked from one that has imported everything.
"""

from __future__ import annotations

import asyncio
import os
import threading
import time
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from multiprocessing.synchronize import Event
from pathlib import Path
from typing import Any

from sqlalchemy.exc import DBAPIError

from newsletter.clock import SystemClock
from newsletter.dispatch import retry
from newsletter.dispatch.engine import dispatch
from newsletter.dispatch.failing import LedgerGone
from newsletter.dispatch.post import Ended, Letter, Post, Report
from newsletter.dispatch.signals import stop_on_signals
from newsletter.dispatch.transports import make_transport
from newsletter.dispatch.transports.base import Transport
from newsletter.message import mime, splice
from newsletter.settings import OutboxSettings, SendGridSettings, SmtpSettings
from newsletter.store import engine, workers
from newsletter.store.engine import open_engine
from newsletter.store.ledger import Claimed
from tests.fakes.sendgrid import KEY
from tests.message.making import FIELDS, PERSONAL, envelope, variant

CONNECTIONS = 4
RECIPIENTS = 10  # of a SendGrid request
TEMPLATE = mime.compile(variant(), envelope(), FIELDS)


@dataclass(frozen=True)
class SteppingClock:
    """The time of the system, which another process puts on or back by so many seconds."""

    offset: Any  # a multiprocessing value

    def now(self) -> datetime:
        return datetime.now(UTC) + timedelta(seconds=self.offset.value)


def _smtp(port: int, **changes: Any) -> SmtpSettings:
    values = {"kind": "smtp", "host": "127.0.0.1", "port": port, "tls": "none", "connections": CONNECTIONS}
    return SmtpSettings.model_validate({**values, "timeout": timedelta(seconds=10), **changes})


def transport(kind: str, target: str, **changes: Any) -> Transport:
    wait = timedelta(seconds=10)
    settings = {
        "outbox": lambda: OutboxSettings(kind="outbox", folder=target),
        "smtp": lambda: _smtp(int(target), pipelining=False, **changes),
        "pipelined": lambda: _smtp(int(target), **changes),
        "sendgrid": lambda: SendGridSettings(
            kind="sendgrid", host=target, connections=CONNECTIONS, batch=RECIPIENTS, timeout=wait
        ),
    }[kind]()
    return make_transport(kind, settings, Path("/"))


def letter(row: Claimed) -> Letter:
    data = PERSONAL.delivery(row.id, row.address, row.due_at, tuple(row.field_values))
    return Letter(TEMPLATE, data, splice.message, sender="news@association.example")


def send(database: str, run: int, kind: str, target: str, heard: Event | None = None, drain: float = 20) -> None:
    """One life. `heard` is set once it was asked to stop; `drain` seconds later it leaves what is under way."""
    os.environ |= {"SENDGRID_API_KEY": KEY, "no_proxy": "127.0.0.1"}
    post = Post(open_engine(database), transport(kind, target), letter, SystemClock(), drain=timedelta(seconds=drain))
    report = asyncio.run(_live(post, run, heard))
    assert report.ended in (Ended.DONE, Ended.STOPPED), f"{report.ended}: {report.reason} {report.sums.line}"


@dataclass(frozen=True)
class Ways:
    """How a sender differs from others: by its clock, by the seconds that it waits for a reply, and by those after
    which it looks again what others left behind (20 where others wait, outside of tests)."""

    offset: Any
    timeout: float = 10
    turn: float | None = None


def keep_sending(database: str, run: int, kind: str, target: str, ways: Ways) -> None:
    """As `newsletter worker` does: again and again, until nothing is left. What is put off for minutes comes back in
    a moment."""
    engine.STANDING_STILL = "3s"
    retry.PAUSES, retry.HELD_BACK = (timedelta(milliseconds=100),), timedelta(milliseconds=100)
    retry.reopen_pause = lambda failures: 0.05 * failures
    carrier = transport(kind, target, timeout=timedelta(seconds=ways.timeout))
    post = Post(open_engine(database), carrier, letter, SteppingClock(ways.offset))
    threading.Thread(target=_tick, args=(post,), daemon=True).start()
    while True:
        with suppress(LedgerGone):
            report = asyncio.run(_a_turn(post, run, ways.turn))
            assert report.ended is not Ended.PAUSED, report.reason
            if report.ended is Ended.DONE:
                return
        time.sleep(0.02)


def _tick(post: Post) -> None:
    """What a worker's schedule does beside its sends."""
    while True:
        time.sleep(1)
        with suppress(DBAPIError):
            workers.end_standing_still(post.db)


async def _a_turn(post: Post, run: int, seconds: float | None) -> Report:
    stop = asyncio.Event()
    if seconds is not None:
        asyncio.get_running_loop().call_later(seconds, stop.set)
    return await dispatch(post, run, stop=stop)


async def _live(post: Post, run: int, heard: Event | None) -> Report:
    stop = asyncio.Event()
    with stop_on_signals(stop):
        telling = asyncio.create_task(_tell(stop, heard)) if heard else None
        try:
            return await dispatch(post, run, stop=stop)
        finally:
            if telling:
                telling.cancel()


async def _tell(stop: asyncio.Event, heard: Event) -> None:
    await stop.wait()
    heard.set()
