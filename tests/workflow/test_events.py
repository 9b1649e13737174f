"""Events settle what was in doubt: late, twice, in any order; and they tell which addresses are dead."""

from __future__ import annotations

import itertools
import json
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, update

from newsletter.app import Workspace
from newsletter.clock import FixedClock
from newsletter.dispatch import retry, settling
from newsletter.dispatch.transports.base import Outcome
from newsletter.dispatch.transports.outbox import Outbox
from newsletter.store import runs
from newsletter.store.engine import reading, writing
from newsletter.store.tables import attempt, delivery, event, run, suppression
from newsletter.workflow.scheduling.doubts import ask_after_doubts
from newsletter.workflow.sending.send import send
from tests.fakes.sendgrid import KEY, FakeSendGrid
from tests.tracking.keys import public, signed
from tests.web.desk import client
from tests.workflow.office import approved, carry, lay, office
from tests.workflow.test_real_send import mail_server, smtp


@contextmanager
def in_doubt(
    folder: Path, clock: FixedClock, monkeypatch: pytest.MonkeyPatch, more: str = ""
) -> Iterator[tuple[Workspace, FakeSendGrid]]:
    """Three deliveries of one request, of which nobody knows whether SendGrid took it."""
    monkeypatch.setenv("NEWSLETTER_SENDGRID_API_KEY", KEY)
    with FakeSendGrid(script=deque(["502!"])).running() as server:
        table = f'\n[transports.sg]\nkind = "sendgrid"\nhost = "{server.url}"\nwebhook_key = "{public()}"\n{more}'
        with office(lay(folder, top='send_with = ["sg"]', tables=table), clock) as ws:
            approved(ws)
            assert "unconfirmed 3" in carry(ws, rehearse=False)
            yield ws, server


def attempts(ws: Workspace) -> list[Any]:
    with reading(ws.context.engine) as connection:
        return list(connection.execute(select(attempt.c.id, attempt.c.delivery_id).order_by(attempt.c.id)))


def told(row: Any, kind: str, number: int, **more: Any) -> dict[str, Any]:
    ours = {"x_delivery": str(row.delivery_id), "x_attempt": str(row.id), "email": "someone@npf.example"}
    return {"event": kind, "timestamp": 1795514500 + number, "sg_event_id": f"e{number}"} | ours | more


def arrive(ws: Workspace, *events: dict[str, Any], status: int = 204) -> None:
    body = json.dumps(events).encode()
    answer = client(ws, only="public").post("/hooks/sendgrid/sg", content=body, headers=signed(body))
    assert answer.status_code == status
    assert answer.text == ""


def states(ws: Workspace) -> list[tuple[str, str | None]]:
    with reading(ws.context.engine) as connection:
        return [
            tuple(row) for row in connection.execute(select(delivery.c.state, delivery.c.fate).order_by(delivery.c.id))
        ]


@pytest.mark.parametrize("asked_for", [3, 1])
def test_the_logs_of_sendgrid_settle_what_is_in_doubt(
    tmp_path: Path, clock: FixedClock, monkeypatch: pytest.MonkeyPatch, asked_for: int
) -> None:
    more = "settle_requests = false\n" if asked_for == 3 else ""
    with in_doubt(tmp_path / "ws", clock, monkeypatch, more) as (ws, server):
        assert ask_after_doubts(ws.context) == 0  # the key may not read the logs
        assert [state for state, _ in states(ws)] == ["unconfirmed"] * 3
        server.logs_allowed = True
        assert ask_after_doubts(ws.context) == 3
        assert [state for state, _ in states(ws)] == ["accepted"] * 3
        looked = [path for _, path, _ in server.requests if path.startswith("/v3/logs/")]
        assert len(looked) == asked_for
        assert len(server.accepted) == 3


def test_one_event_settles_the_whole_request(
    tmp_path: Path, clock: FixedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    with in_doubt(tmp_path / "ws", clock, monkeypatch) as (ws, _):
        arrive(ws, told(attempts(ws)[0], "processed", 1))
        assert states(ws) == [("accepted", None)] * 3


def test_or_only_its_own_where_the_settings_say_so(
    tmp_path: Path, clock: FixedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    with in_doubt(tmp_path / "ws", clock, monkeypatch, "settle_requests = false\n") as (ws, _):
        arrive(ws, told(attempts(ws)[0], "processed", 1))
        assert [state for state, _ in states(ws)] == ["accepted", "unconfirmed", "unconfirmed"]


def test_in_any_order_and_twice_the_outcome_is_the_same(
    tmp_path: Path, clock: FixedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    with in_doubt(tmp_path / "ws", clock, monkeypatch) as (ws, _):
        first, second, third = attempts(ws)
        kinds = [
            told(first, "delivered", 1),
            told(first, "processed", 2),
            told(
                second, "bounce", 3, type="bounce", bounce_classification="Invalid Address", reason="550 no such user"
            ),
            told(second, "delivered", 4),
            told(third, "spamreport", 5),
            told(third, "delivered", 6),
        ]
        for order in itertools.islice(itertools.permutations(kinds), 0, 720, 143):
            arrive(ws, *order)
            arrive(ws, *reversed(order))
        assert states(ws) == [("accepted", "delivered"), ("accepted", "bounced"), ("accepted", "complained")]
        with reading(ws.context.engine) as connection:
            assert len(connection.execute(select(event.c.id)).all()) == len(kinds)
            assert sorted(connection.execute(select(suppression.c.reason)).scalars()) == ["bounced", "complained"]
            assert "npf.example" not in str(connection.execute(select(event.c.data)).all())


def test_a_late_bounce_that_names_only_the_address_stops_mail_to_it(
    tmp_path: Path, clock: FixedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    with in_doubt(tmp_path / "ws", clock, monkeypatch) as (ws, _):
        bare = {"event": "bounce", "type": "bounce", "status": "5.1.1", "email": "gone@npf.example", "timestamp": 1}
        arrive(ws, bare, bare | {"email": "not an address"})
        with reading(ws.context.engine) as connection:
            assert list(connection.execute(select(suppression.c.scope)).scalars()) == ["address"]


def test_events_of_others_change_nothing(tmp_path: Path, clock: FixedClock, monkeypatch: pytest.MonkeyPatch) -> None:
    with in_doubt(tmp_path / "ws", clock, monkeypatch) as (ws, _):
        first, second, _ = attempts(ws)
        mixed = told(first, "delivered", 1, x_attempt=str(second.id))  # of another delivery
        unknown = told(first, "delivered", 2, x_attempt="99999")
        arrive(ws, mixed, unknown, {"event": "account_status_change"})
        body = json.dumps([told(first, "delivered", 3)]).encode()
        public_pages = client(ws, only="public")
        headers = signed(body + b" ")
        assert public_pages.post("/hooks/sendgrid/sg", content=body, headers=headers).status_code == 403
        assert public_pages.post("/hooks/sendgrid/outbox", content=body, headers=signed(body)).status_code == 404
        assert states(ws) == [("unconfirmed", None)] * 3


def test_a_transport_that_was_left_is_still_asked_of_what_it_carried(
    tmp_path: Path, clock: FixedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retry, "reopen_pause", lambda _: 0.0)
    monkeypatch.setenv("NEWSLETTER_SENDGRID_API_KEY", KEY)
    with FakeSendGrid(script=deque(["502!"])).running() as first, mail_server() as second:
        left = f'\n[transports.sg]\nkind = "sendgrid"\nhost = "{first.url}"\n[transports.sg.limits]\nper_minute = 1\n'
        folder = lay(tmp_path / "ws", top='send_with = ["sg", "smtp"]', tables=left + smtp(second.port)["tables"])
        with office(folder, clock) as ws:
            approved(ws)
            assert "unconfirmed 1" in carry(ws, rehearse=False)
            with writing(ws.context.engine) as connection:
                connection.execute(update(run).values(transport="smtp"))
            first.logs_allowed = True
            assert ask_after_doubts(ws.context) == 1  # while two wait for the next one
            assert "accepted 3" in carry(ws, rehearse=False)
            assert (len(first.accepted), len(second.accepted)) == (1, 2)


def test_a_doubt_that_proves_unsent_after_the_end_is_sent(tmp_path: Path, clock: FixedClock) -> None:
    with office(lay(tmp_path / "ws"), clock) as ws:
        approved(ws)
        assert "accepted 3" in carry(ws)
        with writing(ws.context.engine) as connection:
            connection.execute(update(delivery).values(state="unconfirmed"))
            connection.execute(update(attempt).values(state="unconfirmed"))
        gone = next((folder := ws.context.folder / "outbox" / "new").iterdir())
        gone.unlink()
        assert ask_after_doubts(ws.context) == 3
        with reading(ws.context.engine) as connection:
            workable = runs.workable(connection, now=clock.now())
        assert len(workable) == 1
        assert "accepted 3" in send(ws.context, workable[0]).sums.line
        assert len(list(folder.iterdir())) == 3


def test_what_proved_unsent_goes_on_though_the_next_question_fails(
    tmp_path: Path, clock: FixedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(settling, "BITE", 1)
    with office(lay(tmp_path / "ws"), clock) as ws:
        approved(ws)
        assert "accepted 3" in carry(ws)
        with writing(ws.context.engine) as connection:
            connection.execute(update(delivery).values(state="unconfirmed"))
            connection.execute(update(attempt).values(state="unconfirmed"))
        for file in (ws.context.folder / "outbox" / "new").iterdir():
            file.unlink()
        answers = itertools.chain([Outbox.probe], itertools.repeat(unreachable))
        monkeypatch.setattr(Outbox, "probe", lambda *given: next(answers)(*given))
        with pytest.raises(OSError, match="gone"):
            ask_after_doubts(ws.context)
        assert sorted(state for state, _ in states(ws)) == ["pending", "unconfirmed", "unconfirmed"]
        with reading(ws.context.engine) as connection:
            assert len(runs.workable(connection, now=clock.now())) == 1


def test_a_transport_that_lacks_its_password_keeps_nobody_from_asking_another(
    tmp_path: Path, clock: FixedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    lacking = '[transports.a]\nkind = "smtp"\nhost = "localhost"\nusername = "ana"\n'
    with in_doubt(tmp_path / "ws", clock, monkeypatch, lacking) as (ws, server):
        server.logs_allowed = True
        with writing(ws.context.engine) as connection:
            connection.execute(update(attempt).where(attempt.c.id == 1).values(transport="a"))
        assert ask_after_doubts(ws.context) == 2


async def unreachable(*_: object) -> dict[int, Outcome]:
    raise OSError("gone")
