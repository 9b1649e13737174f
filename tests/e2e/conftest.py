"""The studio as people meet it: a real server on a real port, and real Chromium."""

from __future__ import annotations

import shutil
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
import uvicorn
from playwright.sync_api import Browser, Page, sync_playwright

from newsletter.app import Workspace, open_workspace
from newsletter.schedule import kept
from newsletter.web.serving import make_app
from newsletter.workflow.contacts import import_file
from tests.servers import free_port, missing
from tests.workflow.office import lay

ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]


@dataclass(frozen=True)
class Served:
    url: str
    ws: Workspace


@contextmanager
def serving(ws: Workspace) -> Iterator[Served]:
    """The studio with its schedule, as `newsletter serve` runs it, with the demo's sign-in."""
    port = free_port()
    with kept(ws.context) as waking:
        app = make_app(ws, demo=True, wake=waking.wake)
        server = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=port, log_level="error"))
        thread = threading.Thread(target=server.run, daemon=True)
        thread.start()
        while not server.started:
            time.sleep(0.01)
        try:
            yield Served(f"http://127.0.0.1:{port}", ws)
        finally:
            server.should_exit = True
            thread.join(10)


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    """A small workspace with contacts and articles, and nothing gathered yet."""
    with open_workspace(lay(tmp_path / "ws"), environment={}) as ws:
        for mapping in ("institutions", "contacts"):
            import_file(ws.context, mapping, None, ws.context.person("ana"))
        with serving(ws) as running:
            yield running


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    program = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if program is None:
        missing("browser", "Chromium is not here: apt-get install chromium")
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=program, args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture
def page(chromium: Browser) -> Iterator[Page]:
    """A page of a browser of its own; what it complains about fails the test."""
    context = chromium.new_context(locale="en-GB", viewport={"width": 1280, "height": 900})
    context.set_default_timeout(15_000)
    opened = context.new_page()
    complaints: list[str] = []
    opened.on("pageerror", lambda error: complaints.append(str(error)))
    opened.on("console", lambda line: complaints.append(line.text) if line.type == "error" else None)
    yield opened
    context.close()
    assert complaints == []


def sign_in(page: Page, served: Served, name: str) -> None:
    page.goto(f"{served.url}/sign-in")
    page.get_by_role("button", name=f"Sign in as {name}").click()
    page.wait_for_url(f"{served.url}/")
