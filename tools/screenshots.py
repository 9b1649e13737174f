"""A picture of each page of the studio, on phone and desktop, light and dark: `python -m tools.screenshots [FOLDER]`.

The pages are those of the demo, with its digest sent to the practice folder and a draft of the next month.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from playwright.sync_api import Page
from tests.browser import ALONE, HOW, chromium, program, serving, steps_of

from newsletter.app import open_workspace
from newsletter.cli.demo import CAMPAIGN, run_demo

ARTICLE = "/articles/events/forum-digital"
PICTURED = (ARTICLE, f"{ARTICLE}/en/edit", *(f"{ARTICLE}/picture{more}" for more in ("", "/choose", "/crop")))
RECORDED = ("/contacts/1", "/deliveries/1", "/deliveries/1/message")
SIZES = {"desktop": (1280, 800), "phone": (390, 844)}


def take(page: Page, url: str, paths: list[str], folder: Path, kind: str) -> None:
    for path in paths:
        answer = page.goto(url + path)
        if answer is None or not answer.ok:
            raise SystemExit(f"{path} is not there")
        page.wait_for_timeout(400)  # parts of a page that follow; progress never ends to listen
        name = path.strip("/").replace("/", "-") or "home"
        page.screenshot(path=folder / f"{name}-{kind}.png", full_page=True)


def main(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    if program() is None:
        raise SystemExit(HOW)
    with tempfile.TemporaryDirectory(prefix="newsletter-") as made:
        run_demo(Path(made))
        with open_workspace(made) as ws, serving(ws) as served, chromium() as browser:
            issue = next(each.name for each in ws.issues(CAMPAIGN))
            more = ("links", "content/items/i1", "content/items/i1/picture")
            paths = [*ALONE, *PICTURED, *steps_of(issue), *(f"/issues/{issue}/{each}" for each in more), *RECORDED]
            for size, (width, height) in SIZES.items():
                for scheme in ("light", "dark"):
                    context = browser.new_context(
                        viewport={"width": width, "height": height}, color_scheme=scheme, locale="en-GB"
                    )
                    page = context.new_page()
                    take(page, served.url, ["/sign-in"], folder, f"{size}-{scheme}")
                    page.locator('form:has(input[value="noor"]) button').click()
                    take(page, served.url, paths, folder, f"{size}-{scheme}")
                    context.close()
    print(f"{len(list(folder.glob('*.png')))} pictures in {folder}")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else Path("build/screenshots"))
