"""A picture of each page of the studio, on phone and desktop, light and dark: `python tools/screenshots.py [FOLDER]`.

The pages are those of the demo, with its digest sent to the practice folder and a draft of the next month.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import uvicorn
from playwright.sync_api import Page, sync_playwright
from tests.servers import free_port

from newsletter.app import Workspace, open_workspace
from newsletter.cli.demo import CAMPAIGN, run_demo
from newsletter.web.serving import make_app

SIZES = {"desktop": (1280, 800), "phone": (390, 844)}
STEPS = (
    "",
    "/content",
    "/content/subjects",
    "/recipients",
    "/preview",
    "/checks",
    "/approval",
    "/schedule",
    "/progress",
)
ALONE = ("/", "/issues", "/articles", "/articles/new", "/people", "/account")
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]


@contextmanager
def serving(ws: Workspace) -> Iterator[str]:
    port = free_port()
    server = uvicorn.Server(uvicorn.Config(make_app(ws, demo=True), host="127.0.0.1", port=port, log_level="error"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.02)
    yield f"http://127.0.0.1:{port}"
    server.should_exit = True
    thread.join(10)


def take(page: Page, url: str, paths: list[str], folder: Path, kind: str) -> None:
    for path in paths:
        answer = page.goto(url + path)
        if answer is None or answer.status != 200:
            continue
        page.wait_for_timeout(400)  # parts of a page that follow; progress never ends to listen
        name = path.strip("/").replace("/", "-") or "home"
        page.screenshot(path=folder / f"{name}-{kind}.png", full_page=True)


def main(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    program = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if program is None:
        raise SystemExit("Chromium is not here: apt-get install chromium")
    with tempfile.TemporaryDirectory(prefix="newsletter-") as made:
        run_demo(Path(made))
        with open_workspace(made) as ws, serving(ws) as url, sync_playwright() as play:
            issue = next(each.name for each in ws.issues(CAMPAIGN))
            paths = [*ALONE, *(f"/issues/{issue}{step}" for step in STEPS)]
            browser = play.chromium.launch(executable_path=program, args=ARGUMENTS)
            for size, (width, height) in SIZES.items():
                for scheme in ("light", "dark"):
                    context = browser.new_context(
                        viewport={"width": width, "height": height}, color_scheme=scheme, locale="en-GB"
                    )
                    page = context.new_page()
                    take(page, url, ["/sign-in"], folder, f"{size}-{scheme}")
                    page.locator('form:has(input[value="noor"]) button').click()
                    take(page, url, paths, folder, f"{size}-{scheme}")
                    context.close()
            browser.close()
    print(f"{len(list(folder.glob('*.png')))} pictures in {folder}")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else Path("build/screenshots"))
