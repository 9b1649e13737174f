"""The checks of an issue on their page; warnings that somebody accepts, and errors that nobody can."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from newsletter.app import Workspace
from newsletter.clock import FixedClock
from newsletter.errors import UsageError
from newsletter.model.permission import NotAllowed
from newsletter.workflow.checking.acceptance import accept, accepted, key_of, withdraw
from tests.web.desk import client, csrf
from tests.workflow.office import ISSUE, lay, office

HERE = f"/issues/{ISSUE}/checks"


@pytest.fixture(scope="module")
def ws(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workspace]:
    """One for all: only the last test spoils it."""
    clock = FixedClock(datetime(2026, 11, 24, 10, 0, tzinfo=UTC))
    folder = lay(tmp_path_factory.mktemp("checks") / "ws")
    campaign = folder / "campaigns/news/campaign.yaml"
    campaign.write_text(campaign.read_text().replace("What is new at our association", "News " * 60))
    with office(folder, clock) as opened:
        yield opened


def test_the_page_answers_before_anything_is_composed(ws: Workspace) -> None:
    browser = client(ws, "ana")
    page = browser.get(HERE).text
    assert "Check it now" in page
    assert f'hx-get="{HERE}?run=1"' in page
    assert "In order" in browser.get(f"{HERE}?run=1").text
    assert "Check it now" not in browser.get(HERE).text


def test_a_warning_is_accepted_with_a_reason_that_stays_with_the_issue(ws: Workspace) -> None:
    browser, issue = client(ws, "ana"), ws.issue(ISSUE)
    page = browser.get(f"{HERE}?run=1").text
    findings = ws.compose(ISSUE).check()
    long = next(each for each in findings if each.code == "preview-length")
    assert long.what in page.replace("&#39;", "'").replace("&#34;", '"')
    form = {"csrf": csrf(page), "finding": key_of(long)}
    without = browser.post(f"{HERE}/accept", data={**form, "reason": " "})
    assert (without.status_code, accepted(ws.context, issue)) == (422, {})
    assert browser.post(f"{HERE}/accept", data={**form, "reason": "Our readers like it."}).status_code == 303
    assert accepted(ws.context, issue)[key_of(long)].by == "Ana"
    assert "Our readers like it." in browser.get(HERE).text
    assert browser.post(f"{HERE}/withdraw", data=form).status_code == 303
    assert accepted(ws.context, issue) == {}


def test_an_error_cannot_be_accepted_nor_what_nobody_said(ws: Workspace) -> None:
    from dataclasses import replace

    from newsletter.checks import Severity

    ctx, issue, ana = ws.context, ws.issue(ISSUE), ws.context.person("ana")
    warning = next(each for each in ws.compose(ISSUE).check() if not each.error)
    error = replace(warning, severity=Severity.ERROR)
    for findings, message in (([error], "mend it"), ([], "no longer say")):
        with pytest.raises(UsageError, match=message):
            accept(ctx, issue, findings, key_of(warning), "It is fine.", ana)
    assert accepted(ctx, issue) == {}


def test_another_warning_is_another_and_another_line_is_not(ws: Workspace) -> None:
    from dataclasses import replace

    one = next(each for each in ws.compose(ISSUE).check())
    moved = replace(one, where=replace(one.where, line=99, versions=7))
    assert key_of(moved) == key_of(one)
    assert key_of(replace(one, what="Something else")) != key_of(one)


def test_who_only_reads_accepts_nothing(ws: Workspace) -> None:
    from dataclasses import replace

    reader = replace(ws.context.person("ana"), roles=("reader",))
    with pytest.raises(NotAllowed):
        accept(ws.context, ws.issue(ISSUE), [], "x", "y", reader)
    with pytest.raises(NotAllowed):
        withdraw(ws.context, ws.issue(ISSUE), "x", reader)


def test_what_cannot_be_composed_blocks_with_its_place(ws: Workspace) -> None:
    browser = client(ws, "ana")
    for each in (ws.context.folder / "templates").glob("*.mjml"):
        each.write_text(each.read_text() + "\n{{ contact.nothing_of_the_kind }}")
    page = browser.get(f"{HERE}?run=1").text
    assert "Blocks the send" in page
    assert "templates/" in page
    assert "On to approval" not in page
