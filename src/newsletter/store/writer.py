"""One thread that writes the ledger. What waits while it commits goes into its next commit, so one commit serves all
connections (natural group commit): outcomes first, then intents, then whatever else was asked for.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from queue import SimpleQueue
from typing import Any, TypeVar

from sqlalchemy import Connection, Engine

from newsletter.clock import Clock
from newsletter.store.engine import writing
from newsletter.store.ledger import Intent, Record, intend, record

T = TypeVar("T")
GROUP_LIMIT = 64  # jobs a commit, so that no commit grows long


@dataclass(frozen=True, slots=True)
class Exchange:
    """What a connection asks for between two messages: write these outcomes, and may these be written now?"""

    outcomes: Sequence[Record]
    deliveries: Sequence[int]
    transport: str = ""
    grouped: bool = False
    answer: Future[Intent] = field(default_factory=Future)


@dataclass(frozen=True, slots=True)
class Call:
    """Anything else that must be written."""

    function: Callable[[Connection], Any]
    answer: Future[Any] = field(default_factory=Future)


class LedgerWriter:
    """Writes for one worker. Use as a context manager; at its end, all that was asked for is written."""

    def __init__(self, engine: Engine, clock: Clock, worker: int) -> None:
        self._engine, self._clock, self._worker = engine, clock, worker
        self._jobs: SimpleQueue[Exchange | Call | None] = SimpleQueue()
        self._thread = threading.Thread(target=self._run, name="ledger-writer", daemon=True)

    def __enter__(self) -> LedgerWriter:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._jobs.put(None)
        self._thread.join()

    def exchange(
        self, outcomes: Sequence[Record], deliveries: Sequence[int], *, transport: str = "", grouped: bool = False
    ) -> Future[Intent]:
        """Outcomes and intents in one commit; the answer comes once it is on disk."""
        job = Exchange(outcomes, deliveries, transport, grouped)
        self._jobs.put(job)
        return job.answer

    def call(self, function: Callable[[Connection], T]) -> Future[T]:
        """A further write, in its turn. It may be run again where its group could not be committed."""
        job = Call(function)
        self._jobs.put(job)
        return job.answer

    def _run(self) -> None:
        ended = False
        while not ended:
            jobs, ended = self._take()
            self._write(jobs)

    def _take(self) -> tuple[list[Exchange | Call], bool]:
        """Waits for a job, and takes with it all that wait."""
        taken: list[Exchange | Call] = []
        while len(taken) < GROUP_LIMIT and (not taken or not self._jobs.empty()):
            job = self._jobs.get()
            if job is None:
                return taken, True
            taken.append(job)
        return taken, False

    def _write(self, jobs: list[Exchange | Call]) -> None:
        try:
            answers = self._commit(jobs)
        except Exception as error:
            if len(jobs) == 1:
                jobs[0].answer.set_exception(error)
                return
            for job in jobs:  # one of them failed: each alone, so that only that one does
                self._write([job])
            return
        for job, answer in zip(jobs, answers, strict=True):
            job.answer.set_result(answer)

    def _commit(self, jobs: list[Exchange | Call]) -> list[Any]:
        if not jobs:
            return []
        with writing(self._engine) as connection:
            exchanges = [job for job in jobs if isinstance(job, Exchange)]
            record(
                connection, [each for job in exchanges for each in job.outcomes], self._worker, now=self._clock.now()
            )
            intents = self._intend(connection, exchanges)
            return [intents[id(job)] if isinstance(job, Exchange) else job.function(connection) for job in jobs]

    def _intend(self, connection: Connection, exchanges: list[Exchange]) -> dict[int, Intent]:
        """Single messages of one transport share their statements; a grouped request has its own."""
        answers = {id(job): Intent() for job in exchanges}
        shared: dict[str, list[Exchange]] = {}
        for job in (each for each in exchanges if each.deliveries):
            if job.grouped:
                answers[id(job)] = self._one(connection, job.deliveries, job.transport, grouped=True)
            else:
                shared.setdefault(job.transport, []).append(job)
        for transport, jobs in shared.items():
            together = self._one(connection, [each for job in jobs for each in job.deliveries], transport)
            answers |= {id(job): together.only(job.deliveries) for job in jobs}
        return answers

    def _one(
        self, connection: Connection, deliveries: Sequence[int], transport: str, *, grouped: bool = False
    ) -> Intent:
        now = self._clock.now()
        return intend(connection, deliveries, self._worker, transport=transport, now=now, grouped=grouped)
