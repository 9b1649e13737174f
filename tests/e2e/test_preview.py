"""The preview's frame in real Chromium: dark flips, pictures show, nothing in a message runs or reaches the studio."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import Browser

from newsletter.clock import FixedClock
from tests.e2e.conftest import serving, sign_in
from tests.workflow.office import lay, office

pytestmark = pytest.mark.browser
HERE = "/issues/news/2026-12/preview"
DOOR = "---\ntitle: A door\nsummary: It is open.\nlink: https://elsewhere.example/\n---\nSee it.\n"
DARK = "<mj-style>@media (prefers-color-scheme: dark) { body { background: #010203 !important } }</mj-style>"


def laid(folder: Path) -> Path:
    """With a logo, a link to elsewhere, and a colour of its own in the dark."""
    lay(folder)
    (folder / "campaigns/news/articles/door.en.md").write_text(DOOR)
    Image.new("RGB", (280, 80), "navy").save(folder / "logo.png")
    settings = folder / "newsletter.toml"
    settings.write_text(settings.read_text().replace("[association]\n", '[association]\nlogo = "logo.png"\n'))
    for template in (folder / "templates").rglob("*.mjml"):
        template.write_text(template.read_text().replace("</mj-head>", f"{DARK}</mj-head>"))
    return folder


def test_a_message_is_shown_as_it_is_and_can_do_nothing(chromium: Browser, tmp_path: Path, clock: FixedClock) -> None:
    with office(laid(tmp_path / "ws"), clock) as ws, serving(ws) as served:
        context = chromium.new_context(color_scheme="null", locale="en-GB")  # so that the frame's own scheme holds
        page = context.new_page()
        asked: list[str] = []
        page.on("request", lambda request: asked.append(request.url))
        sign_in(page, served, "Ana")
        page.goto(f"{served.url}{HERE}")
        frame = page.frame_locator("iframe.message")
        body, link = frame.locator("body"), frame.get_by_role("link", name="A door").first
        ground = "body => getComputedStyle(body).backgroundColor"
        link.wait_for()
        assert frame.locator("img").first.evaluate("image => image.decode().then(() => image.naturalWidth)") > 0
        assert body.evaluate("() => window.origin") == "null"
        assert body.evaluate(ground) != "rgb(1, 2, 3)"
        link.click()  # leads nowhere
        assert frame.locator("body").evaluate("() => location.pathname") == f"{HERE}/frame"
        page.get_by_role("link", name="Dark").click()
        page.wait_for_url("**scheme=dark**")
        link.wait_for()
        assert body.evaluate(ground) == "rgb(1, 2, 3)"
        shown = page.url
        (ws.context.folder / "campaigns/news/articles/door.en.md").write_text(DOOR.replace("A door", "A window"))
        frame.get_by_role("link", name="A window").first.wait_for()  # by itself, in the scheme that was chosen
        assert body.evaluate(ground) == "rgb(1, 2, 3)"
        assert page.url == shown
        assert len(context.pages) == 1
        assert [url for url in asked if not url.startswith((served.url, "data:"))] == []
        context.close()
