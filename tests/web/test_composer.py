"""The composer: articles into sections, texts that save, two who write at once."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from newsletter.app import Workspace
from newsletter.clock import FixedClock
from tests.web.desk import client, csrf
from tests.workflow.office import ISSUE, approved, lay, office

PAGE = f"/issues/{ISSUE}/content"
ITEM = f"{PAGE}/items/i1"


@pytest.fixture
def ws(tmp_path: Path, clock: FixedClock) -> Iterator[Workspace]:
    with office(lay(tmp_path / "ws"), clock) as opened:
        yield opened


def form(page: str) -> dict[str, str]:
    """What the writing form of a page holds, as far as these tests need it."""
    found = dict(re.findall(r'type="hidden" name="(language|made_from)" value="([^"]*)"', page))
    return {"csrf": csrf(page), **found}


def save(browser: TestClient, page: str, title: str, **headers: str) -> object:
    data = {**form(page), "title": title, "summary": "Sum", "body": "One\r\n\r\ntwo"}
    return browser.post(ITEM, data=data, headers=headers)


def test_an_article_is_put_aside_and_taken_back_by_undo(ws: Workspace) -> None:
    browser = client(ws, "ana")
    token = csrf(browser.get(PAGE).text)
    answer = browser.post(f"{ITEM}/state", data={"csrf": token, "state": "out"})
    assert answer.headers["location"].startswith(f"{PAGE}?undo=")
    change = re.search(r"undo=(\d+)", answer.headers["location"])
    assert change is not None
    assert [item.state for item in ws.context.draft("news", "2026-12").items()] == ["out"]
    browser.post(f"{PAGE}/undo", data={"csrf": token, "change": change[1]})
    assert [item.state for item in ws.context.draft("news", "2026-12").items()] == ["new"]


def test_an_item_moves_to_a_section(ws: Workspace) -> None:
    browser = client(ws, "ana")
    token, sections = csrf(browser.get(PAGE).text), ws.context.campaign("news").sections
    target = sections[-1].id
    assert browser.post(f"{ITEM}/move", data={"csrf": token, "section": target}).status_code == 303
    draft = ws.context.draft("news", "2026-12")
    assert [section.id for section in draft.sections if section.items] == [target]
    assert browser.post(f"{ITEM}/move", data={"csrf": token, "section": "nowhere"}).status_code == 404


def test_texts_are_saved_by_the_form_and_by_itself(ws: Workspace) -> None:
    browser = client(ws, "ana")
    page = browser.get(f"{ITEM}?language=en").text
    answer = save(browser, page, "A <b>new</b> title", accept="application/json")
    assert answer.json()["said"].startswith("Saved ")
    page = browser.get(f"{ITEM}?language=en").text
    assert "A &lt;b&gt;new&lt;/b&gt; title" in page
    assert answer.json()["made_from"] == form(page)["made_from"]
    assert ws.context.draft("news", "2026-12").items()[0].edits["en"].body == "One\n\ntwo"


def test_who_saves_second_sees_both_versions(ws: Workspace) -> None:
    ana, luc = client(ws, "ana"), client(ws, "luc")
    old = luc.get(f"{ITEM}?language=en").text
    save(ana, ana.get(f"{ITEM}?language=en").text, "Hers")
    answer = save(luc, old, "His")
    assert answer.status_code == 409
    assert "Hers" in answer.text
    assert 'value="His"' in answer.text
    assert save(luc, answer.text, "His").status_code == 303


def test_subjects_of_all_languages_on_one_page(ws: Workspace) -> None:
    browser = client(ws, "ana")
    page = browser.get(f"{PAGE}/subjects").text
    made_from = dict(re.findall(r'name="(from\.[\w.-]+)" value="([^"]*)"', page))
    data = {"csrf": csrf(page), **made_from, "subject.en": "One counter"}
    assert browser.post(f"{PAGE}/subjects", data=data).status_code == 303
    assert ws.context.draft("news", "2026-12").subject == {"en": "One counter"}
    late = browser.post(f"{PAGE}/subjects", data={**data, "subject.en": "Two counters"})
    assert late.status_code == 409
    assert "One counter" in late.text
    assert "Two counters" in late.text


def test_an_edit_says_that_the_approval_is_gone(ws: Workspace) -> None:
    approved(ws)
    browser = client(ws, "ana")
    page = browser.get(PAGE).text
    answer = browser.post(f"{ITEM}/state", data={"csrf": csrf(page), "state": "in"})
    assert "no longer holds" in browser.get(answer.headers["location"]).text


def test_the_grid_counts_contacts_and_history_names_people(ws: Workspace) -> None:
    browser = client(ws, "ana")
    assert "contact" in browser.get(f"{PAGE}/reach").text
    save(browser, browser.get(f"{ITEM}?language=en").text, "Hers")
    assert "Ana" in browser.get(f"{PAGE}/history").text
    assert browser.get(f"{PAGE}/items/i99").status_code == 404
