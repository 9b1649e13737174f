"""The studio and the recipients' pages under test: a client that is signed in, without a network."""

from __future__ import annotations

import re

from httpx import Response
from starlette.testclient import TestClient

from newsletter.app import Workspace
from newsletter.web.serving import make_app
from newsletter.workflow.people.staff import sign_in_as


def client(ws: Workspace, who: str | None = None, *, only: str = "all", demo: bool = False) -> TestClient:
    """Signed in as a person, or (None) as nobody. Redirects are not followed."""
    made = TestClient(make_app(ws, only=only, demo=demo), base_url="http://127.0.0.1:8025", follow_redirects=False)
    if who is not None:
        made.cookies.set("session", sign_in_as(ws.context, who, device="Test").token, domain="127.0.0.1")
    return made


def csrf(page: str) -> str:
    """The token that a page's forms carry."""
    found = re.search(r'name="csrf" content="([0-9a-f]+)"', page)
    assert found is not None, page[:500]
    return found[1]


def scripted(ws: Workspace, who: str) -> TestClient:
    """Signed in, with the token in every request, as our scripts send it."""
    made = client(ws, who)
    made.headers["x-csrf"] = csrf(made.get("/account").text)
    return made


def post(browser: TestClient, url: str, data: dict[str, object] | None = None, *, page: str = "/account") -> Response:
    """Posts a form as a page of ours would."""
    token = csrf(browser.get(page).text)
    answer: Response = browser.post(url, data={"csrf": token, **(data or {})})
    return answer
