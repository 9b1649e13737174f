"""What is done for each message costs the same however many wait, and whatever the database's statistics are."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Engine, select, update

from newsletter.clock import FixedClock
from newsletter.store import workers
from newsletter.store.engine import writing
from newsletter.store.ledger.intent import ATTEMPTS, INTEND, SKIP
from newsletter.store.ledger.outcome import ATTEMPT_OUTCOME, DELIVERY_OUTCOME
from newsletter.store.ledger.quick import Quick
from newsletter.store.ledger.sweep import UNCONFIRM_DELIVERIES
from newsletter.store.tables import delivery, run
from tests.dispatch.world import NOW, launched, make_world

MANY = 600
OVER = """INSERT INTO attempt (delivery_id, number, worker_id, transport, state, started_at)
          SELECT id, 1, 1, 'smtp', 'accepted', not_before FROM delivery"""


def laid(engine: Engine) -> dict[str, Any]:
    """A send that is over, statistics of then, and another that was launched since; values for the statements."""
    world = make_world(engine, FixedClock(NOW), contacts=MANY, issues=2)
    first = launched(world)
    with writing(engine) as connection:
        worker = workers.register(connection, "here:1", now=NOW)
        connection.execute(update(delivery).values(state="accepted"))
        connection.execute(update(run).values(state="done"))
        connection.exec_driver_sql(OVER)
        connection.exec_driver_sql("ANALYZE")
        other = connection.exec_driver_sql(
            f"SELECT id, issue_id FROM edition WHERE id <> (SELECT edition_id FROM run WHERE id = {first})"
        ).one()
    second = launched(world, edition_id=other.id, issue_id=other.issue_id)
    with writing(engine) as connection:
        ids = list(connection.execute(select(delivery.c.id).where(delivery.c.run_id == second).limit(8)).scalars())
    about = {"state": "accepted", "attempt_state": "accepted", "reason": None, "reply": "250", "provider_id": None}
    one = {"delivery": ids[0], "attempt": 1, "worker": worker, "now": NOW, "not_before": None, "request": None}
    return about | one | {"ids": ids, "transport": "smtp", "stale": NOW, "alone": True}


def plan(engine: Engine, statement: str, values: dict[str, Any]) -> str:
    how = "EXPLAIN QUERY PLAN" if engine.dialect.name == "sqlite" else "EXPLAIN"
    with writing(engine) as connection:
        rows = Quick(connection).rows(f"{how} {statement}", values)
    return "\n".join(str(row[-1]) for row in rows)


STATEMENTS = {
    "intent": INTEND,
    "left out": SKIP,
    "attempts": ATTEMPTS,
    "outcome of a delivery": DELIVERY_OUTCOME,
    "outcome of an attempt": ATTEMPT_OUTCOME,
}


def test_what_a_message_asks_for_is_found_by_id(engine: Engine) -> None:
    values = laid(engine)
    for name, statement in STATEMENTS.items():
        found = plan(engine, statement, values)
        for way in ("ix_delivery_claimable", "ix_delivery_run_state", "_open", "Seq Scan on delivery", "SCAN delivery"):
            assert way not in found, f"{name}: {found}"


def test_what_a_crash_left_behind_is_found_without_looking_at_all_deliveries(engine: Engine) -> None:
    found = plan(engine, UNCONFIRM_DELIVERIES, laid(engine))
    for way in ("Seq Scan on delivery", "SCAN delivery"):
        assert way not in found, found
