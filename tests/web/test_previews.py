"""The plain page of previews, over HTTP and in real Chromium."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Iterator
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import urlopen

import pytest

from newsletter.app import Workspace
from newsletter.clock import FixedClock
from newsletter.web.previews import make_server
from tests.servers import missing
from tests.workflow.office import lay, office


@pytest.fixture
def served(tmp_path: Path, clock: FixedClock) -> Iterator[tuple[str, Workspace]]:
    with office(lay(tmp_path / "ws"), clock) as ws, make_server(ws, 0) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}", ws
        finally:
            server.shutdown()
            thread.join()


def get(url: str) -> tuple[int, str]:
    try:
        with urlopen(url) as answer:
            return answer.status, answer.read().decode()
    except HTTPError as error:
        return error.code, error.read().decode()


def test_issues_lead_to_their_messages(served: tuple[str, Workspace]) -> None:
    base, _ = served
    assert "news/2026-12" in get(f"{base}/")[1]
    assert "News, December 2026" in get(f"{base}/i/news/2026-12")[1]
    assert "A counter opens" in get(f"{base}/i/news/2026-12/en/html")[1]
    assert "A counter opens" in get(f"{base}/i/news/2026-12/en/text?as=worst")[1]
    assert get(f"{base}/nowhere")[0] == 404
    assert get(f"{base}/a/{'0' * 64}.png")[0] == 404


def test_an_edit_shows_at_the_next_look_and_a_mistake_is_told(served: tuple[str, Workspace]) -> None:
    base, ws = served
    assert get(f"{base}/i/news/2026-12/en/html")[0] == 200
    article = ws.context.folder / "campaigns/news/articles/counter.en.txt"
    article.write_text("A counter shuts\n\nAt nine.\n\nFor good.")
    template = ws.context.folder / "templates/digest.mjml"
    assert "A counter shuts" in get(f"{base}/i/news/2026-12/en/html")[1]
    template.write_text(template.read_text() + "{{ nonsense }}")
    status, told = get(f"{base}/i/news/2026-12/en/html")
    assert status == 422
    assert "templates/digest.mjml" in told


@pytest.mark.browser
def test_the_message_stands_in_its_frame(served: tuple[str, Workspace]) -> None:
    base, _ = served
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    if chromium is None:
        missing("browser", "Chromium is not here: apt-get install chromium")
    from playwright.sync_api import sync_playwright

    arguments = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=arguments)
        page = browser.new_page(viewport={"width": 375, "height": 700})
        errors: list[str] = []
        page.on("console", lambda message: errors.append(message.text) if message.type == "error" else None)
        page.goto(f"{base}/i/news/2026-12/en?width=phone")
        frame = page.frame_locator("iframe")
        assert frame.get_by_text("A counter opens").first.is_visible()
        assert page.evaluate("document.documentElement.scrollWidth") <= 375
        browser.close()
    assert errors == []
