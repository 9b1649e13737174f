"""Sending: each contact once, by every connection, intents first, in batches of one variant."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from sqlalchemy import Engine, case, insert, literal, select

from newsletter.dispatch.post import Ended
from newsletter.dispatch.transports.base import Outgoing
from newsletter.dispatch.transports.outbox import Outbox
from newsletter.model.delivery import RunState
from newsletter.store.engine import reading, writing
from newsletter.store.tables import attempt, contact, suppression
from tests.dispatch.engine.sending import S, run_state, send
from tests.dispatch.scripted import Scripted
from tests.dispatch.world import NOW, World, counts, deliveries, end_subscription, launched, make_world, plan, sums


def test_a_run_is_sent_to_the_outbox(engine: Engine, tmp_path: Path) -> None:
    world = make_world(engine, contacts=250)
    run = launched(world)
    report = send(world, Outbox("outbox", tmp_path / "out"), run)
    assert report.ended is Ended.DONE
    assert counts(engine, run) == {S.ACCEPTED: 250}
    files = {file.name: file.read_bytes() for file in (tmp_path / "out" / "new").iterdir()}
    for row in deliveries(engine, run):
        assert b"X-Delivery: %d\r\n" % row.id in files[f"run-{run}-delivery-{row.id:07}.eml"]
    assert report.sums.line.startswith("audience 250 = pending 0 + sending 0 + accepted 250")
    assert run_state(engine, run)[0] is RunState.DONE


def test_again_it_does_nothing_twice(world: World) -> None:
    run = launched(world)
    send(world, Scripted(), run)
    again = Scripted()
    assert send(world, again, run).ended is Ended.DONE
    assert again.opened == 0


def test_every_connection_works_and_nobody_gets_two(any_world: World) -> None:
    world = any_world
    run = launched(world)
    transport = Scripted(connections=4)
    send(world, transport, run)
    assert max(Counter(transport.sent).values()) == 1
    assert (len(transport.sent), transport.opened, transport.closed) == (25, 4, 4)


def test_the_intent_stands_before_the_message_leaves(world: World) -> None:
    seen: list[tuple[str, str]] = []

    async def look(batch: Sequence[Outgoing]) -> None:
        with reading(world.engine) as connection:
            rows = connection.execute(select(attempt).where(attempt.c.id.in_([each.attempt for each in batch])))
            seen.extend((row.state, row.transport) for row in rows)

    run = launched(world)
    send(world, Scripted(before=look), run)
    assert seen == [("intent", "scripted")] * 25


def test_at_most_one_batch_a_connection_is_under_way(world: World) -> None:
    run = launched(world)
    open_now: list[int] = []

    async def look(batch: Sequence[Outgoing]) -> None:
        open_now.append(sums(world.engine, run)[S.SENDING])

    send(world, Scripted(before=look, connections=3, batch=2), run)
    assert max(open_now) <= 3 * 2


def test_a_batch_is_of_one_variant(world: World) -> None:
    audience = select(
        contact.c.id.label("contact_id"),
        case((contact.c.id % 2 == 0, "fr"), else_="en").label("language"),
        literal(None).label("skip"),
    )
    fields = [contact.c.first_name, contact.c.code]
    run = launched(world, plan(audience=audience, values={"fr": fields, "en": fields}))
    transport = Scripted(batch=10)
    send(world, transport, run)
    by_delivery = {row.id: row.language for row in deliveries(world.engine, run)}
    assert [len(batch) for batch in transport.batches] == [10, 10, 3, 2]
    assert all(len({by_delivery[each.delivery] for each in batch}) == 1 for batch in transport.batches)


def test_who_unsubscribes_meanwhile_gets_nothing(world: World) -> None:
    run = launched(world)

    async def unsubscribe(batch: Sequence[Outgoing]) -> None:
        end_subscription(world.engine, 25)
        with writing(world.engine) as connection:
            row = {"address_key": "key-24", "scope": "address", "reason": "complained", "at": NOW}
            if not connection.execute(select(suppression)).first():
                connection.execute(insert(suppression).values(row))

    send(world, Scripted(before=unsubscribe), run)
    assert counts(world.engine, run) == {S.ACCEPTED: 23, S.SKIPPED: 2}
