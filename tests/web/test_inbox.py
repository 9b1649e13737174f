"""Subjects and preview texts as a contact's inbox shows them, saved or just typed, with their lengths."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from html import unescape

import pytest

from newsletter.app import Workspace
from newsletter.clock import FixedClock
from tests.web.desk import client, post
from tests.workflow.office import ISSUE, lay, office

HERE = f"/issues/{ISSUE}/content/subjects"


@pytest.fixture(scope="module")
def ws(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workspace]:
    folder = lay(tmp_path_factory.mktemp("inbox") / "ws")
    campaign = folder / "campaigns/news/campaign.yaml"
    lines = "subject: {en: '{{ contact.first_name }}, {{ sections[0].items[0].title }}"
    campaign.write_text(campaign.read_text().replace("subject: {en: 'News", lines))
    with office(folder, FixedClock(datetime(2026, 11, 24, 10, 0, tzinfo=UTC))) as opened:
        yield opened


def words(page: str) -> str:
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", page)).split())


def typed(ws: Workspace, **lines: str) -> str:
    answer = post(client(ws, "ana"), f"{HERE}/read/en", {f"{name}.en": text for name, text in lines.items()})
    assert answer.status_code == 200
    return answer.text


def test_the_newsletters_own_lines_are_read_by_a_contact(ws: Workspace) -> None:
    page = words(client(ws, "ana").get(f"{HERE}?read=1").text)
    assert "In the inbox of Astrid Berg:" in page
    assert "Left empty, as the newsletter says: Astrid, A counter opens, December 2026" in page
    assert "Subject: 38 characters" in page
    assert "…" not in page.split("Subjects and preview texts", 1)[1].replace("sent it to …", "")


def test_what_is_typed_is_read_before_it_is_saved(ws: Workspace) -> None:
    answer = typed(ws, subject="Hello {{ contact.last_name }}", preview="x" * 30)
    page = words(answer)
    assert "Hello Berg" in page
    assert "Subject: 10 characters" in page
    assert "Preview text: 30 characters (40 to 90 are best)" in page
    assert '<bdi id="u-subject-en" lang="en" dir="ltr" hx-swap-oob="true">Astrid, A counter' in answer
    assert ws.context.draft("news", "2026-12").subject == {}
    assert "64 characters (at most 60)" in words(typed(ws, subject="y" * 64))


def test_half_a_merge_field_is_said_and_nothing_breaks(ws: Workspace) -> None:
    assert 'class="error"' in typed(ws, subject="Hello {{ contact.")
    assert 'class="error"' in typed(ws, subject="Hello {{ contact.nothing }}")
    browser = client(ws, "ana")
    assert post(browser, f"{HERE}/read/xx").status_code == 422
    assert browser.post(f"{HERE}/read/en", data={}).status_code == 403
