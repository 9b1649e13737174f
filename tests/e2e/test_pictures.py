"""A picture in real Chromium: uploaded, cropped by keyboard and by mouse, described; it stands in the preview."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from newsletter.app import Workspace
from newsletter.clock import FixedClock
from newsletter.gathering.frontmatter import split
from newsletter.model.article import Picture
from tests.e2e.conftest import serving, sign_in
from tests.e2e.test_access import faults
from tests.gathering.test_images import photo, saved
from tests.workflow.office import ISSUE, lay, office

pytestmark = pytest.mark.browser
AT = "/articles/news/hall/picture"


@pytest.fixture
def office_of(page: Page, tmp_path: Path, clock: FixedClock) -> Iterator[tuple[Workspace, Page, str]]:
    """Ana looks at the picture of an article that has none."""
    folder = lay(tmp_path / "ws")
    (folder / "campaigns/news/articles/counter.en.txt").unlink()  # the first of a list is shown with its picture
    (folder / "campaigns/news/articles/hall.en.md").write_text("---\ntitle: A hall\n---\nIt stands.\n")
    with office(folder, clock) as ws, serving(ws) as served:
        sign_in(page, served, "Ana")
        page.goto(served.url + AT)
        yield ws, page, served.url


def stored(ws: Workspace) -> Picture:
    picture = split(ws.context.documents.text("campaigns/news/articles/hall.en.md"), "hall")[0].the_picture
    assert picture is not None
    return picture


def sides(page: Page) -> list[float]:
    return [float(page.locator(f"#f-{name}").input_value()) for name in ("x", "y", "width", "height")]


def upload(page: Page) -> None:
    content = saved(photo(1600, 800), "JPEG")
    page.get_by_label("Upload a picture").set_input_files(
        {"name": "Hall.jpg", "mimeType": "image/jpeg", "buffer": content}
    )
    page.get_by_role("button", name="Upload", exact=True).click()
    page.get_by_text("The picture is uploaded.").wait_for()


def frame(page: Page) -> Locator:
    return page.get_by_role("group", name="Frame", exact=True).and_(page.locator("rect"))


def test_a_picture_is_cropped_by_keyboard_described_and_stands_in_the_preview(
    office_of: tuple[Workspace, Page, str],
) -> None:
    ws, page, url = office_of
    upload(page)
    assert faults(page) == []
    page.get_by_role("link", name="Crop").click()
    page.get_by_label("1:1").check()
    assert sides(page) == [25, 0, 50, 100]
    page.get_by_text("This part has 800 × 800 pixels.").wait_for()
    frame(page).focus()
    for key in ("ArrowRight", "ArrowRight", "Shift+ArrowLeft", "ArrowDown"):
        page.keyboard.press(key)
    assert sides(page) == [27, 1, 49, 98]
    assert faults(page) == []
    page.get_by_role("button", name="Save").click()
    page.get_by_text("Saved.").wait_for()
    crop = stored(ws).crop
    assert crop
    assert (crop.x, crop.y, crop.width, crop.height) == (27, 1, 49, 98)

    page.get_by_text("Missing: readers").wait_for()
    page.get_by_label("Alternative text in English").fill("A round hall")
    page.get_by_label("Credit").fill("Photo: Zoë")
    page.get_by_role("button", name="Save").click()
    page.get_by_text("Saved.").wait_for()
    expect(page.get_by_text("Missing: readers")).to_have_count(0)
    assert (stored(ws).alt, stored(ws).credit) == ("A round hall", "Photo: Zoë")

    page.goto(f"{url}/issues/{ISSUE}/preview")
    shown = page.frame_locator("iframe.message").first.get_by_alt_text("A round hall")
    assert shown.evaluate("each => each.naturalWidth == each.naturalHeight && each.naturalWidth > 300")


def test_the_frame_is_dragged_and_its_shape_stays(office_of: tuple[Workspace, Page, str]) -> None:
    ws, page, _ = office_of
    upload(page)
    page.get_by_role("link", name="Crop").click()
    page.get_by_label("1:1").check()
    box = frame(page).bounding_box()
    assert box
    step = box["width"] / 50  # pixels on screen of a percent
    middle = (box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    drag(page, middle, (10 * step, 0))
    assert sides(page) == pytest.approx([35, 0, 50, 100], abs=0.5)
    corner = (box["x"] + 10 * step, box["y"] + box["height"])
    drag(page, corner, (20 * step, 0))
    x, _, width, height = sides(page)
    assert (width, height) == pytest.approx((30, 60), abs=0.7)
    assert x + width == pytest.approx(85, abs=0.7)
    page.get_by_label("Width").fill("20")
    assert sides(page)[3] == pytest.approx(40)
    page.get_by_label("free").check()
    page.get_by_label("Height").fill("30")
    assert sides(page)[2:] == pytest.approx([20, 30])
    page.get_by_label("Height").press("Enter")
    page.get_by_text("Saved.").wait_for()
    crop = stored(ws).crop
    assert crop
    assert (crop.width, crop.height) == (20, 30)


def drag(page: Page, start: tuple[float, float], by: tuple[float, float]) -> None:
    page.mouse.move(*start)
    page.mouse.down()
    page.mouse.move(start[0] + by[0] / 2, start[1] + by[1] / 2)
    page.mouse.move(start[0] + by[0], start[1] + by[1])
    page.mouse.up()
