"""Every flow by keyboard alone, to the message as it arrived: no pointer, and no script that moves the focus."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, Route, expect

from newsletter.app import open_workspace
from newsletter.workflow.people.contacts import import_file
from tests.browser import Served, serving
from tests.e2e.keyboard import sign_in
from tests.e2e.test_flows import arrived, text_of
from tests.workflow.office import lay

pytestmark = pytest.mark.browser


def replace(file: Path, old: str, new: str) -> None:
    text = file.read_text()
    assert old in text
    file.write_text(text.replace(old, new))


@pytest.fixture
def bilingual(tmp_path: Path) -> Iterator[Served]:
    """English and French, one contact who reads French, and three articles, one of them in both."""
    folder = lay(tmp_path / "ws")
    replace(folder / "newsletter.toml", 'languages = ["en"]', 'languages = ["en", "fr"]')
    replace(folder / "subscribers/contacts.csv", "Joseph,Otieno,liaison officer,en", "Joseph,Otieno,liaison officer,fr")
    articles = folder / "campaigns/news/articles"
    (articles / "lift.en.md").write_text("---\ntitle: A lift\nsummary: It rises.\n---\nGo up.\n")
    (articles / "hall.en.md").write_text("---\ntitle: A hall\nsummary: It stands.\n---\nCome and see.\n")
    (articles / "hall.fr.md").write_text("---\ntitle: Une salle\nsummary: Elle est là.\n---\nVenez voir.\n")
    with open_workspace(folder, environment={}) as ws:
        for mapping in ("institutions", "contacts"):
            import_file(ws.context, mapping, None, ws.context.person("ana"))
        with serving(ws) as running:
            yield running


@pytest.fixture
def second(chromium: Browser) -> Iterator[Page]:
    """The browser of a colleague."""
    context = chromium.new_context(locale="en-GB", viewport={"width": 1280, "height": 900})
    yield context.new_page()
    context.close()


def test_a_newcomer_makes_an_issue_and_a_colleague_sends_it(page: Page, second: Page, served: Served) -> None:
    ana = sign_in(page, served, "Ana", to="Nothing needs you")
    ana.follow("New: News", "button", to="News 20")
    key = page.url.rpartition("/")[2]
    ana.follow("Preview", "a", to="Preview")
    ana.follow("Send test to me", "button", to="The test went to you")
    [test] = arrived(served.ws.context.folder, 1)
    assert "It opens at eight." in text_of(test)

    ana.follow(f"News {key}", "a", to="News 20")
    ana.follow("Approval", "a", to="Approval")
    ana.follow("Request approval", "button", to="Version 1 waits for approval")

    luc = sign_in(second, served, "Luc", to="What needs you")
    luc.follow(f"News {key}", "a", to="Approval")
    luc.follow("Approve all languages", "button", to="Version 1 is approved")
    luc.follow("Schedule and send", "a", to="Schedule and send")
    luc.follow("Rehearse", "button", to="The rehearsal has begun|3 messages lie")
    messages = arrived(served.ws.context.folder, 3, test=False)
    assert all("It opens at eight." in text_of(each) for each in messages)


def test_a_digest_is_put_together_in_two_languages(page: Page, second: Page, bilingual: Served) -> None:
    """Order and hold, what each language lacks, subjects, a look as a contact of each, checks, a time, approval."""
    ana = sign_in(page, bilingual, "Ana", to="Nothing needs you")
    ana.follow("New: News", "button", to="News 20")
    key = page.url.rpartition("/")[2]
    ana.follow("Content", "a", to="Content")
    ana.to("A lift", "a")
    ana.follow("Keep for later", "button", to="A lift")
    first, last = (each.strip() for each in page.locator("#board .item-title").all_inner_texts())
    ana.to(first, "a", key="Shift+Tab")
    ana.follow("Move down", "button", to=first)  # it is the last one now, and goes no further
    ana.follow("Move up", "button", to=first)
    ana.to(last, "a")

    ana.follow("left out", "a", to="counter")
    ana.follow("Write the translation", "a", to="A translation")
    ana.write("Title", "Un guichet ouvre")
    ana.write("Summary", "Il ouvre à huit heures.")
    ana.write("Text with formatting", "Il est dans la rue.")
    ana.follow("Keep the article", "button", to="The article is kept")

    ana.follow(f"Change it in News {key}", "a", to="Content")
    ana.follow("Subjects", "a", to="Subjects")
    ana.write("Subject French", "Nouvelles du mois")
    ana.follow("Save", "button", to="Saved")

    ana.follow(f"News {key}", "a", to="News 20")
    ana.follow("Preview", "a", to="Preview")
    ana.follow("French", "a", to="French")
    ana.write("As somebody else", "Otieno")
    ana.enter(to="Preview")
    ana.follow("Joseph Otieno", "a", to="Preview")
    expect(page.frame_locator("iframe").first.get_by_text("Il ouvre à huit heures.").first).to_be_visible()
    ana.follow("Send test to me", "button", to="The test went to you")
    [test] = arrived(bilingual.ws.context.folder, 1)
    assert "Il ouvre à huit heures." in text_of(test)

    ana.follow(f"News {key}", "a", to="News 20")
    ana.follow("Schedule and send", "a", to="Schedule and send")
    ana.to("Date and time")
    page.keyboard.type("03022099")
    ana.to("Date and time")
    page.keyboard.type("1530")
    ana.follow("Set this time", "button", to="The time is set")
    ana.follow(f"News {key}", "a", to="News 20")
    ana.follow("Checks", "a", to="Checks")
    expect(page.get_by_text("Nothing blocks the send")).to_be_visible()
    ana.at("Checks")
    ana.follow("On to approval", "a", to="Approval")
    ana.follow("Request approval", "button", to="Version 1 waits for approval")

    luc = sign_in(second, bilingual, "Luc", to="What needs you")
    luc.follow(f"News {key}", "a", to="Approval")
    luc.follow("Approve all languages", "button", to="Version 1 is approved")
    luc.follow("Schedule and send", "a", to="Schedule and send")
    luc.follow("Rehearse", "button", to="The rehearsal has begun|3 messages lie")
    messages = arrived(bilingual.ws.context.folder, 3, test=False)
    assert sorted(str(each["Subject"]) for each in messages)[-1] == "Nouvelles du mois"
    assert sum("Il ouvre à huit heures." in text_of(each) for each in messages) == 1


def test_a_part_of_a_page_that_comes_anew_does_not_take_the_focus_away(page: Page, served: Served) -> None:
    """The link under the focus goes when the results of the checks take its place."""
    served.ws.gather("news", key="2027-01", person="ana")
    ana = sign_in(page, served, "Ana", to="Nothing needs you")
    held: list[Route] = []
    page.route("**/checks?run=1", lambda route: held.append(route))
    page.goto(f"{served.url}/issues/news/2027-01/checks")
    ana.to("Check it now", "a")
    [route] = held
    route.continue_()
    expect(page.get_by_role("heading", name="Checks")).to_be_focused()
    ana.to("Check again", "a")
