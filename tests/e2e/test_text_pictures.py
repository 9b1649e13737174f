"""A picture within a text, in real Chromium: found or uploaded, described, put where the caret is; by keyboard too."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from newsletter.clock import FixedClock
from tests.e2e.conftest import serving, sign_in
from tests.e2e.test_access import faults
from tests.e2e.test_editor import caret_at_end_of, plain, rich, source
from tests.gathering.test_images import drawing, photo, saved
from tests.workflow.office import ISSUE, lay, office

pytestmark = pytest.mark.browser
TEXT = """The  hall   stands.

* star
* list

Dear {{ contact.first_name }}, come.
"""


@pytest.fixture
def writing(page: Page, tmp_path: Path, clock: FixedClock) -> Iterator[Page]:
    """Ana has the item open whose text is TEXT."""
    folder = lay(tmp_path / "ws")
    campaign = folder / "campaigns/news"
    (campaign / "articles/door.en.md").write_text(f"---\ntitle: A door\n---\n{TEXT}")
    (campaign / "articles/hall.en.md").write_text(
        "---\ntitle: A hall\npicture: {file: pictures/hall plan.png, alt: Plan of the hall}\n---\nIt stands.\n"
    )
    (campaign / "pictures").mkdir()
    (campaign / "pictures/hall plan.png").write_bytes(saved(drawing(600, 300)))
    with office(folder, clock) as ws, serving(ws) as served:
        door = next(item.id for item in ws.context.draft("news", "2026-12").items() if item.article == "door")
        sign_in(page, served, "Ana")
        page.goto(f"{served.url}/issues/{ISSUE}/content/items/{door}?language=en")
        rich(page).wait_for()
        yield page


def asked(page: Page) -> Locator:
    page.get_by_role("button", name="Picture", exact=True).click()
    question = page.get_by_role("dialog", name="Picture")
    question.get_by_role("radio").first.wait_for()
    return question


def saved_text(page: Page) -> str:
    page.get_by_role("button", name="Save", exact=True).click()
    page.get_by_text("Saved.").wait_for()
    return source(page)


def test_a_picture_that_is_there_goes_in_and_all_else_keeps_every_byte(writing: Page) -> None:
    before = source(writing)
    caret_at_end_of(writing, "star")
    question = asked(writing)
    assert faults(writing) == []
    question.get_by_label("Name, credit or article").fill("plan")
    question.get_by_label("Name, credit or article").press("Enter")
    expect(question.get_by_role("radio")).to_have_count(1)
    question.get_by_role("radio", name="hall plan.png").check()
    assert question.get_by_label("Alternative text").input_value() == "Plan of the hall"  # as it is described elsewhere
    question.get_by_label("Alternative text").fill("Plan of [the] hall_1")
    question.get_by_role("button", name="Insert").click()
    now = source(writing)
    assert now.startswith("The  hall   stands.\n\n")
    assert now.endswith("\n\nDear {{ contact.first_name }}, come." + before[len(before.rstrip()) :])
    assert re.search(r"star!\[Plan of .*hall.*\]\(<?pictures/hall(%20| )plan\.png>?\)", now)
    assert rich(writing).locator(".picture").inner_text() == "Plan of [the] hall_1"
    assert saved_text(writing) == now
    shown = writing.frame_locator("iframe.message").get_by_alt_text("Plan of [the] hall_1")
    assert shown.evaluate("each => each.naturalWidth") == 600

    rich(writing).locator(".picture").click()
    question = asked(writing)
    assert question.get_by_label("Alternative text").input_value() == "Plan of [the] hall_1"
    question.get_by_label("Alternative text").fill("For {{ contact.first_name }}")
    question.get_by_role("button", name="Insert").click()
    assert "![For {{ contact.first_name }}](" in source(writing)


def test_an_upload_goes_into_the_source_by_keyboard_alone(writing: Page) -> None:
    before = source(writing)
    plain(writing).press("Control+End")
    question = asked(writing)
    writing.keyboard.press("Escape")
    expect(question).to_have_count(0)
    assert source(writing) == before
    expect(plain(writing)).to_be_focused()

    for _ in range(10):
        writing.keyboard.press("Shift+Tab")
        if writing.evaluate("document.activeElement.dataset.picture !== undefined"):
            break
    writing.keyboard.press("Enter")
    chosen = question.get_by_label("Or upload one")
    chosen.set_input_files({"name": "a.png", "mimeType": "image/png", "buffer": b"nothing"})
    with writing.expect_response("**/pictures/news"):
        chosen.press("Tab")
        writing.keyboard.press("Enter")
    question.get_by_text("a.png is no picture that can be read").wait_for()
    chosen.set_input_files({"name": "Tür.jpg", "mimeType": "image/jpeg", "buffer": saved(photo(800, 400), "JPEG")})
    question.get_by_role("button", name="Upload", exact=True).press("Enter")
    expect(question.get_by_role("radio", name="tur.jpg")).to_be_checked()
    expect(question.get_by_label("Alternative text")).to_be_focused()
    writing.keyboard.type("A *door* of {{ institution.name }}")
    question.get_by_role("button", name="Insert").press("Enter")
    assert source(writing).rstrip() == before.rstrip() + "![A \\*door\\* of {{ institution.name }}](pictures/tur.jpg)"
    expect(plain(writing)).to_be_focused()
    saved_text(writing)
    picture = writing.frame_locator("iframe.message").locator("img[alt^='A *door* of']")
    assert picture.evaluate("each => each.naturalWidth") == 800


def test_the_form_of_an_article_has_it_too(writing: Page) -> None:
    origin = writing.evaluate("location.origin")
    writing.goto(f"{origin}/articles/news/door/en/edit")
    rich(writing).wait_for()
    caret_at_end_of(writing, "stands.")
    question = asked(writing)
    question.get_by_role("radio", name="hall plan.png").check()
    question.get_by_role("button", name="Insert").click()
    now = source(writing)
    assert now.split("\n\n")[1:] == TEXT.strip().split("\n\n")[1:]
    writing.get_by_role("button", name="Save", exact=True).click()
    shown = writing.get_by_role("img", name="Plan of the hall").first
    shown.wait_for()
    assert shown.evaluate("each => each.decode().then(() => each.naturalWidth)") == 600

    writing.goto(f"{origin}/articles/new?campaign=news")
    rich(writing).click()
    question = asked(writing)
    question.get_by_role("radio", name="hall plan.png").check()
    question.get_by_role("button", name="Insert").click()
    assert "![Plan of the hall](" in source(writing)
