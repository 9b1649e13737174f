"""Pictures of the web in texts of one's own: brought over by gathering, shown without the network."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from newsletter.app import Workspace
from newsletter.clock import FixedClock
from newsletter.gathering.fetch import Answer, FetchError, Validators
from newsletter.workflow.checking.check import check_composed
from newsletter.workflow.content.gather import Report, gather_issue
from tests.gathering.test_images import drawing, moving, saved
from tests.workflow.office import ISSUE, lay, office

HALL, ROOM, GONE = (f"https://pictures.example/{name}" for name in ("hall.png", "caf%C3%A9.png", "gone.png"))
TEXT = f"""---
title: A new hall
picture: {{file: {HALL}, alt: A hall}}
---
It stands.

![A room](https://pictures.example/café.png)

![What is gone]({GONE})
"""


class Web:
    """Two pictures, and who asked for what."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def __call__(self, url: str, known: Validators | None) -> Answer:
        self.asked.append(url)
        if url == GONE:
            raise FetchError(f"{url} answered 404 instead of a document.")
        return Answer(url, saved(drawing(400, 300 if url == HALL else 200)), "image/png")


@pytest.fixture
def ws(tmp_path: Path, clock: FixedClock) -> Iterator[Workspace]:
    folder = lay(tmp_path / "ws")
    (folder / "campaigns/news/articles/counter.en.txt").unlink()
    with office(folder, clock) as opened:
        (folder / "campaigns/news/articles/hall.en.md").write_text(TEXT)
        yield opened


def gather(ws: Workspace, web: Web) -> Report:
    return gather_issue(ws.context, "news", "2026-12", ws.context.person("ana"), fetch=web)


def left_out(ws: Workspace) -> list[str]:
    found = check_composed(ws.context, ISSUE, lambda: ws.compose(ISSUE).composition)
    return [each.what for each in found if each.code == "picture-left-out"]


def test_pictures_are_brought_over_once_and_shown_as_assets(ws: Workspace) -> None:
    web = Web()
    report = gather(ws, web)
    assert web.asked == [HALL, ROOM, GONE]
    assert report.notices == [f"The picture {GONE} is left out: {GONE} answered 404 instead of a document."]
    composed = ws.compose(ISSUE).composition
    sizes = {(each.width, each.height) for each in composed.assets.values()}
    assert {(400, 300), (400, 200)} <= sizes
    assert "pictures.example" not in ws.compose(ISSUE).message("en").html
    gather(ws, web)
    assert web.asked[3:] == [GONE]
    assert f"picture: {{file: {HALL}" in ws.context.documents.text("campaigns/news/articles/hall.en.md")


def test_a_check_says_what_to_do_about_pictures_that_were_not_brought_over(ws: Workspace) -> None:
    def nothing(url: str, known: Validators | None) -> Answer:
        raise FetchError(f"{url} cannot be reached.")

    gather_issue(ws.context, "news", "2026-12", ws.context.person("ana"), fetch=nothing)
    told = left_out(ws)
    assert [address for address in (HALL, ROOM, GONE) if any(address in each for each in told)] == [HALL, ROOM, GONE]
    assert all("newsletter gather news --key 2026-12" in each for each in told)
    gather(ws, Web())
    (told_later,) = left_out(ws)
    assert GONE in told_later


def test_a_picture_of_an_edit_is_brought_over(ws: Workspace) -> None:
    gather(ws, Web())
    path = ws.context.folder / f"campaigns/{ISSUE}.yaml"
    other = "https://pictures.example/other.png"
    edits = f"article: hall\n        edits: {{en: {{picture: '{other}'}}}}\n"
    path.write_text(path.read_text().replace("article: hall\n", edits, 1))
    web = Web()
    gather(ws, web)
    assert web.asked == [other, GONE]


def test_a_moving_picture_moves_in_the_message_and_a_long_one_says_that_it_does_not(ws: Workspace) -> None:
    campaign = ws.context.folder / "campaigns/news"
    text = "---\ntitle: A hall\npicture: {file: pictures/doors.gif, alt: Doors}\n---\n![Rain](pictures/rain.gif)\n"
    (campaign / "articles/hall.en.md").write_text(text)
    (campaign / "pictures").mkdir(exist_ok=True)
    (campaign / "pictures/doors.gif").write_bytes(moving(400, 100))
    (campaign / "pictures/rain.gif").write_bytes(moving(183, 20, 61))
    gather(ws, Web())
    made = ws.compose(ISSUE).composition
    (doors,) = [each for each in made.assets.values() if each.media_type == "image/gif"]
    assert doors.file_name.endswith(".gif")
    assert f"/a/{doors.file_name}" in ws.compose(ISSUE).message("en").html
    found = [each for each in check_composed(ws.context, ISSUE, lambda: made) if each.code.startswith("picture-")]
    assert [(each.code, "rain.gif" in each.what) for each in found] == [("picture-still", True)]


def test_a_moving_picture_of_the_web_is_kept_moving(ws: Workspace) -> None:
    class Moving(Web):
        def __call__(self, url: str, known: Validators | None) -> Answer:
            frames = 61 if url == ROOM else 4
            return Answer(url, moving(183, 20, frames), "image/gif")

    report = gather(ws, Moving())
    kept = sorted(each.suffix for each in (ws.context.folder / "campaigns/news/pictures").iterdir())
    assert kept == [".gif", ".gif", ".png"]
    assert [each for each in report.notices if "only the first frame is kept" in each]
    web = Moving()
    gather(ws, web)
    assert web.asked == []
