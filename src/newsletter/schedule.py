"""The schedule, kept while a process runs: APScheduler wakes, workflow.schedule decides, jobs do the work.

APScheduler computes none of our times (its cron skips a day in Cairo and fires twice in Zurich): it has a tick, a
wake-up at the next planned instant, and housekeeping.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from apscheduler.schedulers.background import BackgroundScheduler
from sqlalchemy.exc import SQLAlchemyError

from newsletter.dispatch.lock import keeping_lock
from newsletter.errors import NewsletterError
from newsletter.i18n import say
from newsletter.jobs import Handler, Jobs, ThreadJobs, open_jobs
from newsletter.store.engine import failure_of
from newsletter.store.people import Person
from newsletter.workflow.content.gather import gather_issue
from newsletter.workflow.context import Context
from newsletter.workflow.scheduling import launching, schedule
from newsletter.workflow.scheduling.carrying import Turns, carry
from newsletter.workflow.scheduling.firing import gather_firing
from newsletter.workflow.scheduling.housekeeping import keep_house
from newsletter.workflow.scheduling.planned import launch_issue
from newsletter.workflow.scheduling.schedule import Glance, send_run
from newsletter.workflow.scheduling.work import GATHER, LAUNCH, LINKS, REHEARSE, SEND, Defer

log = logging.getLogger(__name__)

TICK = timedelta(seconds=30)
GLANCE = timedelta(seconds=0.5)
HOUSEKEEPING = timedelta(minutes=10)

# A wake-up that comes late is still one, and many late ones are one: what was due is found by looking.
JOB_DEFAULTS = {"misfire_grace_time": None, "coalesce": True, "max_instances": 1}


class AlreadyKept(NewsletterError):
    """On SQLite one program keeps the schedule and sends; another one is there."""


class Waking:
    """Calls `tick` every 30 seconds and at the instant that the last tick named; `housekeeping` every 10 minutes;
    `glance` twice a second.

    APScheduler sleeps until an instant, so a clock that is put back by an hour makes it an hour longer: then the
    thread that glances, which goes by no clock, ticks in its place.
    """

    def __init__(
        self,
        tick: Callable[[], datetime | None],
        housekeeping: Callable[[], object],
        glance: Callable[[], object] = lambda: None,
    ) -> None:
        self._tick, self._housekeeping, self._glance = tick, housekeeping, glance
        self._one = threading.Lock()  # a wake-up during a tick waits: that tick may have looked too early
        self._ended = False
        self.stopped = threading.Event()
        self._looked = time.monotonic()
        self.scheduler = BackgroundScheduler(timezone=UTC, job_defaults=JOB_DEFAULTS)

    def start(self) -> None:
        """Ticks at once, so that what a stop left behind goes on."""
        now = datetime.now(UTC)
        every = {"trigger": "interval", "next_run_time": now}
        self.scheduler.add_job(self.wake, id="tick", seconds=TICK.total_seconds(), **every)
        self.scheduler.add_job(self.clean, id="housekeeping", seconds=HOUSEKEEPING.total_seconds(), **every)
        self.scheduler.start()
        self._glancing = threading.Thread(target=self._glance_around, name="glance", daemon=True)
        self._glancing.start()

    def stop(self) -> None:
        with (
            self._one
        ):  # a tick that adds a wake-up while the scheduler shuts down would wait for it, and it for the tick
            self._ended = True
        self.stopped.set()
        self.scheduler.shutdown(wait=True)
        self._glancing.join()

    def wake(self) -> None:
        with self._one, _logged("The schedule"):
            self._looked = time.monotonic()
            if not self._ended and (planned := self._tick()) is not None:
                self.scheduler.add_job(self.wake, "date", run_date=planned, id="planned", replace_existing=True)

    def _glance_around(self) -> None:
        while not self.stopped.wait(min(GLANCE, TICK).total_seconds()):
            with suppress(SQLAlchemyError, NewsletterError):  # the tick tells what is wrong
                self._glance()
            if time.monotonic() - self._looked > 2 * TICK.total_seconds():
                self.wake()

    def clean(self) -> None:
        with _logged("Housekeeping"):
            self._housekeeping()


@contextmanager
def working(ctx: Context) -> Iterator[Jobs]:
    """The jobs that the schedule defers, done by this process (on PostgreSQL by any); at the end, what is being sent
    here is drained."""
    stopping = threading.Event()
    jobs: Jobs = open_jobs(ctx.engine, _handlers(ctx, stopping, lambda name, key: jobs.defer(name, key)))
    jobs.start()
    try:
        yield jobs
    finally:
        stopping.set()
        jobs.close()


@contextmanager
def working_here(ctx: Context) -> Iterator[ThreadJobs]:
    """The same by this process alone, which can wait until all is done."""
    stopping = threading.Event()
    jobs = ThreadJobs(_handlers(ctx, stopping, lambda name, key: jobs.defer(name, key)))
    try:
        yield jobs
    finally:
        stopping.set()
        jobs.close()


def _handlers(ctx: Context, stopping: threading.Event, defer: Defer) -> dict[str, Handler]:
    turns = Turns()

    def on(work: Callable[[Context, int], object]) -> Handler:
        return lambda key: work(replace(ctx), int(key))  # a fresh context: definitions are read as they are now

    return {
        GATHER: on(lambda fresh, id_: gather_firing(fresh, id_, gather)),
        LAUNCH: on(lambda fresh, id_: launch_issue(fresh, id_, defer)),
        LINKS: on(try_links),
        REHEARSE: on(lambda fresh, id_: launching.finish_rehearsal(fresh, id_, defer)),
        SEND: on(
            lambda fresh, id_: send_run(
                fresh, id_, lambda c, run: carry(c, run, stopping=stopping, defer=defer, turns=turns)
            )
        ),
    }


def tick(ctx: Context, jobs: Jobs) -> datetime | None:
    """One look at what is due, with the definitions as they are now."""
    return schedule.tick(replace(ctx), jobs.defer)


@contextmanager
def kept(ctx: Context, *, alone: bool = False) -> Iterator[Waking]:
    """The schedule of a workspace, kept until the end of the block: what `serve`, `worker` and `schedule run` do.

    `alone`: AlreadyKept where another program keeps it on SQLite, as a second one could send nothing.
    """
    with keeping_lock(ctx.engine) as first:
        if alone and not first:
            raise AlreadyKept(
                say(
                    "Another program sends from this database already (newsletter serve, perhaps); on SQLite one "
                    "program sends, on PostgreSQL (DATABASE_URL) any number."
                )
            )
        with _waking(ctx) as waking:
            yield waking


@contextmanager
def _waking(ctx: Context) -> Iterator[Waking]:
    with working(ctx) as jobs:
        waking = Waking(
            lambda: tick(ctx, jobs),
            lambda: keep_house(replace(ctx), waking.stopped.is_set),
            Glance(ctx, jobs.defer),
        )
        waking.start()
        try:
            yield waking
        finally:
            waking.stop()


def gather(ctx: Context, campaign: str, key: str, person: Person) -> str | None:
    """Fills the draft; says what was left out."""
    report = gather_issue(ctx, campaign, key, person, strict=False)
    return "; ".join(f"left out: {problem}" for problem in report.problems) or None


def try_links(ctx: Context, issue_id: int) -> None:
    from newsletter.workflow.checking.link_trials import carry_out  # needs the checks, which a worker seldom does

    carry_out(ctx, issue_id)


@contextmanager
def _logged(what: str) -> Iterator[None]:
    """What goes wrong ends nothing: it is logged, and the next wake-up comes."""
    try:
        yield
    except NewsletterError as error:
        log.warning("%s: %s", what, error)
    except Exception as error:
        if (sentence := failure_of(error)) is not None:
            log.warning("%s: %s", what, sentence)
        else:
            log.exception("%s failed", what)
