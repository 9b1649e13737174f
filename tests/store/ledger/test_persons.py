"""What people order: retries, decisions, cancelling; and how a run ends."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import Engine, select, update

from newsletter.model.delivery import RunState
from newsletter.store import ledger
from newsletter.store.engine import reading, writing
from newsletter.store.ledger import By
from newsletter.store.tables import audit, contact, run
from tests.dispatch.world import NOW, add_contacts, counts, deliveries, launched, set_run, sums, what
from tests.store.ledger.desk import DAY, A, Desk, S, make_desk, ordered, suppress


def test_what_a_person_orders_is_named(desk: Desk) -> None:
    desk.record(desk.intend(desk.claim()), A.UNCONFIRMED)
    ordered("resend")(desk)
    with reading(desk.world.engine) as connection:
        rows = connection.execute(select(audit).where(audit.c.action == "resend unconfirmed")).all()
    assert [(row.person_id, row.subject) for row in rows] == [(desk.world.person, f"delivery {desk.row().id}")]


def test_a_retry_reopens_the_run_and_asks_again_whether_we_may(desk: Desk) -> None:
    desk.record(desk.intend(desk.claim()), A.REJECTED)
    desk.write(lambda c: ledger.finish(c, desk.run, now=NOW))
    suppress(desk.world.engine, "key-1", "news")
    ordered("retry")(desk)
    assert desk.state() is S.REJECTED
    with writing(desk.world.engine) as connection:
        connection.exec_driver_sql("DELETE FROM suppression")
    ordered("retry")(desk)
    assert desk.state() is S.PENDING
    with reading(desk.world.engine) as connection:
        assert ledger.state_of(connection, desk.run)[0] is RunState.SENDING


def test_nothing_of_a_cancelled_run_is_sent_again(desk: Desk) -> None:
    desk.record(desk.intend(desk.claim()), A.UNCONFIRMED)
    set_run(desk.world.engine, desk.run, state="cancelled")
    ordered("resend")(desk)
    assert desk.state() is S.UNCONFIRMED


def test_a_cancelled_run_says_why_in_each_delivery(engine: Engine) -> None:
    desk = make_desk(engine, contacts=12)
    desk.write(lambda c: ledger.cancel(c, desk.run, By(desk.world.person, NOW, "wrong date in the notice")))
    assert desk.write(lambda c: ledger.skip_cancelled(c, desk.run, now=NOW, size=10)) == 10
    assert desk.write(lambda c: ledger.skip_cancelled(c, desk.run, now=NOW, size=10)) == 2
    assert {row.reason for row in deliveries(engine, desk.run)} == {"cancelled: wrong date in the notice"}
    assert counts(engine, desk.run) == {S.SKIPPED: 12}


def test_giving_up_says_how_often_and_the_last_reply(desk: Desk) -> None:
    for _ in range(2):
        desk.record(desk.intend(desk.claim()), A.DEFERRED)
    desk.world.clock.advance(timedelta(hours=47))  # type: ignore[attr-defined]
    assert desk.write(lambda c: ledger.give_up(c, now=desk.now)) == 0
    desk.world.clock.advance(timedelta(hours=1))  # type: ignore[attr-defined]
    assert desk.write(lambda c: ledger.give_up(c, now=desk.now)) == 1
    assert desk.row().reason == "gave up after 2 tries, last reply: the reply"


def test_a_long_pause_gives_nothing_up(desk: Desk) -> None:
    """Nothing was tried yet, or the run is paused: time alone rejects nobody."""
    desk.world.clock.advance(10 * DAY)  # type: ignore[attr-defined]
    desk.write(lambda c: ledger.give_up(c, now=desk.now))
    assert desk.state() is S.PENDING
    desk.record(desk.intend(desk.claim()), A.DEFERRED)
    set_run(desk.world.engine, desk.run, state="paused")
    desk.world.clock.advance(10 * DAY)  # type: ignore[attr-defined]
    desk.write(lambda c: ledger.give_up(c, now=desk.now))
    assert desk.state() is S.PENDING


def test_sums_of_an_issue_leave_rehearsals_out(engine: Engine) -> None:
    desk = make_desk(engine, contacts=3)
    launched(desk.world, rehearsal=True)
    add_contacts(engine, [4])
    launched(desk.world)
    with reading(engine) as connection:
        found = ledger.issue_sums(connection, desk.world.issue)
    assert found.line == ("audience 4 = pending 4 + sending 0 + accepted 0 + rejected 0 + unconfirmed 0 + skipped 0")


def test_a_run_that_is_launching_has_no_sums_yet(desk: Desk) -> None:
    set_run(desk.world.engine, desk.run, state="launching")
    assert sums(desk.world.engine, desk.run).audience == 0


def test_finish_waits_for_everything(desk: Desk) -> None:
    assert not desk.write(lambda c: ledger.finish(c, desk.run, now=NOW))
    intent = desk.intend(desk.claim())
    assert not desk.write(lambda c: ledger.finish(c, desk.run, now=NOW))
    desk.record(intent, A.UNCONFIRMED)
    assert desk.write(lambda c: ledger.finish(c, desk.run, now=NOW))
    with reading(desk.world.engine) as connection:
        assert connection.execute(select(run.c.done_at)).scalar_one() == NOW
    assert what(desk.world).due_at == NOW


def test_a_retry_goes_to_the_mended_address(desk: Desk) -> None:
    desk.record(desk.intend(desk.claim()), A.REJECTED)
    mended = {"address": "mended@b.example", "address_key": "mended", "domain": "b.example"}
    desk.write(lambda c: c.execute(update(contact).values(mended)))
    ordered("retry")(desk)
    row = desk.row()
    assert (row.state, row.address, row.address_key, row.domain) == ("pending", *mended.values())


def test_a_retry_never_goes_to_an_address_already_written_to(engine: Engine) -> None:
    desk = make_desk(engine, contacts=2)
    first, second = desk.claim()
    desk.record(desk.intend([first]), A.REJECTED)
    desk.record(desk.intend([second]), A.ACCEPTED)
    desk.write(lambda c: c.execute(update(contact).where(contact.c.id == 1).values(address_key="key-2")))
    assert desk.write(lambda c: ledger.retry(c, [first], person=desk.world.person, now=NOW)) == []
