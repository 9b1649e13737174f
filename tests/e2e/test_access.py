"""Every page for everyone: axe-core with the rules of WCAG 2.2 AA, wide and narrow, light and dark."""

from __future__ import annotations

from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

from newsletter.store import people
from newsletter.store.engine import writing
from tests.browser import ALONE, Served, steps_of
from tests.e2e.conftest import sign_in
from tests.gathering.test_images import drawing, saved

pytestmark = pytest.mark.browser

RULES = {"runOnly": {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]}}
HALL = "/articles/news/hall"
OF_ARTICLE = (HALL, f"{HALL}/en/edit", f"{HALL}/picture", f"{HALL}/picture/choose", f"{HALL}/picture/crop")
ITEM = "/issues/news/2026-12/content/items/i1"
PAGES = (*ALONE, *OF_ARTICLE, ITEM, f"{ITEM}/picture", *steps_of("news/2026-12"))
# Languages change words, not parts: there axe looks at every fourth page, and widths are measured on all.
LOOKS = ((1280, "light", None, 1), (320, "dark", None, 1), (1280, "dark", "fr", 4), (320, "light", "ar", 4))


def faults(page: Page) -> list[str]:
    found = Axe().run(page, options=RULES).response["violations"]
    return [f"{each['id']}: {node['html'][:120]}" for each in found for node in each["nodes"]]


def pictured(campaign: Path) -> None:
    """An article with a picture that says nothing yet."""
    (campaign / "pictures").mkdir()
    (campaign / "pictures/hall.png").write_bytes(saved(drawing(800, 400)))
    picture = "picture: {file: pictures/hall.png, crop: {x: 10, y: 10, width: 50, height: 80}}"
    event = "event: {start: 2026-12-05T14:00, zone: Europe/Paris, place: Lyon}"
    (campaign / "articles/hall.en.md").write_text(f"---\ntitle: A hall\n{picture}\n{event}\n---\nIt stands.\n")


@pytest.mark.parametrize(("width", "scheme", "language", "every"), LOOKS)
def test_axe_finds_nothing_and_nothing_scrolls_sideways(
    page: Page, served: Served, width: int, scheme: str, language: str | None, every: int
) -> None:
    """In Arabic the words are English, but the page runs from right to left."""
    pictured(served.ws.context.folder / "campaigns/news")
    served.ws.gather("news", key="2026-12", person="ana")
    page.set_viewport_size({"width": width, "height": 900})
    page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
    page.goto(f"{served.url}/sign-in")
    assert faults(page) == []
    sign_in(page, served, "Ana")
    with writing(served.ws.context.engine) as connection:
        people.change(connection, served.ws.context.person("ana").id, language=language)
    for number, path in enumerate(PAGES):
        answer = page.goto(served.url + path)
        assert answer is not None
        assert (path, answer.status) == (path, 200)
        if number % every == 0:
            assert (path, faults(page)) == (path, [])
        wider = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        assert (path, wider) == (path, 0)


def test_the_menu_of_a_phone_opens_by_keyboard(page: Page, served: Served) -> None:
    page.set_viewport_size({"width": 390, "height": 800})
    sign_in(page, served, "Ana")
    links = page.get_by_role("navigation", name="Main")
    assert not links.is_visible()
    page.get_by_role("button", name="Menu").press("Enter")
    assert links.is_visible()
    page.keyboard.press("Escape")
    assert not links.is_visible()


def test_a_slash_goes_to_the_search(page: Page, served: Served) -> None:
    sign_in(page, served, "Ana")
    page.keyboard.press("/")
    assert page.evaluate("document.activeElement.id") == "search"
