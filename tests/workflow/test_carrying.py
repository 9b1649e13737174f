"""Runs take turns; a transport that cannot be reached is left for the next; who may resume a send is told that it
paused."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import pairwise
from pathlib import Path

import pytest
from sqlalchemy import select

from newsletter.app import Workspace
from newsletter.clock import FixedClock
from newsletter.dispatch import retry
from newsletter.dispatch.post import Ended, Report
from newsletter.errors import NewsletterError
from newsletter.model.delivery import DeliveryState, Sums
from newsletter.store import runs
from newsletter.store.engine import reading, writing
from newsletter.store.tables import audit, delivery, service_message
from newsletter.workflow.context import Context
from newsletter.workflow.scheduling.carrying import LOOK, TURN, Turn, Turns, carry
from newsletter.workflow.sending.launch import launch
from newsletter.workflow.sending.plan import plan_send
from newsletter.workflow.sending.send import Stopping
from tests.fakes.smtp import CLOSE, Fault
from tests.servers import free_port
from tests.workflow.office import ISSUE, approved, lay, office
from tests.workflow.test_real_send import mail_server, smtp

NEVER = threading.Event()


class Hands:
    """A clock for turns, put forward by hand."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_a_run_has_a_turn_and_goes_on_while_nobody_waits() -> None:
    clock, waiting = Hands(), [2]
    turns = Turns(clock)
    turns.end(2)
    turns.cut_short(2)
    turn = Turn(threading.Event(), lambda: waiting, turns)
    clock.now = TURN - LOOK
    assert not turn.is_set()  # 2 had its turn before
    clock.now, waiting = TURN, []
    assert not turn.is_set()
    waiting = [2]
    assert not turn.is_set()  # looked a moment ago
    clock.now += LOOK
    assert turn.is_set()


def add_run(ws: Workspace) -> None:
    """Another that is being sent, as the first is; nothing is left of it but its end."""
    with writing(ws.context.engine) as connection:
        connection.exec_driver_sql(
            "INSERT INTO run (issue_id, edition_id, number, rehearsal, state, publication, statutory, transport,"
            " token_key, position, due_at, give_up_after, launched_by, launched_at)"
            " SELECT issue_id, edition_id, (SELECT MAX(number) + 1 FROM run), rehearsal, 'sending', publication,"
            " statutory, transport, token_key, position, due_at, give_up_after, launched_by, launched_at"
            " FROM run WHERE number = 1"
        )


@dataclass
class Desk:
    """Runs that one program sends in turn, a message each hundredth of a second. `due`: how many are left, by run."""

    ws: Workspace
    due: dict[int, int]
    clock: Hands = field(default_factory=Hands)
    begun: list[tuple[int, float]] = field(default_factory=list)
    queue: deque[int] = field(default_factory=deque)
    meanwhile: Callable[[float], None] = lambda _: None

    def work(self, first: int) -> None:
        turns = Turns(self.clock)
        self.queue.append(first)
        while self.queue:
            run = self.queue.popleft()
            carry(self.ws.context, run, stopping=NEVER, defer=self._defer, turns=turns, dispatch=self._send)

    def _defer(self, _: str, key: str) -> None:
        if int(key) not in self.queue:
            self.queue.append(int(key))

    def _send(self, _: Context, run: int, *, stopping: Stopping, turn: Stopping) -> Report:
        self.begun.append((run, self.clock.now))
        while self.due[run] and not turn.is_set():
            self.due[run] -= 1
            self.clock.now = round(self.clock.now + 0.01, 2)
            self.meanwhile(self.clock.now)
        if self.due[run]:
            return Report(Ended.STOPPED, Sums(0, {}))
        with writing(self.ws.context.engine) as connection:
            connection.exec_driver_sql(f"UPDATE run SET state = 'done' WHERE id = {run}")
        return Report(Ended.DONE, Sums(0, {}))


def test_a_small_alert_overtakes_large_digests_within_a_second(tmp_path: Path, clock: FixedClock) -> None:
    with office(lay(tmp_path / "ws"), clock) as ws:
        approved(ws)
        assert launched(ws, rehearse=True) == 1
        add_run(ws)
        desk = Desk(ws, {1: 6000, 2: 6000, 3: 50})
        desk.meanwhile = lambda now: add_run(ws) if now == 15.0 else None  # the third falls due
        desk.work(1)
    [alert] = [at for run, at in desk.begun if run == 3]
    assert 15.0 < alert <= 16.0
    digests = [(run, at) for run, at in desk.begun if run != 3]
    assert digests[:2] == [(1, 0.0), (2, LOOK)]  # the second had waited for its first turn
    later = [at for _, at in digests if at > alert]
    lengths = [after - at for at, after in pairwise(later)]
    assert len(lengths) > 3
    assert min(lengths[:-1]) >= TURN  # from then on they take turns of a fair length


def test_a_run_that_takes_long_to_find_its_server_away_leaves_the_others_their_turns(
    tmp_path: Path, clock: FixedClock
) -> None:
    with office(lay(tmp_path / "ws"), clock) as ws:
        approved(ws)
        run, hands, lengths = launched(ws, rehearse=True), Hands(), list[float]()
        add_run(ws)
        turns = Turns(hands)

        def has_a_turn(_: Context, __: int, *, stopping: Stopping, turn: Stopping) -> Report:
            begun = hands.now
            while not turn.is_set():
                hands.now += LOOK
            lengths.append(hands.now - begun)
            return Report(Ended.STOPPED, Sums(0, {}))

        def looks_in_vain(*_: object, **__: object) -> Report:
            hands.now += 2 * TURN
            return Report(Ended.UNAVAILABLE, Sums(0, {}), "no answer")

        for each, dispatch in [(run, has_a_turn), (run + 1, looks_in_vain)] * 3:
            carry(ws.context, each, stopping=NEVER, defer=_into([]), turns=turns, dispatch=dispatch)
    assert lengths == [LOOK, TURN, TURN]


def test_after_a_cancelled_run_who_waited_goes_on_at_once(tmp_path: Path, clock: FixedClock) -> None:
    with office(lay(tmp_path / "ws"), clock) as ws:
        approved(ws)
        run, deferred = launched(ws, rehearse=True), list[tuple[str, str]]()
        add_run(ws)
        cancelled = Report(Ended.CANCELLED, Sums(0, {}))
        carry(
            ws.context, run, stopping=NEVER, defer=_into(deferred), turns=Turns(), dispatch=lambda *_, **__: cancelled
        )
    assert deferred == [("send", str(run + 1))]


def test_a_run_that_cannot_be_sent_does_not_cut_in_for_ever(tmp_path: Path, clock: FixedClock) -> None:
    with office(lay(tmp_path / "ws"), clock) as ws:
        approved(ws)
        run, hands = launched(ws, rehearse=True), Hands()
        turns = Turns(hands)

        def fails(*_: object, **__: object) -> Report:
            raise NewsletterError("The approved edition names a transport that is gone.")

        assert turns.at_once(run)
        with pytest.raises(NewsletterError):
            carry(ws.context, run, stopping=NEVER, defer=_into([]), turns=turns, dispatch=fails)
        assert not turns.at_once(run)
        hands.now = TURN
        assert turns.at_once(run)


def test_who_waited_comes_first_then_the_rest(tmp_path: Path, clock: FixedClock) -> None:
    with office(lay(tmp_path / "ws"), clock) as ws:
        approved(ws)
        run = launched(ws, rehearse=True)
        add_run(ws)
        add_run(ws)
        deferred: list[tuple[str, str]] = []
        turns = Turns()
        turns.cut_short(run + 1)
        stopped = Report(Ended.STOPPED, Sums(0, {}))
        carry(ws.context, run, stopping=NEVER, defer=_into(deferred), turns=turns, dispatch=lambda *_, **__: stopped)
        assert deferred == [("send", str(run + 2)), ("send", str(run + 1)), ("send", str(run))]
        ending = threading.Event()
        ending.set()
        carry(ws.context, run, stopping=ending, defer=_into(deferred), turns=turns, dispatch=lambda *_, **__: stopped)
        assert len(deferred) == 3


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
            assert carry(ws.context, run, stopping=NEVER, defer=_into(deferred), turns=Turns()).ended is Ended.WAITING
            settings = ws.context.settings.transports
            gone = settings["smtp"].model_copy(update={"port": free_port()})
            object.__setattr__(ws.context.settings, "transports", {**settings, "smtp": gone})
            object.__setattr__(ws.context.settings, "redirect_all_to", None)
            monkeypatch.setattr("newsletter.workflow.sending.send.check_origin", lambda _: None)
            for minutes in (1, 8):
                clock.advance(timedelta(minutes=minutes))
                report = carry(ws.context, run, stopping=NEVER, defer=_into(deferred), turns=Turns())
                assert report.ended is Ended.UNAVAILABLE
            assert deferred == []
            clock.advance(timedelta(minutes=3))
            carry(ws.context, run, stopping=NEVER, defer=_into(deferred), turns=Turns())
            assert deferred == [("send", str(run))]
            carry(ws.context, run, stopping=NEVER, defer=_into(deferred), turns=Turns())
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
            carry(ws.context, run, stopping=NEVER, defer=_into([]), turns=Turns(), dispatch=lambda *_, **__: told)
            carry(
                ws.context,
                run,
                stopping=NEVER,
                defer=_into([]),
                turns=Turns(),
                dispatch=lambda *_, **__: Report(Ended.PAUSED, sums),
            )
            with reading(ws.context.engine) as connection:
                rows = connection.execute(select(service_message.c.kind, service_message.c.address)).all()
    assert [tuple(row) for row in rows] == [("send-halted", "noor@example.org")]
    assert b"20 of the last 20 messages failed." in server.accepted[0]
    assert b"/issues/news/2026-12/progress" in server.accepted[0].replace(b"=\r\n", b"")
