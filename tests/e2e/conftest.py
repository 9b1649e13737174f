"""The studio as people meet it: a real server on a real port, and real Chromium."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from newsletter.app import open_workspace
from newsletter.workflow.people.contacts import import_file
from tests import browser
from tests.browser import Served, serving
from tests.servers import missing
from tests.workflow.office import lay


@pytest.fixture
def served(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Served]:
    """A small workspace with contacts and articles, and nothing gathered yet; the parameter, where a test gives one,
    is more for newsletter.toml."""
    tables: str = getattr(request, "param", "")
    with open_workspace(lay(tmp_path / "ws", tables=tables), environment={}) as ws:
        for mapping in ("institutions", "contacts"):
            import_file(ws.context, mapping, None, ws.context.person("ana"))
        with serving(ws) as running:
            yield running


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    if browser.program() is None:
        missing("browser", browser.HOW)
    with browser.chromium() as opened:
        yield opened


@pytest.fixture
def page(chromium: Browser) -> Iterator[Page]:
    """A page of a browser of its own; what it complains about fails the test."""
    context = chromium.new_context(locale="en-GB", viewport={"width": 1280, "height": 900})
    context.set_default_timeout(15_000)
    expect.set_options(timeout=15_000)
    opened = context.new_page()
    complaints: list[str] = []
    opened.on("pageerror", lambda error: complaints.append(str(error)))
    opened.on("console", lambda line: complaints.append(line.text) if line.type == "error" else None)
    yield opened
    context.close()
    # The server of a test ends before its page, which may still ask it for something.
    assert [each for each in complaints if "ERR_CONNECTION_REFUSED" not in each] == []


def sign_in(page: Page, served: Served, name: str) -> None:
    page.goto(f"{served.url}/sign-in")
    page.get_by_role("button", name=f"Sign in as {name}").click()
    page.wait_for_url(f"{served.url}/")
