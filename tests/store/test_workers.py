"""Workers that others take for dead, and PostgreSQL sessions that stand still; each as two workers would see it."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import Connection, Engine, event, text
from sqlalchemy.exc import DBAPIError

from newsletter.model.delivery import AttemptState as A
from newsletter.model.delivery import DeliveryState as S
from newsletter.store import engine as engines
from newsletter.store import ledger, workers
from newsletter.store.engine import open_engine, reading, writing
from tests.dispatch.world import NOW, launched, make_world, states
from tests.servers import PostgresServer

pytestmark = pytest.mark.postgresql


@pytest.fixture
def shared(postgres: PostgresServer, postgres_schema: str) -> Engine:
    return open_engine(postgres.new_database(postgres_schema))


@pytest.mark.parametrize("many", [False, True], ids=["a statement", "a pipeline"])
def test_who_stands_still_in_a_transaction_loses_it_and_others_go_on(
    shared: Engine, many: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    with writing(shared) as connection:
        connection.execute(text("CREATE TABLE held (id int)"))
    other = open_engine(shared.url.render_as_string(hide_password=False))
    assert workers.end_standing_still(shared) == 0
    still = shared.connect()
    begun = still.begin()
    still.execute(text("INSERT INTO held VALUES (:id)"), [{"id": 1}, {"id": 2}] if many else {"id": 1})
    assert workers.end_standing_still(other) == 0, "not yet for a minute"
    monkeypatch.setattr(engines, "STANDING_STILL", "0s")
    assert workers.end_standing_still(other) == 1
    with writing(other) as connection:
        connection.execute(text("SET LOCAL lock_timeout = '20s'"))
        connection.execute(text("LOCK TABLE held"))
    with pytest.raises(DBAPIError) as woken:
        still.execute(text("SELECT 1"))
    assert engines.failure_of(woken.value) is not None
    begun.close()
    still.close()
    with reading(shared) as connection:
        assert connection.execute(text("SELECT count(*) FROM held")).scalar_one() == 0


def test_what_is_committed_is_on_disk_whatever_the_server_says(shared: Engine) -> None:
    with reading(shared) as connection:
        told = {
            name: connection.execute(text(f"SHOW {name}")).scalar_one()
            for name in ("synchronous_commit", "idle_in_transaction_session_timeout")
        }
    assert told == {"synchronous_commit": "on", "idle_in_transaction_session_timeout": "1min"}


def test_an_intent_in_the_middle_of_a_sweep_is_settled_by_its_outcome(shared: Engine) -> None:
    """Its worker lives, and others take it for dead: its clock is behind, or its machine was paused."""
    world = make_world(shared, contacts=1)
    run = launched(world)
    later = NOW + ledger.STALE_AFTER + timedelta(seconds=1)
    with writing(shared) as connection:
        slow, other = (workers.register(connection, name, now=now) for name, now in (("a:1", NOW), ("b:1", later)))
        [row] = ledger.claim(connection, run, slow, size=1, now=NOW)
    intents: list[ledger.Intent] = []

    def intend_meanwhile(_: Connection, cursor: object, statement: str, *__: object) -> None:
        if "UPDATE attempt" in statement and not intents:
            with shared.connect() as beside, beside.begin():
                intents.append(ledger.intend(beside, [row.id], slow, transport="smtp", now=NOW))

    with writing(shared) as connection:
        event.listen(connection, "before_cursor_execute", intend_meanwhile)
        ledger.sweep(connection, other, run, now=later, alone=False)
    assert intents, "the sweep has become one statement: this test has done its work"
    attempt, _ = intents[0].attempts[row.id]
    with writing(shared) as connection:
        ledger.record(connection, [ledger.Record(row.id, attempt, A.ACCEPTED, "250 ok")], slow, now=NOW)
    assert states(shared, run) == {1: S.ACCEPTED}
