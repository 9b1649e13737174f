"""Pictures for a text, as the editor offers them: found, uploaded, and shown where the text is shown."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from html import unescape
from pathlib import Path

import pytest
from httpx import Response
from starlette.testclient import TestClient

from newsletter.app import Workspace
from newsletter.clock import FixedClock
from tests.gathering.test_images import drawing, photo, saved
from tests.web.desk import client, scripted
from tests.workflow.office import lay, office

AT = "/pictures/news"
ROSA = '\n[people.rosa]\nname = "Rosa"\naddress = "rosa@example.org"\nroles = ["reader"]\n'
DOOR = """---
title: A door
picture: {file: pictures/door.png, alt: A "red" door, credit: "Photo: Zoë"}
---
Open.
"""


@pytest.fixture
def ws(tmp_path: Path, clock: FixedClock) -> Iterator[Workspace]:
    folder = lay(tmp_path / "ws", tables=ROSA)
    (folder / "campaigns/news/articles/door.en.md").write_text(DOOR)
    pictures = folder / "campaigns/news/pictures"
    pictures.mkdir()
    (pictures / "door.png").write_bytes(saved(drawing(1400, 700)))
    (pictures / "plan of the hall.png").write_bytes(saved(drawing(300, 200)))
    with office(folder, clock) as opened:
        yield opened


@pytest.fixture
def ana(ws: Workspace) -> TestClient:
    return scripted(ws, "ana")


def sources(answer: Response) -> list[str]:
    return [unescape(each) for each in re.findall(r'name="source" value="([^"]+)"', answer.text)]


def upload(browser: TestClient, content: bytes, name: str = "Hall.JPG") -> Response:
    answer: Response = browser.post(AT, files={"file": (name, content)})
    return answer


def test_pictures_are_found_by_name_and_credit_with_what_is_known_of_them(ana: TestClient) -> None:
    assert sources(ana.get(AT))[:2] == ["pictures/door.png", "pictures/plan of the hall.png"]
    assert sources(ana.get(f"{AT}?asked=hall")) == ["pictures/plan of the hall.png"]
    door = ana.get(f"{AT}?asked=zoë")
    assert sources(door) == ["pictures/door.png"]
    told = re.search(r'data-alts="([^"]*)"', door.text)
    assert told
    assert json.loads(unescape(told[1])) == {"en": 'A "red" door'}
    assert "No picture is found" in ana.get(f"{AT}?asked=nothing").text


def test_an_upload_lies_in_the_newsletter_and_no_text_is_changed(ws: Workspace, ana: TestClient) -> None:
    articles = ws.context.folder / "campaigns/news/articles"
    before = {each.name: each.read_bytes() for each in articles.iterdir()}
    assert sources(upload(ana, saved(photo(1200, 800), "JPEG"))) == ["pictures/hall.jpg"]
    assert (ws.context.folder / "campaigns/news/pictures/hall.jpg").exists()
    assert {each.name: each.read_bytes() for each in articles.iterdir()} == before


def test_what_is_no_picture_is_refused_in_a_sentence(ws: Workspace, ana: TestClient) -> None:
    answer = upload(ana, b"<html><script>alert(1)</script></html>", "a.png")
    assert "<li data-failed>a.png is no picture that can be read: save it as JPEG or PNG.</li>" in answer.text
    assert "<script>" not in answer.text
    assert sources(answer) == []
    assert len(list((ws.context.folder / "campaigns/news/pictures").iterdir())) == 2


def test_only_editors_are_asked_and_only_newsletters_have_some(ws: Workspace, ana: TestClient) -> None:
    rosa = scripted(ws, "rosa")
    assert rosa.get(AT).status_code == 403
    assert upload(rosa, saved(photo(40, 30), "JPEG")).status_code == 403
    assert client(ws, "ana").post(AT, files={"file": ("a.png", saved(drawing(40, 30)))}).status_code == 403
    assert ana.get("/pictures/nowhere").status_code == 404
    answer = ana.post("/pictures/nowhere", files={"file": ("a.png", saved(drawing(40, 30)))})
    assert answer.status_code == 404


def test_the_page_of_an_article_shows_the_pictures_of_its_text(ws: Workspace, ana: TestClient) -> None:
    text = "Open.\n\n![The plan & more](<pictures/plan of the hall.png>)\n\n![Far](https://example.org/a.png)\n"
    (ws.context.folder / "campaigns/news/articles/door.en.md").write_text(f"---\ntitle: A door\n---\n{text}")
    page = ana.get("/articles/news/door").text
    shown = re.search(r'<img src="(/pictures\?[^"]+)"[^>]* alt="The plan &amp; more"', page)
    assert shown
    assert ana.get(unescape(shown[1])).headers["content-type"] == "image/png"
    assert 'src="https://example.org' not in page


@pytest.mark.parametrize(
    "place", ["../../../../outside.png", "/etc/outside.png", "pictures/%00.png", "a" * 300 + ".png"]
)
def test_a_text_that_names_what_lies_elsewhere_is_shown_without_it(ws: Workspace, ana: TestClient, place: str) -> None:
    text = f"---\ntitle: A door\npicture: {{file: '{place.replace('%', '')}'}}\n---\nOpen.\n\n![The plan]({place})\n"
    (ws.context.folder / "campaigns/news/articles/door.en.md").write_text(text)
    answer = ana.get("/articles/news/door")
    assert answer.status_code == 200
    assert "The plan" in answer.text
    assert "<img" not in answer.text
    assert ana.get("/articles").status_code == 200
