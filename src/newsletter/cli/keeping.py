"""Keeping the schedule in the foreground."""

from __future__ import annotations

import signal
import threading
from datetime import datetime

from newsletter.cli.logs import catch_all, start_logging
from newsletter.cli.output import note
from newsletter.schedule import kept, tick, working_here
from newsletter.workflow.context import Context
from newsletter.workflow.scheduling.housekeeping import keep_house

SIGNALS = (signal.SIGINT, signal.SIGTERM)
LOOK = 0.5  # seconds


def keep(ctx: Context, *, alone: bool = False) -> None:
    """Until Ctrl-C or SIGTERM; what is being sent is drained, and a second signal ends at once."""
    tell = start_logging(ctx.settings.log_format)
    catch_all()
    ended = threading.Event()

    def end(*_: object) -> None:
        for each in SIGNALS:
            signal.signal(each, signal.SIG_DFL)
        ended.set()

    for each in SIGNALS:
        signal.signal(each, end)
    with kept(ctx, alone=alone):
        tell("Keeping the schedule (Ctrl-C ends)")
        while not ended.wait(LOOK):  # a signal that comes just before a wait begins would not end it
            pass
        (note if ctx.settings.log_format == "text" else tell)("Ending: what is being sent is finished first.")


def once_through(ctx: Context) -> datetime | None:
    """Does what is due now, sends included; says when the next moment is."""
    tell = start_logging(ctx.settings.log_format)
    with working_here(ctx) as jobs:
        planned = tick(ctx, jobs)
        keep_house(ctx)
        jobs.join()
    tell("What was due is done." if planned is None else f"What was due is done; next: {planned:%Y-%m-%d %H:%M} UTC.")
    return planned
