"""The queue of work, behind `defer(name, key)`; deliveries are never jobs.

A lost job costs at most a tick: every tick of the schedule defers again what is there to do. Several processes may
defer the same: the rows decide who does it. Within this process on SQLite, shared by all workers on PostgreSQL.
"""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import Engine

from newsletter.errors import UsageError
from newsletter.i18n import say
from newsletter.jobs.handing import Handler, Jobs
from newsletter.jobs.threads import ThreadJobs

__all__ = ["Handler", "Jobs", "ThreadJobs", "open_jobs"]


def open_jobs(engine: Engine, handlers: Mapping[str, Handler]) -> Jobs:
    """The queue that belongs to a database, with this process at work on it."""
    if engine.dialect.name != "postgresql":
        return ThreadJobs(handlers)
    try:
        from newsletter.jobs.shared import SharedJobs
    except ImportError:
        raise UsageError(
            say("Work is shared over PostgreSQL by Procrastinate: pip install 'newsletter[postgresql]'.")
        ) from None
    return SharedJobs(engine, handlers)
