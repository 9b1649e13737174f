"""A desk at which one worker sends one run: enough to put a delivery into any state."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import Connection, Engine, insert, select

from newsletter.clock import FixedClock
from newsletter.model.delivery import AttemptState, DeliveryState
from newsletter.store import ledger, workers
from newsletter.store.engine import reading, writing
from newsletter.store.ledger import Record
from newsletter.store.tables import attempt, suppression
from tests.dispatch.world import NOW, World, deliveries, launched, make_world, sums

S, A = DeliveryState, AttemptState
DAY = timedelta(days=1)


@dataclass
class Desk:
    """One run of one contact, and the worker that sends it: enough to put a delivery into any state."""

    world: World
    run: int
    worker: int

    @property
    def now(self) -> Any:
        return self.world.clock.now()

    def write(self, function: Callable[[Connection], Any]) -> Any:
        with writing(self.world.engine) as connection:
            return function(connection)

    def claim(self, worker: int | None = None) -> list[int]:
        who = worker or self.worker
        return [row.id for row in self.write(lambda c: ledger.claim(c, self.run, who, size=500, now=self.now))]

    def intend(self, ids: list[int], worker: int | None = None, *, grouped: bool = False) -> ledger.Intent:
        who = worker or self.worker
        found: ledger.Intent = self.write(
            lambda c: ledger.intend(c, ids, who, transport="smtp", now=self.now, grouped=grouped)
        )
        return found

    def record(self, intent: ledger.Intent, state: AttemptState, worker: int | None = None, **values: Any) -> None:
        records = [Record(id_, number[0], state, "the reply", **values) for id_, number in intent.attempts.items()]
        self.write(lambda c: ledger.record(c, records, worker or self.worker, now=self.now))

    def sweep(self, *, alone: bool = True) -> int:
        other = self.another_worker()
        found: int = self.write(lambda c: ledger.sweep(c, other, self.run, now=self.now, alone=alone))
        return found

    def another_worker(self) -> int:
        found: int = self.write(lambda c: workers.register(c, "other:1", now=self.now))
        return found

    def row(self) -> Any:
        return deliveries(self.world.engine, self.run)[0]

    def state(self) -> DeliveryState:
        sums(self.world.engine, self.run)  # balanced, whatever happened
        return DeliveryState(self.row().state)

    def attempts(self) -> list[Any]:
        with reading(self.world.engine) as connection:
            return list(connection.execute(select(attempt).order_by(attempt.c.id)))


def make_desk(engine: Engine, *, contacts: int = 1, **changes: Any) -> Desk:
    world = make_world(engine, FixedClock(NOW), contacts=contacts)
    run_id = launched(world, **changes)
    with writing(engine) as connection:
        worker = workers.register(connection, "here:1", now=NOW)
    return Desk(world, run_id, worker)


def suppress(engine: Engine, key: str, scope: str, reason: str = "bounced") -> None:
    with writing(engine) as connection:
        row = {"address_key": key, "scope": scope, "reason": reason, "at": NOW}
        connection.execute(insert(suppression).values(row))


def ordered(name: str, *more: Any) -> Callable[[Desk], Any]:
    def step(desk: Desk) -> None:
        function = getattr(ledger, name)
        desk.write(lambda c: function(c, [desk.row().id], *more, person=desk.world.person, now=desk.now))

    return step
