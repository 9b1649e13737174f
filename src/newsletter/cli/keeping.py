"""Keeping the schedule in the foreground."""

from __future__ import annotations

import logging
import signal
import threading
from datetime import datetime

from newsletter.cli.output import note, say
from newsletter.schedule import kept, tick, working
from newsletter.workflow.context import Context
from newsletter.workflow.schedule import keep_house


def keep(ctx: Context) -> None:
    """Until Ctrl-C or SIGTERM; what is being sent is drained."""
    _log_to_stderr()
    ended = threading.Event()
    for each in (signal.SIGINT, signal.SIGTERM):
        signal.signal(each, lambda *_: ended.set())
    say("Keeping the schedule (Ctrl-C ends)")
    with kept(ctx):
        ended.wait()
        note("Ending: what is being sent is finished first.")


def once_through(ctx: Context) -> datetime | None:
    """Does what is due now, sends included; says when the next moment is."""
    _log_to_stderr()
    with working(ctx) as jobs:
        planned = tick(ctx, jobs)
        keep_house(ctx)
        jobs.join()
    say("What was due is done." if planned is None else f"What was due is done; next: {planned:%Y-%m-%d %H:%M} UTC.")
    return planned


def _log_to_stderr() -> None:
    handler = logging.StreamHandler()
    handler.setFormatter(logging.Formatter("%(asctime)s %(message)s", "%Y-%m-%d %H:%M:%S"))
    own = logging.getLogger("newsletter")
    own.addHandler(handler)
    own.setLevel(logging.INFO)
