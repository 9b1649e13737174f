"""The picture of an issue's item: a gathered article gets another one, a part, or words, for this issue alone."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from httpx import Response
from starlette.testclient import TestClient

from newsletter.app import Workspace
from newsletter.clock import FixedClock
from newsletter.model.crop import Crop
from newsletter.model.draft import Edit, Item
from newsletter.model.issue import IssueState
from tests.gathering.test_images import drawing, saved
from tests.web.desk import client, scripted
from tests.workflow.office import ISSUE, approved, lay, office

GATHERED = """---
title: {title}
picture: {{file: pictures/door.png, alt: '{alt}', credit: 'Photo: Zoë'}}
source: https://a.example/feed
source_hash: x
---
It stands.
"""


@pytest.fixture
def ws(tmp_path: Path, clock: FixedClock) -> Iterator[Workspace]:
    folder = lay(tmp_path / "ws")
    settings = folder / "newsletter.toml"
    settings.write_text(settings.read_text().replace('languages = ["en"]', 'languages = ["en", "fr"]'))
    definition = folder / "campaigns/news/campaign.yaml"
    definition.write_text(definition.read_text().replace("subject: {", "subject: {fr: Nouvelles, "))
    (folder / "campaigns/news/articles/hall.en.md").write_text(GATHERED.format(title="A hall", alt="A door"))
    (folder / "campaigns/news/articles/hall.fr.md").write_text(GATHERED.format(title="Une salle", alt=""))
    (folder / "campaigns/news/pictures").mkdir()
    (folder / "campaigns/news/pictures/door.png").write_bytes(saved(drawing(1400, 700)))
    (folder / "campaigns/news/pictures/other.png").write_bytes(saved(drawing(900, 600)))
    with office(folder, clock) as opened:
        yield opened


@pytest.fixture
def ana(ws: Workspace) -> TestClient:
    return scripted(ws, "ana")


def hall(ws: Workspace) -> Item:
    return next(item for item in ws.context.draft("news", "2026-12").items() if item.article == "hall")


def at(ws: Workspace) -> str:
    return f"/issues/{ISSUE}/content/items/{hall(ws).id}/picture"


def stands(browser: TestClient, page: str) -> str:
    found = re.search(r'name="made_from" value="(\w+)"', browser.get(page).text)
    assert found
    return found[1]


def articles(ws: Workspace) -> dict[str, str]:
    return {file.name: file.read_text() for file in (ws.context.folder / "campaigns/news/articles").iterdir()}


def shown(ws: Workspace) -> set[tuple[int | None, int | None]]:
    return {(each.width, each.height) for each in ws.compose(ISSUE).composition.assets.values()}


def test_words_that_the_source_left_out_are_written_in_the_issue(ws: Workspace, ana: TestClient) -> None:
    before, page = articles(ws), at(ws)
    text = ana.get(page).text
    assert "holds for this issue alone" in text
    assert text.count("Missing: readers") == 1
    words = {"alt.en": "A door", "alt.fr": "Une porte", "credit": "Photo: Zoë"}
    assert ana.post(page, data={"made_from": stands(ana, page), **words}).status_code == 303
    assert hall(ws).edits == {"fr": Edit(alt="Une porte")}
    late = ana.post(page, data={"made_from": "0" * 16, **words, "alt.fr": "Typed late"})
    assert (late.status_code, "Typed late" in late.text) == (409, True)
    assert 'alt="Une porte"' in ws.compose(ISSUE).message("fr").html
    assert articles(ws) == before


def test_another_picture_and_a_part_of_it_and_back(ws: Workspace, ana: TestClient) -> None:
    before, page = articles(ws), at(ws)
    assert ana.post(f"{page}/choose", data={"source": "pictures/other.png"}).status_code == 303
    assert hall(ws).edits == {tag: Edit(picture="pictures/other.png") for tag in ("en", "fr")}
    square = {"x": "0", "y": "0", "width": "100", "height": "100", "aspect": "1:1"}
    ana.post(f"{page}/crop", data={"made_from": stands(ana, f"{page}/crop"), **square})
    crop = Crop(x=16.67, y=0, width=66.67, height=100)
    assert hall(ws).edits == {tag: Edit(picture="pictures/other.png", crop=crop) for tag in ("en", "fr")}
    assert (600, 600) in shown(ws)
    words = {"alt.en": "It's a box", "alt.fr": "", "credit": "Zoë"}
    ana.post(page, data={"made_from": stands(ana, page), **words})
    assert hall(ws).edits["en"] == Edit(picture="pictures/other.png", crop=crop, alt="It's a box", credit="Zoë")
    item = page.removesuffix("/picture")
    hash_ = stands(ana, f"{item}?language=en")
    typed = {"language": "en", "title": "Another title", "body": "It stands.", "made_from": hash_, "then": "picture"}
    assert ana.post(item, data=typed).headers["location"].startswith(page)
    assert hall(ws).edits["en"].credit == "Zoë"
    ana.post(f"{page}/own")
    assert hall(ws).edits == {"en": Edit(title="Another title")}
    assert "picture" in ana.get(f"/issues/{ISSUE}/content/history").text
    assert articles(ws) == before


def test_none_in_this_issue_and_an_upload(ws: Workspace, ana: TestClient) -> None:
    page, before = at(ws), shown(ws)
    ana.post(f"{page}/remove")
    assert hall(ws).edits == {tag: Edit(picture="") for tag in ("en", "fr")}
    assert shown(ws) < before
    assert "There is no picture yet" in ana.get(page).text
    answer = ana.post(f"{page}/upload", files={"file": ("New.png", saved(drawing(800, 400)))})
    assert answer.status_code == 303
    assert {edit.picture for edit in hall(ws).edits.values()} == {"pictures/new.png"}
    wrong: Response = ana.post(f"{page}/upload", files={"file": ("a.png", b"MZ")})
    assert wrong.status_code == 422
    assert "no picture that can be read" in wrong.text


def test_a_change_takes_the_approval_away_and_others_change_nothing(ws: Workspace, ana: TestClient) -> None:
    approved(ws)
    page = at(ws)
    luc = client(ws, None)
    assert luc.post(f"{page}/remove").status_code == 303  # to the sign-in
    assert client(ws, "luc").post(f"{page}/remove").status_code == 403  # without the token
    assert hall(ws).edits == {}
    answer = ana.post(f"{page}/choose", data={"source": "pictures/other.png"})
    assert "no longer holds" in ana.get(answer.headers["location"]).text
    assert ws.issue(ISSUE).state is IssueState.DRAFT


def test_an_item_that_is_not_there(ana: TestClient) -> None:
    assert ana.get(f"/issues/{ISSUE}/content/items/i99/picture").status_code in (404, 422)


def test_one_language_of_an_issue_shows_another_picture_and_gives_it_back(ws: Workspace, ana: TestClient) -> None:
    before, page = articles(ws), at(ws)
    alone = f"{page}/in/fr"
    assert f'href="{alone}"' in ana.get(page).text
    assert ana.post(f"{alone}/own").status_code == 422
    assert ana.post(f"{alone}/choose", data={"source": "pictures/other.png"}).status_code == 303
    assert hall(ws).edits == {"fr": Edit(picture="pictures/other.png")}
    words = {"alt.fr": "Une autre", "credit": "Zoë"}
    ana.post(alone, data={"made_from": stands(ana, alone), **words})
    assert hall(ws).edits == {"fr": Edit(picture="pictures/other.png", alt="Une autre", credit="Zoë")}
    assert 'alt="Une autre"' in ws.compose(ISSUE).message("fr").html
    assert "Une autre" not in ws.compose(ISSUE).message("en").html
    assert ana.post(f"{alone}/own").headers["location"].startswith(f"{page}?said=")
    assert hall(ws).edits == {}

    ana.post(f"{page}/choose", data={"source": "pictures/other.png"})
    ana.post(f"{alone}/remove")
    assert hall(ws).edits == {"en": Edit(picture="pictures/other.png"), "fr": Edit(picture="")}
    ana.post(f"{alone}/own")
    assert hall(ws).edits == {tag: Edit(picture="pictures/other.png") for tag in ("en", "fr")}
    assert ana.get(f"{page}/in/de").status_code == 422
    assert articles(ws) == before


def test_where_the_article_has_other_pictures_in_other_languages_an_issue_shows_one_in_both(
    ws: Workspace, ana: TestClient
) -> None:
    french = ws.context.folder / "campaigns/news/articles/hall.fr.md"
    french.write_text(french.read_text().replace("pictures/door.png", "pictures/other.png"))
    alone = f"{at(ws)}/in/fr"
    assert "picture of its own" in ana.get(alone).text
    ana.post(f"{alone}/own")
    assert hall(ws).edits == {"fr": Edit(picture="pictures/door.png", credit="Photo: Zoë")}
    assert "picture of its own" not in ana.get(alone).text
