"""The studio's pages on a workspace whose database is PostgreSQL: the same answers as on SQLite."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import select
from starlette.testclient import TestClient

from newsletter.app import Workspace
from newsletter.clock import FixedClock
from newsletter.store.engine import reading
from newsletter.store.tables import delivery
from tests.servers import PostgresServer
from tests.web.desk import client, post
from tests.workflow.office import ISSUE, add_contacts, approved, carry, lay, office

pytestmark = pytest.mark.postgresql

HUB = f"/issues/{ISSUE}"
RUN = {"run": 1}


@pytest.fixture
def ws(tmp_path: Path, clock: FixedClock, postgres: PostgresServer) -> Iterator[Workspace]:
    """An office that has rehearsed its issue to everybody there was."""
    with office(lay(tmp_path / "ws"), clock, {"DATABASE_URL": postgres.new_database()}) as opened:
        approved(opened)
        carry(opened)
        yield opened


def got(browser: TestClient, path: str, **asked: str | int) -> str:
    answer = browser.get(path, params=dict(asked) or None)
    assert answer.status_code == 200, (path, asked, answer.text[-400:])
    return str(answer.text)


def test_the_pages_answer_with_the_right_numbers(ws: Workspace, tmp_path: Path) -> None:
    with reading(ws.context.engine) as connection:
        assert connection.dialect.name == "postgresql"
        rows = connection.execute(select(delivery.c.id, delivery.c.address).order_by(delivery.c.id)).all()
    browser, everybody = client(ws, "ana"), len(rows)
    assert everybody == len(list((tmp_path / "ws/outbox/new").iterdir()))
    progress = f"{HUB}/progress"

    assert ISSUE in got(browser, "/")
    assert ISSUE in got(browser, "/issues")
    assert ISSUE in got(browser, "/issues", state="approved", campaign="news")
    assert "Approved" in got(browser, HUB)
    assert f"{everybody} messages lie in the practice folder" in got(browser, progress)
    assert got(browser, progress, state="accepted").count("/contacts/") == everybody
    assert f"{everybody} of {everybody} contacts are settled" in got(browser, f"{progress}/now", **RUN)
    assert "event: over" in got(browser, f"{progress}/events", **RUN)
    assert "English" in got(browser, f"{progress}/breakdown", **RUN)
    assert "every institution would have" in got(browser, f"{progress}/unreached", **RUN)
    assert len(got(browser, f"{progress}/export.csv", **RUN).splitlines()) == everybody + 1

    for path in ("articles", "people", "account", "who"):
        got(browser, f"/{path}")
    for step in ("content", "content/reach", "content/history", "preview", "checks?run=1", "approval", "approval/who"):
        got(browser, f"{HUB}/{step}")
    for step in ("schedule", "schedule/meaning?when=tomorrow", "schedule/window", "schedule/unserved", "links"):
        got(browser, f"{HUB}/{step}")
    for row in rows:
        assert row.address in got(browser, f"/deliveries/{row.id}")
        assert row.address in post(browser, "/who", {"asked": row.address.upper()}).text

    add_contacts(tmp_path / "ws", ws, "dora@npf.example")
    counted = got(browser, f"{HUB}/recipients", run=1)
    assert "dora@npf.example" in counted
    assert got(browser, f"{HUB}/recipients", run=1, language="en").count("@") >= 1
    assert got(browser, f"{HUB}/recipients", run=1, who="out")
    assert "dora@npf.example" in post(browser, "/who", {"asked": "@npf.example"}).text
