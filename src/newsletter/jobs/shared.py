"""The queue of work on PostgreSQL, by Procrastinate: what one process defers, any other may do.

One queue a kind of work, of which each process does one job at a time, as `ThreadJobs` does. Its tables lie in a
database schema named after their own definition: a later version of Procrastinate with other tables makes itself a new
one, and nothing is carried over, as every tick defers again what is there to do.
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
import threading
from collections.abc import Mapping
from functools import partial
from typing import Any

from procrastinate import App, PsycopgConnector, SyncPsycopgConnector
from procrastinate.exceptions import AlreadyEnqueued, ConnectorException
from procrastinate.schema import SchemaManager
from sqlalchemy import Engine, text

from newsletter.errors import NewsletterError
from newsletter.i18n import say
from newsletter.jobs.handing import Handler, done
from newsletter.store.engine import writing

log = logging.getLogger(__name__)

SCHEMA = "jobs_" + hashlib.sha256(SchemaManager.get_schema().encode()).hexdigest()[:8]
LOCK = 0x6E6C6A  # of PostgreSQL's advisory locks: one process makes the tables
POLL = 5.0  # seconds between looks for work that no notification announced
STALLED = 60.0  # seconds without a sign of life after which a program is taken for dead
AGAIN = 5.0  # seconds until a database that is not there is tried again


class SharedJobs:
    """Works on a thread of its own, from `start` on; `close` lets what has begun here finish, others do the rest."""

    def __init__(self, engine: Engine, handlers: Mapping[str, Handler]) -> None:
        _make_tables(engine)
        self._handing = App(connector=SyncPsycopgConnector(**_pool(engine, 2)))
        self._handing.open()
        self._queues = sorted(handlers)
        self._working = App(connector=PsycopgConnector(**_pool(engine, len(handlers) + 1)))
        for name, handler in handlers.items():
            self._working.task(name=name, queue=name)(partial(_do, name, handler))
        self._loop = asyncio.new_event_loop()
        self._ended = asyncio.Event()
        self._thread = threading.Thread(target=lambda: self._loop.run_until_complete(self._work()), name="jobs")

    def start(self) -> None:
        self._thread.start()

    def defer(self, name: str, key: str) -> bool:
        if self._ended.is_set():
            return False  # closed: the next start defers it again
        lock = f"{name}:{key}"
        try:
            self._handing.configure_task(name, queue=name, queueing_lock=lock).defer(key=key)
        except AlreadyEnqueued:
            return False
        except ConnectorException as error:
            raise NewsletterError(
                say("%(job)s could not be queued: the database does not answer. The next tick tries again.", job=lock)
            ) from error
        return True

    def close(self) -> None:
        self._loop.call_soon_threadsafe(self._ended.set)
        self._thread.join()
        self._loop.close()
        self._handing.close()

    async def _work(self) -> None:
        """Until the end; a database that goes away ends nothing."""
        while not self._ended.is_set():
            try:
                async with self._working.open_async():
                    await self._until_ended()
            except Exception as error:
                log.warning("The queue of work: %s; trying again.", type(error).__name__)
                await _set_within(self._ended, AGAIN)

    async def _until_ended(self) -> None:
        """One Procrastinate worker a queue; where one fails, all end and begin again."""
        await self._forget_the_dead()
        workers = [asyncio.create_task(self._worker(queue)) for queue in self._queues]
        ended = asyncio.create_task(self._ended.wait())
        await asyncio.wait([*workers, ended], return_when=asyncio.FIRST_COMPLETED)
        for each in (*workers, ended):
            each.cancel()  # a worker finishes its job first
        results = await asyncio.gather(*workers, ended, return_exceptions=True)
        for failure in results:
            if isinstance(failure, Exception):
                raise failure

    async def _worker(self, queue: str) -> None:
        await self._working.run_worker_async(
            queues=[queue],
            name=queue,
            concurrency=1,
            delete_jobs="always",
            install_signal_handlers=False,
            fetch_job_polling_interval=POLL,
        )

    async def _forget_the_dead(self) -> None:
        """Takes away the jobs of programs that were killed; what they left undone, a tick defers again."""
        await self._working.job_manager.prune_stalled_workers(STALLED)
        await self._working.connector.execute_query_async(
            query="DELETE FROM procrastinate_jobs WHERE status = 'doing' AND worker_id IS NULL"
        )


def _do(name: str, handler: Handler, key: str) -> None:
    done(name, key, handler)


def _pool(engine: Engine, size: int) -> dict[str, Any]:
    _, named = engine.dialect.create_connect_args(engine.url)
    options = f"{named.get('options', '')} -c search_path={SCHEMA}".strip()
    return {"kwargs": {**named, "options": options}, "min_size": 1, "max_size": size}


def _make_tables(engine: Engine) -> None:
    """Made where they are missing, by one process at a time."""
    with writing(engine) as connection:
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": LOCK})
        there = text("SELECT to_regclass(:table)"), {"table": f"{SCHEMA}.procrastinate_jobs"}
        if connection.execute(*there).scalar() is None:
            connection.execute(text(f"CREATE SCHEMA IF NOT EXISTS {SCHEMA}"))
            connection.execute(text(f"SET LOCAL search_path = {SCHEMA}"))
            many = connection.execution_options(no_parameters=True)  # many statements at once take none
            many.exec_driver_sql(SchemaManager.get_schema())


async def _set_within(event: asyncio.Event, seconds: float) -> None:
    try:
        await asyncio.wait_for(event.wait(), seconds)
    except TimeoutError:
        return
