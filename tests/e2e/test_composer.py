"""The composer in real Chromium: texts save by themselves, two who write at once lose nothing, items are dragged."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from newsletter.clock import FixedClock
from tests.e2e.conftest import serving, sign_in
from tests.e2e.test_access import faults
from tests.workflow.office import ISSUE, lay, office

pytestmark = pytest.mark.browser
CONTENT = f"/issues/{ISSUE}/content"
DOOR = "---\ntitle: A door\nsummary: It is open.\n---\nSee it.\n"
PASTE = """(field, html) => {
  const data = new DataTransfer();
  data.setData("text/html", html);
  field.focus();
  field.dispatchEvent(new ClipboardEvent("paste", {clipboardData: data, bubbles: true, cancelable: true}));
}"""


def test_texts_save_by_themselves_and_two_who_write_lose_nothing(
    chromium: Browser, tmp_path: Path, clock: FixedClock
) -> None:
    with office(lay(tmp_path / "ws"), clock) as ws, serving(ws) as served:
        page = chromium.new_context(locale="en-GB").new_page()  # the browser itself complains of every 409
        sign_in(page, served, "Ana")
        page.goto(f"{served.url}{CONTENT}/items/i1?language=en")
        page.get_by_label("Title").fill("Ana's title")
        page.get_by_role("button", name="Source").click()
        page.get_by_role("textbox", name="Text", exact=True).evaluate(
            PASTE, "<p class=MsoNormal>Hello <b>you</b><o:p></o:p></p>"
        )
        page.get_by_text("Saved").wait_for()
        edit = ws.context.draft("news", "2026-12").items()[0].edits["en"]
        assert edit.title == "Ana's title"
        assert (edit.body or "").startswith("Hello **you**")

        other = page.context.new_page()
        other.goto(page.url)
        other.get_by_label("Summary").fill("The other's")
        other.get_by_role("button", name="Save").click()
        other.get_by_text("Saved.").wait_for()

        page.get_by_label("Title").fill("Ana's second")
        page.get_by_role("button", name="Save").click()
        page.get_by_role("link", name="Take theirs").wait_for()
        assert page.get_by_label("Title").input_value() == "Ana's second"
        assert page.get_by_role("alert").get_by_text("The other's").is_visible()
        page.context.close()


def test_an_item_is_dragged_and_the_draft_follows(page: Page, tmp_path: Path, clock: FixedClock) -> None:
    folder = lay(tmp_path / "ws")
    (folder / "campaigns/news/articles/door.en.md").write_text(DOOR)
    with office(folder, clock) as ws, serving(ws) as served:
        before = [item.id for item in ws.context.draft("news", "2026-12").items()]
        assert len(before) == 2
        sign_in(page, served, "Ana")
        page.goto(f"{served.url}{CONTENT}")
        page.locator("html.scripted").wait_for()
        first, second = page.locator(f"#{before[0]}"), page.locator(f"#{before[1]}")
        first.locator(".grip").hover()
        page.mouse.down()
        box = second.bounding_box()
        assert box is not None
        for part in (0.3, 0.6, 0.95):
            page.mouse.move(box["x"] + 20, box["y"] + box["height"] * part, steps=5)
        with page.expect_navigation(url="**undo=**"):
            page.mouse.up()
        assert [item.id for item in ws.context.draft("news", "2026-12").items()] == before[::-1]
        page.get_by_role("button", name="Undo").click()
        page.get_by_text("Undone.").wait_for()
        assert [item.id for item in ws.context.draft("news", "2026-12").items()] == before


def test_a_subject_is_read_in_an_inbox_while_it_is_typed(page: Page, tmp_path: Path, clock: FixedClock) -> None:
    with office(lay(tmp_path / "ws"), clock) as ws, serving(ws) as served:
        sign_in(page, served, "Ana")
        page.goto(f"{served.url}{CONTENT}/subjects")
        page.get_by_text("Subject: 19 characters").wait_for()
        page.get_by_label("Subject").fill("Hello {{ contact.last_name }}")
        page.locator(".inbox .line", has_text="Hello Berg").wait_for()
        assert page.locator("#u-subject-en").inner_text() == "News, December 2026"
        assert faults(page) == []
