"""Writes the ledger of one dispatch. What waits while it commits goes into its next commit, so one commit serves all
connections (natural group commit): outcomes first, then intents, then whatever else was asked for.

It commits on the loop's own thread. A commit takes a millisecond or less, in which the other sides go on answering;
two threads that took turns at the interpreter for each of its statements were slower on SQLite and PostgreSQL alike.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, TypeVar

from sqlalchemy import Connection, Engine

from newsletter.clock import Clock
from newsletter.store.engine import turn
from newsletter.store.ledger import Intent, Record, intend, record

T = TypeVar("T")
GROUP_LIMIT = 64  # jobs a commit, so that no commit grows long


@dataclass(frozen=True, slots=True)
class Exchange:
    """What a connection asks for between two messages: write these outcomes, and may these be written now?"""

    answer: asyncio.Future[Intent]
    outcomes: Sequence[Record]
    deliveries: Sequence[int]
    transport: str
    grouped: bool


@dataclass(frozen=True, slots=True)
class Call:
    """Anything else that must be written."""

    answer: asyncio.Future[Any]
    function: Callable[[Connection], Any]


class LedgerWriter:
    """Writes for one worker. Use as a context manager; at its end, all that was asked for is written.

    It is called by the loop and is no task, so that whoever cancels all tasks (Ctrl-C does) loses no outcome.
    """

    def __init__(self, engine: Engine, clock: Clock, worker: int) -> None:
        self._engine, self._clock, self._worker = engine, clock, worker
        self._waiting: list[Exchange | Call] = []
        self._connection: Connection | None = None

    def __enter__(self) -> LedgerWriter:
        return self

    def __exit__(self, *_: object) -> None:
        while self._waiting:
            self._write(self._taken())
        self._let_go()

    async def exchange(
        self, outcomes: Sequence[Record], deliveries: Sequence[int], *, transport: str = "", grouped: bool = False
    ) -> Intent:
        """Outcomes and intents in one commit; the answer comes once it is on disk."""
        answer: asyncio.Future[Intent] = asyncio.get_running_loop().create_future()
        self._ask(Exchange(answer, outcomes, deliveries, transport, grouped))
        return await answer

    async def call(self, function: Callable[[Connection], T]) -> T:
        """A further write, in its turn. It may be run again where its group could not be committed."""
        answer: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        self._ask(Call(answer, function))
        return await answer

    def _ask(self, job: Exchange | Call) -> None:
        """It is written even where whoever asked is cancelled meanwhile: it may have left."""
        self._waiting.append(job)
        if len(self._waiting) == 1:
            asyncio.get_running_loop().call_soon(self._look, 0)

    def _look(self, asked: int) -> None:
        """Writes once whoever can ask by now has: each turn of the loop reads what came from the other sides."""
        if asked < len(self._waiting) < GROUP_LIMIT:
            asyncio.get_running_loop().call_soon(self._look, len(self._waiting))
        elif jobs := self._taken():
            if self._waiting:
                asyncio.get_running_loop().call_soon(self._look, 0)
            self._write(jobs)

    def _taken(self) -> list[Exchange | Call]:
        jobs, self._waiting = self._waiting[:GROUP_LIMIT], self._waiting[GROUP_LIMIT:]
        return jobs

    def _write(self, jobs: list[Exchange | Call]) -> None:
        try:
            answers = self._commit(jobs)
        except Exception as error:
            if len(jobs) > 1:
                for job in jobs:  # one of them failed: each alone, so that only that one does
                    self._write([job])
            elif not jobs[0].answer.done():
                jobs[0].answer.set_exception(error)
            return
        except BaseException:  # Ctrl-C in the middle of a commit: nobody is left waiting for it
            for job in jobs:
                job.answer.cancel()
            raise
        for job, answer in zip(jobs, answers, strict=True):
            if not job.answer.done():
                job.answer.set_result(answer)

    @contextmanager
    def _transaction(self) -> Iterator[Connection]:
        """On one connection that is kept, since to open one takes longer than a commit; after an error, on another."""
        if self._connection is None:
            self._connection = self._engine.connect().execution_options(write=True)
        try:
            with turn(self._engine), self._connection.begin():
                yield self._connection
        except BaseException:
            self._let_go()
            raise

    def _let_go(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _commit(self, jobs: list[Exchange | Call]) -> list[Any]:
        with self._transaction() as connection:
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
