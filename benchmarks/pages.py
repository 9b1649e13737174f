"""The studio's pages at 100,000 contacts and 1 million deliveries on SQLite: how long 95 of 100 answers take, and how
much a page weighs that is opened for the first time. Parts that a page asks for later, searches and the export too.

The database is filled by SQL, not by sending: ten issues of a campaign, each handed over to every contact but one in a
hundred, which were refused. Each address is asked for twenty times, by an administrator, over the application itself
(no network between); an answer other than 200 ends the measurement.
"""

from __future__ import annotations

import gzip
import json
import re
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, insert, select, text
from starlette.testclient import TestClient

from newsletter.app import Workspace, open_workspace
from newsletter.store.engine import writing
from newsletter.store.tables import edition, issue, person, run
from newsletter.web.serving import make_app
from newsletter.workflow.approving.freeze import submit
from newsletter.workflow.people.staff import sign_in_as
from newsletter.workflow.upkeep.init import lay_starter

CONTACTS, ISSUES, TIMES = 100_000, 10, 20
NOW = datetime(2026, 11, 24, 10, 0, tzinfo=UTC)
ARTICLE = "A counter opens\n\nIt opens at eight.\n\nIt stands in the main street."
LIST = "/issues/news/2026-01"
PAGES = (
    "/",
    "/issues",
    "/articles",
    "/people",
    "/account",
    LIST,
    f"{LIST}/content",
    f"{LIST}/recipients",
    f"{LIST}/preview",
    f"{LIST}/checks",
    f"{LIST}/approval",
    f"{LIST}/schedule",
    f"{LIST}/links",
    f"{LIST}/progress",
    f"{LIST}/progress?state=rejected",
    "/contacts/777",
    "/deliveries/777",
)
FRAGMENTS = (
    f"{LIST}/progress/now?run=1",
    f"{LIST}/progress/breakdown?run=1",
    f"{LIST}/progress/unreached?run=1",
    f"{LIST}/schedule/meaning?when=2027-01-04T10:00",
    f"{LIST}/schedule/window",
    f"{LIST}/schedule/unserved",
)
SEARCHES = ("Contact 77777", "c77777@org7.example.org", "org7.example.org")
EXPORT = f"{LIST}/progress/export.csv?run=1"


def rows(contacts: int = CONTACTS) -> list[dict[str, Any]]:
    """What `make bench` prints."""
    with tempfile.TemporaryDirectory(prefix="newsletter-bench-") as folder:
        lay_starter(Path(folder))
        (Path(folder) / "campaigns/news/articles/counter.en.txt").write_text(ARTICLE)
        with open_workspace(folder, environment={}) as ws:
            prepare(ws)
            fill(ws, contacts)
            browser = signed_in(ws)
            anew, export = first(browser, FRAGMENTS), exported(browser)
            pages, fragments = measure(browser, PAGES), measure(browser, FRAGMENTS)
            pages |= searches(browser)
            size = max(_weight(browser, browser.get(path).text) for path in PAGES) / 1024
    name = f"pages at {contacts:,} contacts and {contacts * ISSUES:,} deliveries"
    return [
        _row(f"{name}: slowest page ({_slowest(pages)}), p95", round(max(pages.values()) * 1000, 1), "ms", 100),
        _row(f"{name}: slowest part ({_slowest(fragments)}), p95", round(max(fragments.values()) * 1000, 1), "ms", 100),
        _row(f"{name}: slowest part counted anew ({_slowest(anew)})", round(max(anew.values()), 2), "s", 2),
        _row(f"{name}: {contacts:,} deliveries exported as CSV", round(export, 1), "s", 10),
        _row("a page from a cold cache, scripts and styles included, gzip", round(size, 1), "KB", 150),
    ]


def signed_in(ws: Workspace) -> TestClient:
    browser = TestClient(make_app(ws), base_url="http://127.0.0.1:8025", follow_redirects=False)
    browser.cookies.set("session", sign_in_as(ws.context, "local", device="Bench").token, domain="127.0.0.1")
    return browser


def measure(browser: TestClient, paths: Sequence[str]) -> dict[str, float]:
    """p95 in seconds by address; the first answer of each, for which templates are read, is not counted."""
    found = {}
    for path in paths:
        ask = partial(_answered, browser.get, path)
        ask()
        found[path] = _p95([_seconds(ask) for _ in range(TIMES)])
    return found


def first(browser: TestClient, paths: Sequence[str]) -> dict[str, float]:
    """Seconds of the first answer of each: what is kept for some seconds afterwards is counted by it."""
    return {path: _seconds(partial(_answered, browser.get, path)) for path in paths}


def searches(browser: TestClient) -> dict[str, float]:
    """p95 in seconds of "did we send it to X?", by what is asked."""
    token = re.search(r'name="csrf" content="([0-9a-f]+)"', browser.get("/").text)
    assert token is not None
    found = {}
    for asked in SEARCHES:
        ask = partial(_answered, browser.post, "/who", data={"csrf": token[1], "asked": asked})
        found[f"search for {asked}"] = _p95([_seconds(ask) for _ in range(TIMES)])
    return found


def exported(browser: TestClient) -> float:
    """Seconds until the whole file of a run is there."""
    return _seconds(partial(_answered, browser.get, EXPORT))


def _answered(ask: Callable[..., Any], path: str, **about: Any) -> None:
    answer = ask(path, **about)
    if answer.status_code != 200:
        raise RuntimeError(f"{path} answered {answer.status_code}: nothing to measure")


def _slowest(found: Mapping[str, float]) -> str:
    return max(found, key=lambda path: found[path]).replace(LIST, "/issues/…")


def _row(name: str, value: float, unit: str, limit: float) -> dict[str, Any]:
    return {"name": name, "value": value, "unit": unit, "target": f"< {limit}", "versus": None, "met": value < limit}


def prepare(ws: Workspace) -> None:
    """The first issue, with a real edition, so that what was sent can be shown; the others need none."""
    ws.gather("news", key="2026-01")
    submit(ws.context, ws.issue("news/2026-01"), ws.context.person("local"))


def fill(ws: Workspace, contacts: int) -> None:
    """Contacts, issues, and a delivery with its attempt for each pair."""
    with writing(ws.context.engine) as connection:
        by = connection.execute(person.select().where(person.c.slug == "local")).one().id
        lay_contacts(connection, contacts)
        connection.execute(
            text("INSERT INTO worker (id, name, started_at, heartbeat_at) VALUES (1, 'bench', :at, :at)"), {"at": _at()}
        )
    for number in range(1, ISSUES + 1):
        with writing(ws.context.engine) as connection:
            _issue(connection, number, by)
            values = json.dumps([""] * _fields(connection, number))
            connection.execute(text(DELIVERIES), {"run": number, "at": _at(), "values": values})
    with writing(ws.context.engine) as connection:
        connection.execute(text(ATTEMPTS), {"at": _at()})
        connection.execute(text("ANALYZE"))


def lay_contacts(connection: Connection, contacts: int) -> None:
    connection.execute(text("DELETE FROM contact"))
    connection.execute(text(INSTITUTIONS), {"number": max(1, contacts // 200), "at": _at()})
    connection.execute(text(CONTACT_ROWS), {"number": contacts, "at": _at()})
    connection.execute(text(SUBSCRIPTIONS), {"at": _at()})


def _issue(connection: Connection, number: int, by: int) -> None:
    key = f"2026-{number:02}"
    known = connection.execute(issue.select().where(issue.c.key == key)).first()
    if known is None:
        values = {"id": number, "campaign": "news", "key": key, "created_at": NOW, "updated_at": NOW}
        connection.execute(insert(issue).values(values | {"state": "approved", "changed_by": by}))
    else:
        connection.execute(issue.update().where(issue.c.id == known.id).values(state="approved"))
    issue_id = known.id if known else number
    if known is None:
        _edition(connection, number, by)
    connection.execute(
        insert(run).values(
            id=number, issue_id=issue_id, edition_id=number, number=1, rehearsal=False, state="done",
            publication="news", statutory=False, transport="outbox", token_key=1, due_at=NOW, launched_by=by,
            launched_at=NOW, done_at=NOW, audience=CONTACTS, position=0,
        )
    )  # fmt: skip


def _fields(connection: Connection, edition_id: int) -> int:
    """How many merge fields the messages of an edition have."""
    about = connection.execute(select(edition.c.languages).where(edition.c.id == edition_id)).scalar_one()
    return len(about["en"]["fields"]) if about else 0


def _edition(connection: Connection, number: int, by: int) -> None:
    """Of an issue with the same number; without messages."""
    definition = {
        "publication": "news", "statutory": False, "transports": ["outbox"], "planned": "now", "sign_off": [],
        "audience": {"include": "true", "exclude": None}, "segments": {}, "copies": "address", "roles": [],
        "languages": ["en"], "default_language": "en", "public": {},
    }  # fmt: skip
    frozen = {"hash": f"{number:064}", "language_hashes": {"en": f"{number:064}"}, "definition": definition}
    about: dict[str, Any] = {"id": number, "issue_id": number, "number": 1, "languages": {}}
    connection.execute(insert(edition).values(frozen | about | {"frozen_by": by, "frozen_at": NOW}))


def _seconds(do: Callable[[], object]) -> float:
    started = time.perf_counter()
    do()
    return time.perf_counter() - started


def _p95(taken: list[float]) -> float:
    return sorted(taken)[int(len(taken) * 0.95) - 1]


def _weight(browser: TestClient, html: str) -> float:
    """Bytes on the wire of a page and of what it loads at once, compressed."""
    loaded = re.findall(r'(?:src|href)="(/static/(?!editor|source|composer)[^"]+)"', html)
    return float(
        len(gzip.compress(html.encode())) + sum(len(gzip.compress(browser.get(each).content)) for each in loaded)
    )


def _at() -> str:
    return NOW.strftime("%Y-%m-%dT%H:%M:%S.%fZ")


COUNTING = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < :number)"
INSTITUTIONS = f"""{COUNTING}
INSERT INTO institution (code, name, names, country, region, category, status, languages, topics, fields, sources,
                         created_at, updated_at)
SELECT 'B' || i, 'Institution ' || i, '{{}}', 'FR', 'Europe', 'fund', 'member', '["en"]', '[]', '{{}}', '{{}}', :at, :at
  FROM n"""
CONTACT_ROWS = f"""{COUNTING}
INSERT INTO contact (id, institution_id, code, address, address_key, domain, first_name, last_name, folded_name,
                     role, language, active, fields, sources, created_at, updated_at)
SELECT i, (SELECT min(id) FROM institution) + i % (SELECT count(*) FROM institution), 'c' || i,
       'c' || i || '@org' || (i % 500) || '.example.org', printf('%016x%016x', i * 2654435761 % 4294967296, i),
       'org' || (i % 500) || '.example.org', 'Contact', CAST(i AS TEXT), ' contact ' || i,
       'liaison', 'en', 1, '{{}}', '{{}}', :at, :at
  FROM n"""
SUBSCRIPTIONS = """
INSERT INTO subscription (contact_id, publication, state, started_at) SELECT id, 'news', 'active', :at FROM contact"""
DELIVERIES = """
INSERT INTO delivery (run_id, issue_id, serves, contact_id, institution_id, state, reason, language, variant, address,
                      address_key, domain, field_values, due_at, not_before, attempts, changed_at)
SELECT run.id, run.issue_id, run.issue_id, c.id, c.institution_id,
       CASE WHEN c.id % 100 = 0 THEN 'rejected' ELSE 'accepted' END,
       CASE WHEN c.id % 100 = 0 THEN '550 no such user' END,
       'en', 0, c.address, c.address_key, c.domain, :values, :at, :at, 1, :at
  FROM contact c, run WHERE run.id = :run ORDER BY c.address_key"""
ATTEMPTS = """
INSERT INTO attempt (delivery_id, number, worker_id, transport, state, reply, started_at, finished_at)
SELECT id, 1, 1, 'outbox', state, CASE state WHEN 'rejected' THEN '550 no such user' ELSE '250 ok' END, :at, :at
  FROM delivery"""
