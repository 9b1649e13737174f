"""Trying the links of an issue from its checks, against a real server: who asked, what came of it, where it stands."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from newsletter.app import Workspace
from newsletter.clock import FixedClock
from newsletter.gathering.fetch import Limits
from newsletter.store.engine import writing
from newsletter.store.tables import link, link_trial
from newsletter.workflow.checking.link_trials import carry_out
from newsletter.workflow.checking.mended_links import point
from newsletter.workflow.scheduling.schedule import tick
from newsletter.workflow.scheduling.work import LINKS
from tests.web.desk import client, csrf, post
from tests.workflow.office import ISSUE, approved, lay, office

HERE = f"/issues/{ISSUE}/checks"
asked: list[str] = []


class _Site(BaseHTTPRequestHandler):
    def do_HEAD(self) -> None:
        asked.append(self.path)
        self.send_response(200 if self.path == "/there" else 404)
        self.send_header("Content-Length", "0")
        self.end_headers()

    do_GET = do_HEAD

    def log_message(self, format: str, *args: object) -> None: ...


@pytest.fixture(scope="module")
def site() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), _Site) as server:
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        yield f"http://site.example:{server.server_address[1]}"
        server.shutdown()


@pytest.fixture(scope="module")
def ws(tmp_path_factory: pytest.TempPathFactory, site: str) -> Iterator[Workspace]:
    """An issue whose text leads to a page that is there and to one that is gone; only the last test spoils it."""
    folder = lay(tmp_path_factory.mktemp("trying") / "ws")
    text = f"---\ntitle: Doors\nsummary: Two.\n---\nA [good one]({site}/there) and a [bad one]({site}/gone).\n"
    (folder / "campaigns/news/articles/doors.en.md").write_text(text)
    (folder / "campaigns/news/articles/counter.en.txt").unlink()
    campaign = folder / "campaigns/news/campaign.yaml"
    campaign.write_text(campaign.read_text().replace("layout: list", "layout: foreword"))
    with office(folder, FixedClock(datetime(2026, 11, 24, 13, 7, tzinfo=UTC))) as opened:
        yield opened


def limits(site: str) -> Limits:
    port = int(site.rsplit(":", 1)[1])
    return Limits(ports=frozenset({port}), permits=lambda address: True, resolve=lambda *_: ["127.0.0.1"], seconds=5)


def try_them(ws: Workspace, site: str) -> str:
    """The page after somebody pressed the button and the queue of work did the rest."""
    browser = client(ws, "ana")
    page = browser.get(f"{HERE}?run=1").text
    answer = browser.post(f"{HERE}/links", data={"csrf": csrf(page)})
    assert (answer.status_code, answer.headers["location"]) == (303, f"{HERE}?run=1#links")
    shown = browser.get(f"{HERE}?run=1").text
    assert "are being tried" in shown
    assert 'hx-trigger="every 1s"' in shown
    assert "Try the links" not in shown
    deferred: list[tuple[str, str]] = []
    tick(ws.context, lambda name, key: deferred.append((name, key)))
    assert (LINKS, str(ws.issue(ISSUE).id)) in deferred
    carry_out(ws.context, ws.issue(ISSUE).id, limits=limits(site))
    return browser.get(f"{HERE}?run=1").text


def test_dead_links_are_findings_with_the_place_where_they_stand(ws: Workspace, site: str) -> None:
    assert "Links tried" not in client(ws, "ana").get(f"{HERE}?run=1").text
    page = try_them(ws, site)
    assert "Links tried 24 Nov 2026, 14:07 by Ana." in page
    assert "1 leads nowhere" in page
    assert f"There is no page at {site}/gone any more" in page
    assert f"There is no page at {site}/there any more" not in page
    item = next(each.id for each in ws.context.draft("news", "2026-12").items() if each.article == "doors")
    assert f'href="/issues/{ISSUE}/content/items/{item}?language=en#f-body"' in page
    assert "Try the links" in page
    deferred: list[str] = []
    tick(ws.context, lambda name, key: deferred.append(name))
    assert LINKS not in deferred


def test_hosts_that_are_not_public_are_not_asked(ws: Workspace, site: str) -> None:
    asked.clear()
    browser = client(ws, "ana")
    post(browser, f"{HERE}/links")
    port = int(site.rsplit(":", 1)[1])
    carry_out(
        ws.context,
        ws.issue(ISSUE).id,
        limits=Limits(ports=frozenset({port}), resolve=lambda *_: ["127.0.0.1"], seconds=5),
    )
    assert asked == []
    page = browser.get(f"{HERE}?run=1").text
    assert "None could be tried" in page
    assert "There is no page at" not in page


def test_a_trial_that_nobody_carries_out_may_be_asked_for_again(ws: Workspace, site: str) -> None:
    browser = client(ws, "ana")
    assert browser.post(f"{HERE}/links", data={}).status_code == 403
    post(browser, f"{HERE}/links")
    with writing(ws.context.engine) as connection:
        connection.execute(link_trial.update().values(asked_at=ws.context.clock.now() - timedelta(minutes=5)))
    page = browser.get(f"{HERE}?run=1").text
    assert "has not come to its end" in page
    assert "Try the links" in page
    deferred: list[str] = []
    tick(ws.context, lambda name, key: deferred.append(name))
    assert LINKS not in deferred
    assert client(ws, "luc").post(f"{HERE}/links", data={}).status_code == 403


def test_a_link_is_tried_where_it_leads_now(ws: Workspace, site: str) -> None:
    approved(ws)
    issue, luc = ws.issue(ISSUE), ws.context.person("luc")
    with writing(ws.context.engine) as connection:
        rows = {row.original: row.number for row in connection.execute(link.select())}
    point(ws.context, issue, rows[f"{site}/gone"], f"{site}/there", luc, seen=f"{site}/gone")
    point(ws.context, issue, rows[f"{site}/there"], f"{site}/moved", luc, seen=f"{site}/there")
    asked.clear()
    page = try_them(ws, site)
    assert f"There is no page at {site}/moved any more" in page
    assert f"There is no page at {site}/gone any more" not in page
    assert "/gone" not in asked
    assert f'href="/issues/{ISSUE}/links#l{rows[f"{site}/there"]}"' in page
    for each in ("gone", "there"):
        led = {"gone": "there", "there": "moved"}[each]
        point(ws.context, issue, rows[f"{site}/{each}"], f"{site}/{each}", luc, seen=f"{site}/{led}")


def test_a_dead_link_may_stand_with_a_reason_and_goes_when_it_is_mended(ws: Workspace, site: str) -> None:
    page = try_them(ws, site)
    browser = client(ws, "ana")
    key = page.split('name="finding" value="')[1].split('"')[0]
    answer = browser.post(
        f"{HERE}/accept", data={"csrf": csrf(browser.get("/account").text), "finding": key, "reason": "Up tomorrow."}
    )
    assert answer.status_code == 303
    assert "Up tomorrow." in browser.get(HERE).text
    file = ws.context.folder / "campaigns/news/articles/doors.en.md"
    file.write_text(file.read_text().replace("/gone", "/new"))
    page = browser.get(f"{HERE}?run=1").text
    assert "There is no page at" not in page
    assert "1 link is new since." in page
