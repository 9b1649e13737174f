"""Writing that goes wrong, in real Chromium: the session ends in mid-typing, the line is lost in mid-typing."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from newsletter.app import Workspace
from newsletter.clock import FixedClock
from tests.e2e.conftest import serving, sign_in
from tests.workflow.office import ISSUE, lay, office

pytestmark = pytest.mark.browser
Office = tuple[Workspace, Page, str]


@pytest.fixture
def writing(chromium: Browser, tmp_path: Path, clock: FixedClock) -> Iterator[Office]:
    with office(lay(tmp_path / "ws"), clock) as ws, serving(ws) as served:
        page = chromium.new_context(locale="en-GB").new_page()  # the browser itself complains of what fails here
        sign_in(page, served, "Ana")
        page.goto(f"{served.url}/issues/{ISSUE}/content/items/i1?language=en")
        page.locator("[data-rich] .ProseMirror").wait_for()
        yield ws, page, served.url
        page.context.close()


def title(ws: Workspace) -> str | None:
    return ws.context.draft("news", "2026-12").items()[0].edits["en"].title


def test_the_session_ends_in_mid_typing_and_nothing_is_lost(writing: Office) -> None:
    ws, page, _ = writing
    page.get_by_label("Title").fill("Typed before")
    page.context.clear_cookies()
    page.get_by_label("Title").press("Control+s")
    page.get_by_role("dialog", name="Your session has ended").wait_for()
    assert page.get_by_label("Title").input_value() == "Typed before"
    page.get_by_role("button", name="Sign in as Ana").click()
    page.locator("[data-saved]", has_text=re.compile(r"^Saved ")).wait_for()
    assert title(ws) == "Typed before"
    page.get_by_label("Title").fill("Typed after")
    page.get_by_role("button", name="Save").click()
    page.get_by_text("Saved.").wait_for()
    assert title(ws) == "Typed after"


def test_the_line_is_lost_in_mid_typing_and_comes_back(writing: Office) -> None:
    ws, page, _ = writing
    page.context.set_offline(True)
    page.get_by_label("Title").fill("Typed in a tunnel")
    page.get_by_role("button", name="Save").click()
    page.get_by_text("Not saved, retrying").wait_for()
    assert page.evaluate("Object.values(sessionStorage).join()").count("Typed in a tunnel") == 1
    page.context.set_offline(False)
    page.locator("[data-saved]", has_text=re.compile(r"^Saved ")).wait_for()
    assert title(ws) == "Typed in a tunnel"
    assert page.evaluate("Object.values(sessionStorage).join()").count("Typed in a tunnel") == 0
