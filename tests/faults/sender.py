"""The program that gets killed: sends what is left of a run and exits. It recovers by itself from whatever the last
one left behind. Each life is a process of its own, forked from one that has imported everything already.
"""

from __future__ import annotations

import asyncio
import os
from datetime import timedelta
from multiprocessing.synchronize import Event
from pathlib import Path
from typing import Any

from newsletter.clock import SystemClock
from newsletter.dispatch.engine import dispatch
from newsletter.dispatch.post import Ended, Letter, Post, Report
from newsletter.dispatch.signals import stop_on_signals
from newsletter.dispatch.transports import make_transport
from newsletter.dispatch.transports.base import Transport
from newsletter.message import mime, splice
from newsletter.settings import OutboxSettings, SendGridSettings, SmtpSettings
from newsletter.store.engine import open_engine
from newsletter.store.ledger import Claimed
from tests.fakes.sendgrid import KEY
from tests.message.making import FIELDS, PERSONAL, envelope, variant

CONNECTIONS = 4
RECIPIENTS = 10  # of a SendGrid request
TEMPLATE = mime.compile(variant(), envelope(), FIELDS)


def _smtp(port: int, **changes: Any) -> SmtpSettings:
    values = {"kind": "smtp", "host": "127.0.0.1", "port": port, "tls": "none", "connections": CONNECTIONS}
    return SmtpSettings.model_validate({**values, "timeout": timedelta(seconds=10), **changes})


def transport(kind: str, target: str) -> Transport:
    wait = timedelta(seconds=10)
    settings = {
        "outbox": lambda: OutboxSettings(kind="outbox", folder=target),
        "smtp": lambda: _smtp(int(target)),
        "pipelined": lambda: _smtp(int(target), pipelining=True),
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
