"""Hostile names, texts, files and requests: no page breaks, and none runs what somebody else wrote."""

from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import Iterator
from datetime import UTC, datetime
from html.parser import HTMLParser
from pathlib import Path

import pytest
from fastapi.routing import APIRoute
from httpx import Response
from sqlalchemy import select
from starlette.testclient import TestClient

from newsletter.app import Workspace
from newsletter.clock import FixedClock
from newsletter.store.engine import reading
from newsletter.store.tables import contact, delivery, person
from newsletter.tokens import Purpose
from newsletter.web.public.app import router as public
from newsletter.web.serving import make_app
from newsletter.web.studio.app import PAGES
from newsletter.workflow.people.contacts import import_file
from newsletter.workflow.people.staff import sign_in_as
from tests.web.desk import csrf
from tests.workflow.office import approved, carry, lay, office

NOOR = """
[people.noor]
name = "<script>alert('noor')</script> {{ 7*7 }}"
address = "noor@example.org"
roles = ["admin", "author", "approver", "steward"]
"""
SCRIPT = "<script>alert(1)</script>"
NAMES = [
    SCRIPT,
    '"><img src=x onerror=alert(1)>',
    "' onmouseover='alert(1)",
    "{{ 7*7 }}{% for x in range(10**9) %}",
    "\u202egnp.exe\u202c",
    "a\u0001b\u200bc",
    "=cmd|' /C calc'!A0",
    "x" * 10_000,
]
TYPED = [SCRIPT, "a\0b", "9" * 30, "../../x"]
NUMBERS = ["0", "-1", str(2**63), "9" * 300, "1e9"]
WORDS = ["%00", "%ff%fe", "..%2f..%2fnewsletter.toml", "%3Cscript%3Ealert(1)%3C/script%3E"]
BODY = """# {{ 7*7 }}

[one](javascript:alert(1)) <a href="JaVaScRiPt:alert(1)">two</a> [three](data:text/html;base64,PHNjcmlwdD4=)
[four](vbscript:x) [five](java&#10;script:alert(1)) ![six](javascript:alert(1)) ![seven](x" onerror="alert(1))

<svg onload="alert(1)"><script>alert(1)</script></svg><img src=x onerror=alert(1)><iframe srcdoc="<script>1</script>">

<details ontoggle=alert(1) open><style>@import url(https://x.example)</style><form action=javascript:alert(1)>

```
</code></pre><script>alert(1)</script>
```

<mj-raw><script>alert(1)</script></mj-raw> &lt;script&gt; </mj-text></mj-section><mj-include path="/etc/passwd"/>
"""


class Scripts(HTMLParser):
    """What a page would run, found as a browser finds it."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.found: list[str] = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attrs}
        if tag == "script" and not values.get("src", "").startswith("/static/"):
            self.found.append(f"<script {values}>")
        if tag == "iframe" and "srcdoc" in values:
            self.found.append(f"<iframe {values}>")
        for name, value in values.items():
            bare = "".join(letter for letter in value if letter > " ").lower()
            if name.startswith("on") or bare.startswith(("javascript:", "vbscript:", "data:text")):
                self.found.append(f"<{tag} {name}={value}>")


def scripts(answer: Response) -> list[str]:
    return Scripts(answer.text).found if "html" in answer.headers.get("content-type", "") else []


def hostile_files(folder: Path) -> None:
    articles = folder / "campaigns/news/articles"
    (articles / "evil.en.md").write_text(f"---\ntitle: '{SCRIPT}\"><img src=x onerror=alert(1)>'\n---\n{BODY}")
    (articles / "names.en.md").write_text(
        "---\ntitle: \"{{ 7*7 }} ' onload='x\"\nsummary: '\u202e<b onclick=x>'\n---\nText"
    )


def hostile_contacts(ws: Workspace) -> None:
    def file(name: str, header: list[str], rows: list[list[str]]) -> Path:
        path = ws.context.folder / name
        with open(path, "w", newline="", encoding="utf-8") as stream:
            csv.writer(stream).writerows([header, *rows])
        return path

    header = ["Institution", "Email", "First name", "Last name", "Role", "Language", "Publications"]
    rows = [["NPF", f"h{n}@example.org", name, name, "deputy", "en", "news"] for n, name in enumerate(NAMES[:-1])]
    import_file(ws.context, "contacts", file("hostile.csv", header, rows), ws.context.person("ana"))


@pytest.fixture(scope="module")
def ws(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workspace]:
    """An issue that was rehearsed, with everything in it that somebody could have written or imported."""
    clock = FixedClock(datetime(2026, 11, 24, 10, 0, tzinfo=UTC))
    folder = lay(tmp_path_factory.mktemp("hostile") / "ws", tables=NOOR)
    hostile_files(folder)
    with office(folder, clock) as opened:
        hostile_contacts(opened)
        approved(opened)
        carry(opened)
        yield opened


@pytest.fixture(scope="module")
def browser(ws: Workspace) -> TestClient:
    """An administrator's, which shows a failure of the server as its answer."""
    made = TestClient(
        make_app(ws), base_url="http://127.0.0.1:8025", follow_redirects=False, raise_server_exceptions=False
    )
    made.cookies.set("session", sign_in_as(ws.context, "noor", device=SCRIPT).token, domain="127.0.0.1")
    made.headers["x-csrf"] = csrf(made.get("/account").text)
    return made


def routes(method: str) -> list[APIRoute]:
    """Of the studio and of the recipients' pages; the endless stream and the way out are left."""
    routers = [*(module.router for module in PAGES), public]
    every = [route for router in routers for route in router.routes if isinstance(route, APIRoute)]
    found = {route.path: route for route in every if method in (route.methods or ())}
    return [found[path] for path in sorted(found) if not path.endswith(("/events", "/sign-out"))]


def usual(ws: Workspace) -> dict[str, str]:
    ring = ws.context.secrets.key_ring
    with reading(ws.context.engine) as connection:
        joined = delivery.join(contact, contact.c.id == delivery.c.contact_id)
        row = connection.execute(
            select(delivery.c.id, delivery.c.contact_id).select_from(joined).where(contact.c.last_name == SCRIPT)
        ).one()
        noor = connection.execute(select(person.c.id).where(person.c.slug == "noor")).scalar_one()
    return {
        "campaign": "news",
        "key": "2026-12",
        "language": "en",
        "only": "en",
        "article": "evil",
        "name": "studio.css",
        "item": "i1",
        "delivery_id": str(row.id),
        "contact_id": str(row.contact_id),
        "id_": str(noor),
        "issue": "1",
        "number": "1",
        "token": ring.sign(Purpose.UNSUBSCRIBE, row.id),
    }


def filled(route: APIRoute, values: dict[str, str]) -> str:
    path = route.path
    for name in route.param_convertors:
        path = path.replace(f"{{{name}}}", values[name])
    return path


def check(answer: Response, *asked: object) -> None:
    assert answer.status_code < 500, (*asked, answer.status_code)
    assert scripts(answer) == [], asked


def test_no_page_runs_what_somebody_wrote(ws: Workspace, browser: TestClient) -> None:
    values, walked = usual(ws), routes("GET")
    assert len(walked) > 40
    for route in walked:
        for query in ("", "?run=1", "?run=1&state=%3Cscript%3E&language=%22%3E%3Cscript%3E&said=a.b&next=javascript:x"):
            check(browser.get(filled(route, values) + query), route.path, query)
    assert "&lt;script&gt;alert(1)" in browser.get(f"/contacts/{values['contact_id']}").text


def test_no_address_breaks_a_page(ws: Workspace, browser: TestClient) -> None:
    values = usual(ws)
    for method in ("GET", "POST"):
        for route in routes(method):
            for name in route.param_convertors:
                for value in [*NUMBERS, *WORDS]:
                    check(browser.request(method, filled(route, values | {name: value})), method, route.path, value)


def test_what_is_not_there_is_said(browser: TestClient) -> None:
    assert browser.get(f"/contacts/{2**63}").status_code == 404
    assert browser.get(f"/deliveries/{2**63}").status_code == 404
    assert browser.post("/people/4711/link").status_code == 404
    assert browser.post(f"/people/{2**63}/link").status_code == 422
    assert browser.get("/static/" + "9" * 300).status_code == 404


def zipped(part: str) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("word/document.xml", part)
    return made.getvalue()


def test_hostile_files_are_refused(ws: Workspace, browser: TestClient) -> None:
    outside = '<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><a>&x;</a>'
    bomb = zipped("<a>" + " " * 20_000_000 + "</a>")
    files = [("bomb.docx", bomb), ("xxe.docx", zipped(outside)), ("x.md", b"---\ntitle: [\n---\n"), ("x.txt", b"a\0b")]
    for name, content in files:
        answer = browser.post("/articles/upload", data={"campaign": "news"}, files={"file": (name, content)})
        assert answer.status_code == 422, name
        check(answer, name)
        assert "root:" not in answer.text
    for name in ("../../x.md", f"{SCRIPT}.md", "x" * 5000 + ".md", "a\0b.md"):
        for content in (BODY.encode(), b"\xff\xfe\x00", BODY.encode("utf-16")):
            check(browser.post("/articles/upload", data={"campaign": "news"}, files={"file": (name, content)}), name)
    assert not list(ws.context.folder.parent.rglob("x.md"))


def test_hostile_headers_are_taken_for_nothing(browser: TestClient) -> None:
    for cookie in ("session=%00", "session=" + "x" * 9000, "session=\xff", "; ;=;=", 'session="\\777"'):
        check(browser.get("/", headers={"cookie": cookie.encode("latin-1")}), cookie)
    for name in ("accept-language", "user-agent", "hx-request", "sec-fetch-site"):
        for value in (SCRIPT, "\xff", ",;q=,", "x-" * 2000):
            check(browser.get("/sign-in", headers={name: value.encode("latin-1")}), name, value)


def fields(route: APIRoute) -> set[str]:
    return {field.alias for field in route.dependant.body_params} | {"title", "body", "language", "campaign"}


def test_no_form_breaks_the_server(ws: Workspace, browser: TestClient) -> None:
    """Last, as some of these forms change what there is."""
    values = usual(ws)
    for route in routes("POST"):
        if route.path.endswith("/end") or route.path in ("/account/password", "/sign-in"):
            continue
        check(browser.post(filled(route, values)), route.path)
        for typed in TYPED:
            check(
                browser.post(filled(route, values), data=dict.fromkeys(fields(route), [typed] * 2)), route.path, typed
            )
