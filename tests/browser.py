"""Chromium, the studio served for it, and the pages that there are to look at."""

from __future__ import annotations

import os
import shutil
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import uvicorn
from playwright.sync_api import Browser, sync_playwright

from newsletter.app import Workspace
from newsletter.schedule import kept
from newsletter.web.serving import led_here, make_app
from tests.servers import free_port

HOW = "Chromium is not here: apt-get install chromium"
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
ALONE = ("/", "/issues", "/articles", "/articles/new", "/people", "/account")
STEPS = ("content", "content/subjects", "content/history", "recipients", "preview", "checks", "approval", "schedule")


@dataclass(frozen=True)
class Served:
    url: str
    ws: Workspace


def program() -> str | None:
    found = (shutil.which(name) for name in ("chromium", "chromium-browser", "google-chrome"))
    return os.environ.get("NEWSLETTER_TEST_CHROMIUM") or next((each for each in found if each), None)


@contextmanager
def chromium() -> Iterator[Browser]:
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=program(), args=ARGUMENTS)
        try:
            yield browser
        finally:
            browser.close()


@contextmanager
def serving(ws: Workspace) -> Iterator[Served]:
    """The studio with its schedule, as `newsletter serve` runs it, with the demo's sign-in."""
    port = free_port()
    led_here(ws.context, "127.0.0.1", port)
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


def steps_of(issue: str) -> list[str]:
    """The pages of an issue."""
    return [f"/issues/{issue}", *(f"/issues/{issue}/{step}" for step in (*STEPS, "progress"))]
