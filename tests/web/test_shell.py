"""Signing in, sessions, roles, and what every page of the studio carries."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.twofactor.totp import TOTP

from newsletter.app import Workspace
from newsletter.clock import FixedClock
from newsletter.store import people
from newsletter.store.engine import reading
from newsletter.web import headers, serving
from newsletter.workflow.people import staff
from tests.web.desk import client, csrf, post
from tests.workflow.office import ISSUE, lay, office

WORDS = "four plain words together"


@pytest.fixture
def ws(tmp_path: Path, clock: FixedClock) -> Iterator[Workspace]:
    with office(lay(tmp_path / "ws"), clock) as opened:
        yield opened


def administrator(ws: Workspace) -> None:
    token = staff.first_link(ws.context)
    assert token is not None
    browser = client(ws)
    answer = browser.post(f"/welcome/{token}", data={"name": "Noor", "address": "noor@example.org", "password": WORDS})
    assert answer.status_code == 303


@pytest.mark.parametrize(
    ("host", "told"),
    [
        ("127.0.0.1", "http://127.0.0.1:8111"),
        ("::1", "http://[::1]:8111"),
        ("0.0.0.0", "http://127.0.0.1:8025"),
    ],
)
def test_mail_to_staff_leads_to_where_the_studio_is_served(ws: Workspace, host: str, told: str) -> None:
    serving.led_here(ws.context, host, 8111)
    assert ws.context.settings.studio_url == told


def test_what_the_settings_say_of_the_studio_holds(tmp_path: Path, clock: FixedClock) -> None:
    with office(lay(tmp_path / "ws", top='studio_url = "https://studio.example.org"'), clock) as ws:
        serving.led_here(ws.context, "127.0.0.1", 8111)
        assert ws.context.settings.studio_url == "https://studio.example.org"


def test_nobody_sees_a_page_before_signing_in_and_is_led_back(ws: Workspace) -> None:
    answer = client(ws).get(f"/issues/{ISSUE}")
    assert (answer.status_code, answer.headers["location"]) == (303, f"/sign-in?next=/issues/{ISSUE}")


def test_the_first_link_makes_an_administrator_once(ws: Workspace) -> None:
    token = staff.first_link(ws.context)
    assert token is not None
    browser = client(ws)
    form = {"name": "Noor", "address": "noor@example.org", "password": WORDS}
    assert browser.post(f"/welcome/{token}", data=form).status_code == 303
    assert browser.get("/").status_code == 200
    assert client(ws).post(f"/welcome/{token}", data=form).status_code == 422
    assert staff.first_link(ws.context) is None


def test_signing_in_by_address_and_password(ws: Workspace) -> None:
    administrator(ws)
    browser = client(ws)
    wrong = browser.post("/sign-in", data={"who": "noor@example.org", "password": "something else"})
    assert wrong.status_code == 422
    assert 'value="noor@example.org"' in wrong.text
    right = browser.post("/sign-in", data={"who": "NOOR@example.org", "password": WORDS, "next": "/issues"})
    assert (right.status_code, right.headers["location"]) == (303, "/issues")
    cookie = right.headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=lax" in cookie


def test_a_sign_in_leads_to_pages_of_ours_only(ws: Workspace) -> None:
    administrator(ws)
    for address in ("https://elsewhere.example/", "//elsewhere.example", "/\\elsewhere.example"):
        answer = client(ws).post("/sign-in", data={"who": "noor", "password": WORDS, "next": address})
        assert answer.headers["location"] == "/"


def test_guessing_must_wait(ws: Workspace, clock: FixedClock) -> None:
    administrator(ws)
    for _ in range(staff.TRIES_A_PERSON):
        client(ws).post("/sign-in", data={"who": "noor", "password": "a wrong one"})
    assert "Too many tries" in client(ws).post("/sign-in", data={"who": "noor", "password": WORDS}).text
    clock.advance(staff.WINDOW)
    assert client(ws).post("/sign-in", data={"who": "noor", "password": WORDS}).status_code == 303


def test_a_code_is_asked_for_once_it_is_set_up(ws: Workspace, clock: FixedClock) -> None:
    administrator(ws)
    with reading(ws.context.engine) as connection:
        noor = people.find(connection, "noor")
    assert noor is not None
    secret, _ = staff.new_totp(ws.context, noor)
    code = TOTP(bytes.fromhex(secret), 6, SHA1(), 30, enforce_key_length=False).generate(int(clock.now().timestamp()))
    staff.set_totp(ws.context, noor, secret, code.decode())
    assert client(ws).post("/sign-in", data={"who": "noor", "password": WORDS}).status_code == 422
    right = {"who": "noor", "password": WORDS, "code": code.decode()}
    assert client(ws).post("/sign-in", data=right).status_code == 303


def test_a_session_is_ended_from_anywhere(ws: Workspace) -> None:
    one, other = client(ws, "ana"), client(ws, "ana")
    assert other.get("/").status_code == 200
    assert post(one, "/account/sessions/end", {"session": 0}).status_code == 303
    assert other.get("/").status_code == 303
    assert one.get("/").status_code == 200
    assert post(one, "/sign-out").status_code == 303
    assert one.get("/").status_code == 303


def test_the_demo_sign_in_is_for_the_demo_alone(ws: Workspace) -> None:
    assert client(ws).post("/sign-in/demo", data={"who": "ana"}).status_code == 403
    assert client(ws, demo=True).post("/sign-in/demo", data={"who": "ana"}).status_code == 303


def test_a_form_from_elsewhere_changes_nothing(ws: Workspace) -> None:
    browser = client(ws, "ana")
    token = csrf(browser.get("/account").text)
    assert browser.post("/account/language", data={"language": "fr"}).status_code == 403
    forged = {"sec-fetch-site": "cross-site"}
    data = {"language": "fr", "csrf": token}
    assert browser.post("/account/language", data=data, headers=forged).status_code == 403
    assert ws.context.person("ana").language is None
    assert browser.post("/account/language", data=data).status_code == 303
    assert ws.context.person("ana").language == "fr"


def test_every_answer_carries_a_policy_without_exceptions(ws: Workspace) -> None:
    browser = client(ws, "ana")
    for path in ("/", "/issues", f"/issues/{ISSUE}", "/account", "/nowhere"):
        policy = browser.get(path).headers["content-security-policy"]
        assert "unsafe" not in policy
        assert "default-src 'none'" in policy
        assert "nonce" not in policy


def test_only_a_page_with_an_editor_lets_made_styles_in_each_time_by_another_nonce(ws: Workspace) -> None:
    browser = client(ws, "ana")
    answers = [browser.get("/articles/new") for _ in range(2)]
    nonces = [re.findall(r'<link [^>]*nonce="([^"]+)"', answer.text) for answer in answers]
    assert len(nonces[0]) == 1
    assert nonces[0] != nonces[1]
    for answer, (nonce,) in zip(answers, nonces, strict=True):
        policy = answer.headers["content-security-policy"]
        assert f"style-src 'self' 'nonce-{nonce}';" in policy
        assert "script-src 'self';" in policy


def test_a_body_that_is_too_large_is_refused(ws: Workspace) -> None:
    large = {"content-length": "99999999", "content-type": "application/x-www-form-urlencoded"}
    answer = client(ws, "ana").post("/account/language", content=b"x", headers=large)
    assert answer.status_code == 413
    assert "This is too large: at most 26 MB." in answer.text


def test_a_body_that_does_not_say_its_size_is_refused_too(ws: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(headers, "LARGEST", 1000)
    kind = {"content-type": "application/x-www-form-urlencoded"}
    answer = client(ws, "ana").post("/account/language", content=iter([b"x" * 600] * 2), headers=kind)
    assert answer.status_code == 413


def test_a_new_issue_is_gathered_and_opened(ws: Workspace) -> None:
    browser = client(ws, "ana")
    answer = post(browser, "/issues", {"campaign": "news", "key": "2027-01"})
    assert answer.headers["location"] == "/issues/news/2027-01"
    assert "2027-01" in browser.get("/issues").text
    assert browser.get("/issues/news/2027-01").status_code == 200


def test_an_issue_that_is_begun_is_gone_on_with_and_not_made_again(ws: Workspace, clock: FixedClock) -> None:
    browser = client(ws, "ana")
    page = browser.get("/issues").text
    assert f'<a class="button" href="/issues/{ISSUE}">' in page
    assert 'value="2026-12"' not in page
    clock.advance(timedelta(days=10))
    assert 'name="key" value="2027-01"' in browser.get("/").text


def test_who_has_left_is_out_at_once(ws: Workspace) -> None:
    administrator(ws)
    browser = client(ws, "ana")
    noor = ws.context.person("noor")
    staff.end_person(ws.context, ws.context.person("ana").id, noor)
    assert browser.get("/").status_code == 303


def test_somebody_must_stay_administrator(ws: Workspace) -> None:
    administrator(ws)
    noor = ws.context.person("noor")
    with pytest.raises(staff.UsageError, match="stay administrator"):
        staff.set_roles(ws.context, noor.id, ["reader"], noor)
    assert "admin" in ws.context.person("noor").roles
