"""Schedule and send: the window, undo, the typed number, rehearsals that a stop does not lose, proofs."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from newsletter.app import Workspace
from newsletter.clock import FixedClock
from newsletter.errors import NewsletterError, UsageError
from newsletter.model.count import far_off, typed_number
from newsletter.model.delivery import RunState
from newsletter.model.issue import IssueState
from newsletter.store import runs
from newsletter.store.engine import reading
from newsletter.workflow.approving.approve import approve
from newsletter.workflow.approving.freeze import submit
from newsletter.workflow.results.status import status_of
from newsletter.workflow.scheduling import launching, schedule
from newsletter.workflow.scheduling.agenda import plan_issue
from newsletter.workflow.scheduling.planned import launch_issue
from newsletter.workflow.scheduling.work import LAUNCH, REHEARSE, SEND
from newsletter.workflow.sending.launch import LaunchedMeanwhile, launch
from newsletter.workflow.sending.plan import plan_send
from newsletter.workflow.sending.send import send
from tests.web.desk import client, post
from tests.workflow.office import ISSUE, approved, lay, office

MAIL = 'send_with = ["smtp"]\n'
SMTP = '[transports.smtp]\nkind = "smtp"\nhost = "127.0.0.1"\nport = 1\n'
PAGE = f"/issues/{ISSUE}/schedule"
Deferred = list[tuple[str, str]]


@pytest.fixture
def ws(tmp_path: Path, clock: FixedClock) -> Iterator[Workspace]:
    with office(lay(tmp_path / "ws", top=MAIL, tables=SMTP), clock) as opened:
        yield opened


def tick(ws: Workspace) -> Deferred:
    deferred: Deferred = []
    schedule.tick(ws.context, lambda name, key: deferred.append((name, key)))
    return deferred


def state(ws: Workspace) -> IssueState:
    return ws.issue(ISSUE).state


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("1,248", 1248),
        ("1 248", 1248),
        ("1\u202f248", 1248),
        ("1.248", 1248),
        ("١٬٢٤٨", 1248),
        ("12x", None),
        ("", None),
    ],
)
def test_a_number_is_typed_in_any_grouping_and_digits(text: str, number: int | None) -> None:
    assert typed_number(text) == number


@pytest.mark.parametrize(
    ("number", "last", "far"), [(120, 100, False), (121, 100, True), (15, 10, False), (16, 10, True)]
)
def test_far_from_last_time(number: int, last: int, far: bool) -> None:
    assert far_off(number, last) is far


def test_the_button_says_the_number_and_the_window_comes_before_the_launch(ws: Workspace, clock: FixedClock) -> None:
    approved(ws)
    luc = client(ws, "luc")
    messages = launching.outlook(ws.context, ws.issue(ISSUE)).messages
    assert f"Send {messages} messages" in luc.get(PAGE).text
    assert post(luc, f"{PAGE}/send").status_code == 303
    assert post(luc, f"{PAGE}/send").status_code == 303  # twice is once
    assert state(ws) is IssueState.SCHEDULED
    assert tick(ws) == []
    clock.advance(launching.WINDOW)
    assert tick(ws) == [(LAUNCH, str(ws.issue(ISSUE).id))]
    launch_issue(ws.context, ws.issue(ISSUE).id, lambda *_: None)
    [run] = status_of(ws.context, ws.issue(ISSUE)).runs
    assert run.state == "sending"


def test_taken_back_nothing_leaves_and_the_approval_holds(ws: Workspace, clock: FixedClock) -> None:
    approved(ws)
    luc = client(ws, "luc")
    post(luc, f"{PAGE}/send")
    assert post(luc, f"{PAGE}/undo").status_code == 303
    clock.advance(timedelta(minutes=5))
    assert tick(ws) == []
    assert state(ws) is IssueState.APPROVED
    assert launching.outlook(ws.context, ws.issue(ISSUE)).ready


def test_who_takes_it_back_while_it_is_being_launched_is_heard_or_told(ws: Workspace, clock: FixedClock) -> None:
    approved(ws)
    ctx, luc = ws.context, ws.context.person("luc")
    launching.send_now(ctx, ws.issue(ISSUE), luc)
    clock.advance(launching.WINDOW)
    plan = plan_send(ctx, ws.issue(ISSUE))
    launching.take_back(ctx, ws.issue(ISSUE), luc)
    with pytest.raises(LaunchedMeanwhile):
        launch(ctx, plan, luc)
    with reading(ctx.engine) as connection:
        assert runs.of_issue(connection, plan.issue.id) == []
    launching.send_now(ctx, ws.issue(ISSUE), luc)
    clock.advance(launching.WINDOW)
    launch_issue(ctx, plan.issue.id, lambda *_: None)
    with pytest.raises(UsageError, match="too late"):
        launching.take_back(ctx, ws.issue(ISSUE), luc)


def test_what_was_approved_for_a_time_leaves_at_no_other(ws: Workspace) -> None:
    plan_issue(ws.context, ws.issue(ISSUE), "2030-01-08 09:00", ws.context.person("ana"))
    approved(ws)
    luc = ws.context.person("luc")
    launching.take_back(ws.context, ws.issue(ISSUE), luc)
    with pytest.raises(NewsletterError, match="another time"):
        launching.send_now(ws.context, ws.issue(ISSUE), luc)
    assert launching.send_as_approved(ws.context, ws.issue(ISSUE), luc).year == 2030
    assert state(ws) is IssueState.SCHEDULED


def test_an_approval_for_any_time_holds_when_a_time_is_chosen(ws: Workspace) -> None:
    approved(ws)
    luc = client(ws, "luc")
    assert post(luc, f"{PAGE}/plan", {"when": "2030-01-08T09:00"}).status_code == 303
    assert state(ws) is IssueState.SCHEDULED
    page = luc.get(PAGE).text
    assert "8 Jan 2030, 09:00" in page
    assert "08:00 UTC" in page or "UTC (UTC+00:00)" in page


def test_a_time_that_is_past_or_none_keeps_what_was_typed(ws: Workspace) -> None:
    ana = client(ws, "ana")
    for typed, said in (("2001-01-01T09:00", "is past"), ("soon", "no local date")):
        answer = post(ana, f"{PAGE}/plan", {"when": typed})
        assert answer.status_code == 422
        assert said in answer.text
        assert f'value="{typed}"' in answer.text


def test_clocks_are_told(ws: Workspace) -> None:
    text = client(ws, "ana").get(f"{PAGE}/meaning", params={"when": "2030-03-31T02:30"}).text
    assert "clocks skip 02:30" in text or ws.context.settings.time_zone == "UTC"


def test_the_number_is_typed_where_nobody_else_approved(tmp_path: Path, clock: FixedClock) -> None:
    folder = lay(tmp_path / "own", top=MAIL, tables=SMTP)
    settings = folder / "newsletter.toml"
    settings.write_text(settings.read_text().replace("approve_own = false", "approve_own = true"))
    with office(folder, clock) as ws:
        local = ws.context.person("local")
        submit(ws.context, ws.issue(ISSUE), local)
        approve(ws.context, ws.issue(ISSUE), local)
        with pytest.raises(launching.TypeTheNumber):
            launching.send_now(ws.context, ws.issue(ISSUE), local)
        messages = launching.outlook(ws.context, ws.issue(ISSUE)).messages
        launching.send_now(ws.context, ws.issue(ISSUE), local, typed=f" {messages} ")
        assert state(ws) is IssueState.SCHEDULED


def test_a_rehearsal_is_begun_and_the_schedule_finishes_it_after_a_stop(
    ws: Workspace, tmp_path: Path, clock: FixedClock
) -> None:
    approved(ws)
    luc = client(ws, "luc")
    assert post(luc, f"{PAGE}/rehearse").status_code == 303
    assert post(luc, f"{PAGE}/rehearse").status_code == 303
    ws.close()  # a stop: only the row is left
    with office(tmp_path / "ws", clock) as again:
        [(kind, key)] = tick(again)
        assert kind == REHEARSE
        sends: Deferred = []
        launching.finish_rehearsal(again.context, int(key), lambda name, run: sends.append((name, run)))
        launching.finish_rehearsal(again.context, int(key), lambda name, run: sends.append((name, run)))
        assert sends == [(SEND, key)]
        send(again.context, int(key))
        [run] = status_of(again.context, again.issue(ISSUE)).runs
        assert (run.rehearsal, run.state) == (True, "done")
        assert state(again) is IssueState.APPROVED


def test_a_rehearsal_that_cannot_begin_says_why(ws: Workspace) -> None:
    approved(ws)
    run_id = launching.rehearse(ws.context, ws.issue(ISSUE), ws.context.person("luc"))
    plan_issue(ws.context, ws.issue(ISSUE), "2030-01-08 09:00", ws.context.person("ana"))
    submit(ws.context, ws.issue(ISSUE), ws.context.person("ana"))  # another version
    with pytest.raises(NewsletterError):
        launching.finish_rehearsal(ws.context, run_id, lambda *_: None)
    with reading(ws.context.engine) as connection:
        run = runs.get(connection, run_id)
    assert run.state is RunState.CANCELLED
    assert "could not begin" in str(run.reason)


def test_proofs_of_every_language_in_one_click(tmp_path: Path, clock: FixedClock) -> None:
    with office(lay(tmp_path / "proofs"), clock) as ws:
        assert post(client(ws, "ana"), f"{PAGE}/proofs").status_code == 303
        files = list((tmp_path / "proofs/outbox/new").iterdir())
        assert files
        assert all(b"[Test]" in file.read_bytes() for file in files)
        assert post(client(ws, "luc"), f"{PAGE}/proofs").status_code == 422  # no address


def test_an_author_cannot_send(ws: Workspace) -> None:
    approved(ws)
    ana = client(ws, "ana")
    assert "/send" not in ana.get(PAGE).text
    assert post(ana, f"{PAGE}/send").status_code == 403
    assert state(ws) is IssueState.APPROVED
