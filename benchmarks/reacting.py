"""How soon a send of a million messages does what people ask for, while `newsletter worker` sends it from SQLite: the
pause, the resume, the cancel, and a small alert that falls due in the middle of it.

What leaves is read from the ledger: the last reply to a message, the first intent of the alert.
"""

from __future__ import annotations

import contextlib
import shutil
import time
from datetime import datetime
from typing import Any

from sqlalchemy import func, select
from tests.workflow.office import ISSUE

from benchmarks.dispatch import HOW_TO, sink
from benchmarks.workers import launched, program, until
from newsletter.app import Workspace
from newsletter.store.engine import reading
from newsletter.store.tables import attempt, delivery
from newsletter.workflow.approving.approve import approve
from newsletter.workflow.approving.freeze import submit
from newsletter.workflow.sending.control import control
from newsletter.workflow.sending.launch import launch
from newsletter.workflow.sending.plan import plan_send

DELIVERIES = 1_000_000
ALERT = "alert/2026-12"
TO_ONE = 'include: contact.code == "c1"'
WAIT = 3.0  # seconds after which nothing more may leave

Row = dict[str, Any]


def rows(deliveries: int = DELIVERIES) -> list[Row]:
    with contextlib.ExitStack() as stack:
        try:
            port = stack.enter_context(sink())
        except FileNotFoundError:
            return [_row("pause, cancel, a small alert in a large send", None, HOW_TO)]
        ws = stack.enter_context(launched(port, deliveries))
        stack.enter_context(program("worker", ws.context.folder))
        until(ws, 1_000)
        alert, ahead = _alert(ws)
        until(ws, _begun(ws) + 1_000)
        paused = _stops(ws, "pause")
        resumed = _goes_on(ws)
        until(ws, _begun(ws) + 1_000)
        cancelled = _stops(ws, "cancel")
    at = f"at {deliveries:,} deliveries (SQLite, sending)"
    return [
        _row(f"from the word pause to the last message that leaves, {at}", paused),
        _row(f"from the word resume to the next message that leaves, {at}", resumed),
        _row(f"from the word cancel to the last message that leaves, {at}", cancelled),
        _row(
            f"a small alert falls due: until its first message, {at}", alert, f"{ahead:,} of the large one left before"
        ),
    ]


def _row(name: str, seconds: float | None, versus: str | None = None) -> Row:
    met = None if seconds is None else seconds < 1
    value = None if seconds is None else round(seconds, 2)
    return {"name": name, "value": value, "unit": "s", "target": "< 1", "versus": versus, "met": met}


def _stops(ws: Workspace, what: str) -> float:
    """Seconds from the word to the last answer to a message."""
    ctx, began = ws.context, ws.context.clock.now()
    control(ctx, ws.issue(ISSUE), what, ctx.person("luc"), within=0)
    time.sleep(WAIT)
    before = _begun(ws)
    time.sleep(1)
    if _begun(ws) != before:
        raise RuntimeError(f"messages still leave {WAIT:g} s after {what}")
    with reading(ctx.engine) as connection:
        last: datetime = connection.execute(select(func.max(attempt.c.finished_at))).scalar_one()
    return max((last - began).total_seconds(), 0.0)


def _goes_on(ws: Workspace) -> float:
    """Seconds from the word resume to the next intent."""
    ctx, began, before = ws.context, ws.context.clock.now(), _begun(ws)
    control(ctx, ws.issue(ISSUE), "resume", ctx.person("luc"))
    until(ws, before + 1)
    with reading(ctx.engine) as connection:
        after = select(func.min(attempt.c.started_at)).where(attempt.c.started_at > began)
        first: datetime = connection.execute(after).scalar_one()
    return (first - began).total_seconds()


def _alert(ws: Workspace) -> tuple[float, int]:
    """Seconds from its launch to its first intent; and how many messages of the large send left before it."""
    folder = ws.context.folder / "campaigns"
    shutil.copytree(folder / "news", folder / "alert", ignore=shutil.ignore_patterns("2026-*"))
    definition = folder / "alert" / "campaign.yaml"
    definition.write_text(definition.read_text().replace('include: institution.status == "member"', TO_ONE))
    ws.gather("alert", key="2026-12", person="ana")
    submit(ws.context, ws.issue(ALERT), ws.context.person("ana"))
    approve(ws.context, ws.issue(ALERT), ws.context.person("luc"))
    mine = launch(ws.context, plan_send(ws.context, ws.issue(ALERT)), ws.context.person("luc"))
    due = ws.context.clock.now()
    before = _begun(ws)
    while (first := _first(ws, mine)) is None:
        time.sleep(0.05)
    return (first - due).total_seconds(), _begun(ws) - before


def _first(ws: Workspace, mine: int) -> datetime | None:
    of_mine = select(func.min(attempt.c.started_at)).join(delivery, delivery.c.id == attempt.c.delivery_id)
    with reading(ws.context.engine) as connection:
        first: datetime | None = connection.execute(of_mine.where(delivery.c.run_id == mine)).scalar_one()
    return first


def _begun(ws: Workspace) -> int:
    with reading(ws.context.engine) as connection:
        return int(connection.execute(select(func.count(attempt.c.id))).scalar_one())
