"""Every route, walked: who may use it, and that looking changes nothing."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from fastapi.routing import APIRoute
from sqlalchemy import select
from starlette.testclient import TestClient

from newsletter.app import Workspace
from newsletter.clock import FixedClock
from newsletter.store.engine import reading
from newsletter.store.tables import delivery, metadata
from newsletter.web.studio.app import PAGES, make_studio
from newsletter.web.studio.desk import Studio
from tests.web.desk import client, csrf
from tests.workflow.office import approved, carry, lay, office

PEOPLE = """
[people.rosa]
name = "Rosa"
address = "rosa@example.org"
roles = ["reader"]

[people.pilar]
name = "Pilar"
address = "pilar@example.org"
roles = ["steward"]

[people.noor]
name = "Noor"
address = "noor@example.org"
roles = ["admin"]
"""

# What a role may change, by the beginning of a route's address; everybody may change their own account.
OWN = ("/account", "/sign-out", "/sign-in", "/welcome", "/who", "/u/", "/p/")


@pytest.fixture(scope="module")
def ws(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workspace]:
    clock = FixedClock(datetime(2026, 11, 24, 10, 0, tzinfo=UTC))
    with office(lay(tmp_path_factory.mktemp("routes") / "ws", tables=PEOPLE), clock) as opened:
        approved(opened)
        carry(opened)
        yield opened


def routes(ws: Workspace, method: str) -> list[str]:
    """Each address of the application, filled in with what there is."""
    every = [*make_studio(Studio(ws)).routes, *(route for module in PAGES for route in module.router.routes)]
    found = {route.path for route in every if isinstance(route, APIRoute) and method in (route.methods or ())}
    assert len(found) > 20, "the routes are not found"
    return sorted(found)


def filled(ws: Workspace, path: str) -> str:
    with reading(ws.context.engine) as connection:
        row = connection.execute(select(delivery.c.id, delivery.c.contact_id).limit(1)).one()
    values = {
        "campaign": "news",
        "key": "2026-12",
        "language": "en",
        "article": "counter",
        "name": "studio.css",
        "item": "i1",
        "sha256": "0" * 64,
        "sha": "0" * 64,
        "delivery_id": row.id,
        "contact_id": row.contact_id,
        "token": "unknown",
    }
    for part in [part for part in path.split("/") if part.startswith("{")]:
        path = path.replace(part, str(values.get(part.strip("{}").split(":")[0], 1)))
    return path


def state(ws: Workspace) -> dict[str, list[tuple[object, ...]]]:
    with reading(ws.context.engine) as connection:
        return {
            table.name: [tuple(row) for row in connection.execute(select(table))] for table in metadata.sorted_tables
        }


def files(ws: Workspace) -> dict[str, bytes]:
    found = [path for path in ws.context.folder.rglob("*") if path.is_file() and ".newsletter" not in path.parts]
    return {str(path): path.read_bytes() for path in found}


def look(browser: TestClient, method: str, path: str) -> int:
    """The status of a look; an endless stream is left after its first bytes."""
    with browser.stream(method, path) as answer:
        if "event-stream" not in answer.headers.get("content-type", ""):
            answer.read()
        return int(answer.status_code)


def test_looking_changes_nothing(ws: Workspace) -> None:
    browser = client(ws, "noor")
    before, on_disk = state(ws), files(ws)
    for path in routes(ws, "GET"):
        if path.endswith("/events"):
            continue
        for method in ("GET", "HEAD"):
            assert look(browser, method, filled(ws, path)) < 500, (method, path)
    assert files(ws) == on_disk
    after = state(ws)
    assert [name for name in before if before[name] != after[name]] == []


def test_nobody_sees_anything_unsigned_but_the_doors(ws: Workspace) -> None:
    browser = client(ws)
    for path in routes(ws, "GET"):
        answer = browser.get(filled(ws, path))
        if path.startswith(("/sign-in", "/welcome", "/static", "/preview/assets")):
            continue
        assert answer.status_code == 303, path
        assert answer.headers["location"].startswith("/sign-in"), path


def test_a_reader_changes_nothing_but_their_own_account(ws: Workspace) -> None:
    browser = client(ws, "rosa")
    token = csrf(browser.get("/account").text)
    before, on_disk = state(ws), files(ws)
    for path in routes(ws, "POST"):
        if path.startswith(OWN):
            continue
        answer = browser.post(filled(ws, path), data={"csrf": token})
        assert answer.status_code in (403, 422), (path, answer.status_code)
        unchanged = {name: rows for name, rows in state(ws).items() if name != "session"}
        assert unchanged == {name: rows for name, rows in before.items() if name != "session"}, path
    assert files(ws) == on_disk


@pytest.mark.parametrize("who", ["rosa", "pilar", "ana", "luc", "noor"])
def test_every_role_sees_every_page_or_is_told_why_not(ws: Workspace, who: str) -> None:
    browser = client(ws, who)
    for path in routes(ws, "GET"):
        if path.endswith("/events"):
            continue
        assert browser.get(filled(ws, path)).status_code in (200, 204, 303, 403, 404, 422), (who, path)


def test_addresses_are_masked_for_who_may_not_see_them(ws: Workspace) -> None:
    with reading(ws.context.engine) as connection:
        every = set(connection.scalars(select(delivery.c.address).where(delivery.c.address.is_not(None))))
    for who in ("rosa", "luc"):
        browser = client(ws, who)
        for path in routes(ws, "GET"):
            if path.endswith("/events") or path.startswith("/people"):
                continue
            text = browser.get(filled(ws, path)).text
            assert not [address for address in every if address in text], (who, path)


def test_a_form_without_its_token_changes_nothing_on_any_route(ws: Workspace) -> None:
    browser = client(ws, "noor")
    for path in routes(ws, "POST"):
        if path.startswith(("/sign-in", "/welcome")):
            continue
        assert browser.post(filled(ws, path)).status_code in (403, 422), path
