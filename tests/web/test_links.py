"""The links of an issue: led elsewhere after the send, for everybody at once, and put back."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import select

from newsletter.app import Workspace
from newsletter.clock import FixedClock
from newsletter.store.engine import reading
from newsletter.store.tables import audit
from newsletter.workflow.approving.freeze import submit
from newsletter.workflow.checking.mended_links import links_of
from tests.web.desk import client, post
from tests.workflow.office import ISSUE, approved, lay, office

HERE = f"/issues/{ISSUE}/links"
PLAN = "https://plan.example/"
OLD, NEW = "https://elsewhere.example/door", "https://elsewhere.example/new?door=1"
DOOR = f"---\ntitle: A door\nlink: {OLD}\n---\nSee [the plan]({PLAN}).\n"


@pytest.fixture
def ws(tmp_path: Path) -> Iterator[Workspace]:
    folder = lay(tmp_path / "ws")
    (folder / "campaigns/news/articles/door.en.md").write_text(DOOR)
    with office(folder, FixedClock(datetime(2026, 11, 24, 10, 0, tzinfo=UTC))) as opened:
        approved(opened)
        yield opened


def where(ws: Workspace, number: int) -> str:
    row = ws.issue(ISSUE)
    return str(client(ws, only="public").get(f"/l/{row.id}/{number}").headers["location"])


def test_a_link_is_led_elsewhere_kept_so_by_a_new_version_and_put_back(ws: Workspace) -> None:
    browser = client(ws, "luc")
    [plan, door] = links_of(ws.context, ws.issue(ISSUE))
    assert (door.article, door.language, plan.article) == ("door", "en", "door")
    assert where(ws, door.number) == OLD
    answer = post(browser, HERE, {"number": door.number, "seen": OLD, "target": f" {NEW} "})
    assert answer.status_code == 303
    assert where(ws, door.number) == NEW
    page = browser.get(HERE).text
    assert all(words in page for words in ("A door", OLD, "new?door=1", "followed 2 times", "Changed by Luc"))
    (ws.context.folder / "campaigns/news/articles/counter.en.txt").write_text("Another\n\nAnother\n\nIt is other.")
    submit(ws.context, ws.issue(ISSUE), ws.context.person("ana"))
    assert [row.target for row in links_of(ws.context, ws.issue(ISSUE))] == [plan.target, NEW]
    coded = "https://xn--exmple-cua.org/pr%C3%A9st%20a?b=%C3%A9#c"
    post(browser, HERE, {"number": door.number, "seen": NEW, "target": "https://exämple.org/prést%20a?b=é#c"})
    assert where(ws, door.number) == coded
    post(browser, HERE, {"number": door.number, "seen": coded, "target": OLD})
    assert where(ws, door.number) == OLD
    with reading(ws.context.engine) as connection:
        kept = connection.scalars(select(audit.c.data).where(audit.c.action == "link led elsewhere")).all()
    assert [(each["before"], each["after"]) for each in kept] == [(OLD, NEW), (NEW, coded), (coded, OLD)]


def test_what_is_no_page_or_was_changed_meanwhile_changes_nothing(ws: Workspace) -> None:
    browser = client(ws, "luc")
    own = f"{ws.context.settings.public_url}/l/1/1"
    for target in (
        "javascript:alert(1)",
        "mailto:a@b.example",
        "//x.example",
        "https://",
        "https://a b.example/",
        own,
        f"https://{'a' * 70}é/",
    ):
        answer = post(browser, HERE, {"number": 1, "seen": PLAN, "target": target})
        assert (answer.status_code, where(ws, 1)) == (422, PLAN), target
    assert post(browser, HERE, {"number": 1, "seen": NEW, "target": "https://x.example/"}).status_code == 422
    assert post(browser, HERE, {"number": 9, "seen": PLAN, "target": NEW}).status_code == 422
    assert post(client(ws, "ana"), HERE, {"number": 1, "seen": PLAN, "target": NEW}).status_code == 403
    assert where(ws, 1) == PLAN
