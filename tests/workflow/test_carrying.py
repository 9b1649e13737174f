"""Runs take turns; a transport that cannot be reached is left for the next; who may resume a send is told that it
paused."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from newsletter.app import Workspace
from newsletter.clock import FixedClock
from newsletter.dispatch import retry
from newsletter.dispatch.post import Ended, Report
from newsletter.model.delivery import DeliveryState, Sums
from newsletter.store import runs
from newsletter.store.engine import reading, writing
from newsletter.store.tables import audit, delivery, service_message
from newsletter.workflow.scheduling.carrying import LOOK, TURN, Turn, carry
from newsletter.workflow.sending.send import launch, plan_send
from tests.fakes.smtp import CLOSE, Fault
from tests.servers import free_port
from tests.workflow.office import ISSUE, approved, lay, office
from tests.workflow.test_real_send import mail_server, smtp

NEVER = threading.Event()


def test_a_run_has_a_turn_and_goes_on_while_nobody_waits() -> None:
    now, waiting = [0.0], [True]
    turn = Turn(threading.Event(), lambda: waiting[0], lambda: now[0])
    assert not turn.is_set()
    now[0], waiting[0] = TURN, False
    assert not turn.is_set()
    waiting[0] = True
    assert not turn.is_set()  # looked a moment ago
    now[0] += LOOK
    assert turn.is_set()


def test_who_waited_comes_first_then_the_rest(tmp_path: Path, clock: FixedClock) -> None:
    with office(lay(tmp_path / "ws"), clock) as ws:
        approved(ws)
        run = launched(ws, rehearse=True)
        with writing(ws.context.engine) as connection:
            connection.exec_driver_sql(
                "INSERT INTO run (issue_id, edition_id, number, rehearsal, state, publication, statutory, transport,"
                " token_key, position, due_at, give_up_after, launched_by, launched_at)"
                " SELECT issue_id, edition_id, 2, rehearsal, state, publication, statutory, transport, token_key,"
                " position, due_at, give_up_after, launched_by, launched_at FROM run"
            )
        deferred: list[tuple[str, str]] = []
        stopped = Report(Ended.STOPPED, Sums(0, {}))
        carry(ws.context, run, stopping=NEVER, defer=_into(deferred), dispatch=lambda *_, **__: stopped)
        assert deferred == [("send", str(run + 1)), ("send", str(run))]
        ending = threading.Event()
        ending.set()
        carry(ws.context, run, stopping=ending, defer=_into(deferred), dispatch=lambda *_, **__: stopped)
        assert len(deferred) == 2


def _into(deferred: list[tuple[str, str]]):  # type: ignore[no-untyped-def]
    return lambda name, key: deferred.append((name, key))


def launched(ws: Workspace, *, rehearse: bool = False) -> int:
    return launch(ws.context, plan_send(ws.context, ws.issue(ISSUE), rehearse=rehearse), ws.context.person("luc"))


@contextmanager
def two_servers(folder: Path, clock: FixedClock, first_port: int, second_port: int) -> Iterator[Workspace]:
    one = smtp(first_port)["tables"] + "\n[transports.smtp.limits]\nper_minute = 1\n"
    other = smtp(second_port)["tables"].replace("transports.smtp", "transports.other")
    with office(lay(folder, top='send_with = ["smtp", "other"]', tables=one + other), clock) as ws:
        approved(ws)
        yield ws


def test_the_next_transport_takes_over_and_sends_nothing_again(
    tmp_path: Path, clock: FixedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retry, "reopen_pause", lambda _: 0.0)
    deferred: list[tuple[str, str]] = []
    with mail_server() as first, mail_server() as second:
        first.faults = [Fault("dot", CLOSE)]  # it has the message, and says nothing
        with two_servers(tmp_path / "ws", clock, first.port, second.port) as ws:
            run = launched(ws)
            assert carry(ws.context, run, stopping=NEVER, defer=_into(deferred)).ended is Ended.WAITING
            settings = ws.context.settings.transports
            gone = settings["smtp"].model_copy(update={"port": free_port()})
            object.__setattr__(ws.context.settings, "transports", {**settings, "smtp": gone})
            object.__setattr__(ws.context.settings, "redirect_all_to", None)
            monkeypatch.setattr("newsletter.workflow.sending.send.check_origin", lambda _: None)
            for minutes in (1, 8):
                clock.advance(timedelta(minutes=minutes))
                report = carry(ws.context, run, stopping=NEVER, defer=_into(deferred))
                assert report.ended is Ended.UNAVAILABLE
            assert deferred == []
            clock.advance(timedelta(minutes=3))
            carry(ws.context, run, stopping=NEVER, defer=_into(deferred))
            assert deferred == [("send", str(run))]
            carry(ws.context, run, stopping=NEVER, defer=_into(deferred))
            with reading(ws.context.engine) as connection:
                assert runs.get(connection, run).transport == "other"
                states = sorted(connection.execute(select(delivery.c.state)).scalars())
                assert "failover" in connection.execute(select(audit.c.action)).scalars().all()
    assert states == ["accepted", "accepted", "unconfirmed"]
    assert len(second.accepted) == 2


def test_who_may_resume_is_told_that_a_send_paused_by_itself(tmp_path: Path, clock: FixedClock) -> None:
    with mail_server() as server:
        parts = smtp(server.port)
        people = '\n[people.noor]\nname = "Noor"\naddress = "noor@example.org"\nroles = ["admin"]\n'
        with office(lay(tmp_path / "ws", top=parts["top"], tables=parts["tables"] + people), clock) as ws:
            approved(ws)
            run = launched(ws)
            sums = Sums(3, {DeliveryState.PENDING: 3})
            told = Report(Ended.PAUSED, sums, "20 of the last 20 messages failed.", by_itself=True)
            carry(ws.context, run, stopping=NEVER, defer=_into([]), dispatch=lambda *_, **__: told)
            carry(
                ws.context, run, stopping=NEVER, defer=_into([]), dispatch=lambda *_, **__: Report(Ended.PAUSED, sums)
            )
            with reading(ws.context.engine) as connection:
                rows = connection.execute(select(service_message.c.kind, service_message.c.address)).all()
    assert [tuple(row) for row in rows] == [("send-halted", "noor@example.org")]
    assert b"20 of the last 20 messages failed." in server.accepted[0]
    assert b"/issues/news/2026-12/progress" in server.accepted[0].replace(b"=\r\n", b"")
