"""Articles: the list, writing one, uploading one, translations that may be outdated."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import lxml.html
import pytest

from newsletter.app import Workspace
from newsletter.clock import FixedClock
from newsletter.model.issue import IssueState
from newsletter.workflow.content.articles import one
from newsletter.workflow.content.gather import library_of
from newsletter.workflow.content.joining import join, split
from tests.web.desk import client, csrf
from tests.workflow.office import ISSUE, approved, lay, office


@pytest.fixture
def ws(tmp_path: Path, clock: FixedClock) -> Iterator[Workspace]:
    with office(lay(tmp_path / "ws"), clock) as opened:
        yield opened


@pytest.fixture
def bilingual(tmp_path: Path, clock: FixedClock) -> Iterator[Workspace]:
    settings = lay(tmp_path / "ws") / "newsletter.toml"
    settings.write_text(settings.read_text().replace('languages = ["en"]', 'languages = ["en", "fr"]'))
    with office(settings.parent, clock) as opened:
        yield opened


def library(ws: Workspace) -> object:
    return library_of(ws.context, "news", ws.context.campaign("news"))


def write(ws: Workspace, **values: str) -> object:
    browser = client(ws, "ana")
    token = csrf(browser.get("/articles").text)
    return browser.post("/articles/new", data={"csrf": token, "campaign": "news", "language": "en", **values})


def test_what_was_gathered_is_listed_with_its_state(ws: Workspace) -> None:
    browser = client(ws, "ana")
    assert "A counter opens" in browser.get("/articles").text
    assert "A counter opens" not in browser.get("/articles?state=kept").text


def test_an_issue_uses_what_nobody_has_looked_at_yet_too(ws: Workspace) -> None:
    draft = ws.context.folder / "campaigns/news/2026-12.yaml"
    text = "sections: [{id: news, items: [{id: i1, article: counter, state: %s}]}]\n"
    for state, used in (("new", ("2026-12",)), ("in", ("2026-12",)), ("kept", ()), ("out", ())):
        draft.write_text(text % state)
        found = one(ws.context, "news", "counter")
        assert (found.state, found.issues) == (state, used)
        for page in ("/articles", "/articles/news/counter"):
            assert ("used in" in client(ws, "ana").get(page).text) == bool(used), (state, page)


def test_an_article_is_written_and_lies_beside_the_issue(ws: Workspace) -> None:
    answer = write(ws, title="Réforme & Co", summary="Sum", body="## One\r\n\r\ntwo", topics="a, b", date="2026-11-30")
    assert answer.headers["location"].startswith("/articles/news/reforme-co")
    assert "One</h4>" in client(ws, "ana").get("/articles/news/reforme-co").text
    article = library(ws)["reforme-co"]["en"]
    assert (article.title, article.body, article.topics) == ("Réforme & Co", "## One\n\ntwo", ("a", "b"))
    browser = client(ws, "ana")
    assert "Réforme &amp; Co" in browser.get("/issues/news/2026-12/content").text
    assert write(ws, title="Réforme & Co").headers["location"].startswith("/articles/news/reforme-co-2")


def test_an_event_has_a_time_in_its_zone(ws: Workspace) -> None:
    write(ws, title="A seminar", start="2026-12-05T14:00", zone="Europe/Paris", place="Lyon")
    event = library(ws)["a-seminar"]["en"].event
    assert event.start.isoformat() == "2026-12-05T14:00:00+01:00"
    assert write(ws, title="Another", place="Lyon").status_code == 422


def test_what_cannot_be_read_is_named_and_what_was_typed_stays(ws: Workspace) -> None:
    answer = write(ws, title="Kept words", link="javascript:alert(1)")
    assert answer.status_code == 422
    assert 'value="Kept words"' in answer.text


def test_a_translation_becomes_outdated_and_is_still_right(ws: Workspace) -> None:
    write(ws, title="A counter", body="It opens at eight.")
    write(ws, title="Un guichet", body="Il ouvre à huit heures.", language="fr", article="a-counter")
    file = ws.context.folder / "campaigns/news/articles/a-counter.en.md"
    browser = client(ws, "ana")
    page = "/articles/news/a-counter"
    assert "Still right" not in browser.get(page).text
    file.write_text(file.read_text().replace("eight", "nine"))
    text = browser.get(page).text
    assert "Still right" in text
    assert "is not known here" in text  # changed by hand, without a history
    answer = browser.post(f"{page}/still-right", data={"csrf": csrf(text), "language": "fr"})
    assert answer.status_code == 303
    assert "Still right" not in browser.get(page).text


def test_a_file_is_read_into_the_form(ws: Workspace) -> None:
    browser = client(ws, "ana")
    token = csrf(browser.get("/articles/new").text)

    def upload(name: str, content: bytes) -> object:
        data = {"csrf": token, "campaign": "news"}
        return browser.post("/articles/upload", data=data, files={"file": (name, content)})

    assert 'value="A title"' in upload("x.en.md", b"# A title\n\nText").text
    assert "It \\* opens" in upload("x.txt", b"A title\n\nIt * opens").text
    assert "**bold**" in upload("x.html", b"<h1>A title</h1><p>A <b>bold</b><script>x</script></p>").text
    for name, content in (("x.exe", b"MZ"), ("x.docx", b"PK\x03\x04"), ("x.txt", b"\0\0\0"), ("../../x.md", b"---\n")):
        answer = upload(name, content)
        assert answer.status_code == 422, name
    assert not list(ws.context.folder.rglob("x.*"))


def test_what_is_pasted_is_cleaned_for_who_may_write(ws: Workspace) -> None:
    browser = client(ws, "ana")
    token = csrf(browser.get("/articles").text)
    answer = browser.post("/articles/clean", data={"html": "<p>A <b>b</b></p>"}, headers={"x-csrf": token})
    assert answer.text == "A **b**"
    assert browser.get("/articles/news/nowhere").status_code == 404


FRENCH = {"language": "fr", "date": "2026-11-30"}


def test_a_likely_translation_is_suggested_joined_and_taken_apart(bilingual: Workspace) -> None:
    ws = bilingual
    body = "On 4 May Marisol Quispe paid 4,512 grants in Geneva."
    write(ws, title="Grants", body=body, date="2026-11-30")
    write(ws, title="Des bourses", body="Le 4 mai, Marisol Quispe a versé 4 512 bourses à Genève.", **FRENCH)
    browser = client(ws, "ana")
    page = browser.get("/articles/news/grants").text
    assert "Des bourses" in page
    token = csrf(page)
    answer = browser.post("/articles/news/grants/join", data={"csrf": token, "other": "des-bourses"})
    assert answer.headers["location"].startswith("/articles/news/grants")
    assert sorted(library(ws)["grants"]) == ["en", "fr"]
    assert "des-bourses" not in library(ws)
    again = browser.post("/articles/news/grants/join", data={"csrf": token, "other": "des-bourses"})
    assert again.status_code == 422
    browser.post("/articles/news/grants/split", data={"csrf": token, "language": "fr"})
    assert sorted(library(ws)["grants"]) == ["en"]
    assert library(ws)["des-bourses"]["fr"].body.startswith("Le 4 mai")


def test_an_issue_follows_when_its_article_is_joined(ws: Workspace) -> None:
    write(ws, title="Le guichet", language="fr")
    browser = client(ws, "ana")
    token = csrf(browser.get("/articles").text)
    approved(ws)
    join = {"csrf": token, "other": "le-guichet"}
    assert browser.post("/articles/news/counter/join", data=join).status_code == 303
    assert sorted(library(ws)["counter"]) == ["en", "fr"]
    assert ws.issue(ISSUE).state is IssueState.DRAFT


def test_an_own_text_is_changed_by_one_and_not_lost_by_the_other(ws: Workspace) -> None:
    write(ws, title="A counter", body="It opens at eight.", topics="a", date="2026-11-30")
    browser = client(ws, "ana")
    page = "/articles/news/a-counter/en/edit"
    shown = browser.get(page).text
    found = re.search(r'name="made_from" value="(\w+)"', shown)
    assert found
    form = {"csrf": csrf(shown), "made_from": found[1], "title": "A counter", "body": "It opens at nine."}
    assert browser.post(page, data=form | {"link": "https://a.example"}).status_code == 303
    article = library(ws)["a-counter"]["en"]
    assert (article.body, article.link, article.topics) == ("It opens at nine.", "https://a.example", ("a",))
    assert article.date is None
    late = browser.post(page, data=form | {"body": "It opens at ten."})
    assert late.status_code == 409
    assert "It opens at nine." in late.text
    assert "It opens at ten." in late.text
    assert browser.post(page, data=form | {"title": ""}).status_code == 422
    assert browser.get("/articles/news/counter/en/edit").status_code >= 400  # a .txt


def test_an_article_is_put_into_an_issue_from_its_page(ws: Workspace) -> None:
    write(ws, title="A seminar")
    browser = client(ws, "ana")
    page = "/articles/news/a-seminar"
    shown = browser.get(page).text
    place = re.search(r'value="(2026-12/[\w-]+)"', shown)
    assert place
    form = {"csrf": csrf(shown), "place": place[1]}
    assert browser.post(f"{page}/use", data=form).headers["location"].startswith(f"/issues/{ISSUE}/content")
    assert "a-seminar" in {item.article for item in ws.context.draft("news", "2026-12").items()}
    assert place[1] not in browser.get(page).text
    assert browser.post(f"{page}/use", data=form | {"place": "2026-12/nowhere"}).status_code == 422
    assert browser.post(f"{page}/use", data=form | {"place": "x"}).status_code == 422


def test_an_outdated_translation_shows_what_changed_since(ws: Workspace) -> None:
    write(ws, title="A counter", body="First. It opens at eight. Third.")
    write(ws, title="Un guichet", body="Il ouvre.", language="fr", article="a-counter")
    browser = client(ws, "ana")
    for number, hour in enumerate(("nine", "ten")):
        shown = browser.get("/articles/news/a-counter/en/edit").text
        made_from = re.search(r'name="made_from" value="(\w+)"', shown)
        assert made_from, number
        form = {"csrf": csrf(shown), "made_from": made_from[1], "title": "A counter"}
        body = f"First. It opens at {hour}. Third."
        assert browser.post("/articles/news/a-counter/en/edit", data=form | {"body": body}).status_code == 303
    text = browser.get("/articles/news/a-counter").text
    assert "is not known here" not in text
    assert re.search(r"<del>eight", text)
    assert re.search(r"<ins>ten", text)


def test_a_text_that_lost_its_source_is_not_called_outdated(ws: Workspace) -> None:
    write(ws, title="A counter", body="It opens.")
    write(ws, title="Un guichet", body="Il ouvre.", language="fr", article="a-counter")
    write(ws, title="Ein Schalter", body="Er öffnet.", language="de", article="a-counter")
    person = ws.context.person("ana")
    assert split(ws.context, "news", "a-counter", "en", person) == "a-counter-2"
    assert library(ws)["a-counter"]["fr"].made_from is None
    assert join(ws.context, "news", "a-counter", "a-counter-2", person) == "a-counter"
    assert one(ws.context, "news", "a-counter").outdated == ()


def test_a_translation_that_was_joined_becomes_outdated(bilingual: Workspace) -> None:
    ws = bilingual
    write(ws, title="Des bourses", body="Quatre bourses.", language="fr")
    write(ws, title="Grants", body="Four grants.")
    person = ws.context.person("ana")
    assert join(ws.context, "news", "des-bourses", "grants", person) == "des-bourses"
    texts = library(ws)["des-bourses"]
    assert (texts["en"].made_from, texts["fr"].made_from) == (None, texts["en"].text_hash)
    assert one(ws.context, "news", "des-bourses").outdated == ()
    file = ws.context.folder / "campaigns/news/articles/grants.en.md"
    file.write_text(file.read_text().replace("Four", "Five"))
    assert one(ws.context, "news", "des-bourses").outdated == ("fr",)
    assert "Still right" in client(ws, "ana").get("/articles/news/des-bourses").text
    assert split(ws.context, "news", "des-bourses", "fr", person)
    assert [each.made_from for texts in library(ws).values() for each in texts.values()] == [None] * len(library(ws))


def test_what_a_translation_says_it_was_made_from_stays_when_it_is_joined(bilingual: Workspace) -> None:
    ws = bilingual
    write(ws, title="Ein Schalter", body="Er öffnet.", language="de")
    write(ws, title="Un guichet", body="Il ouvre.", language="fr", article="ein-schalter")
    write(ws, title="A window", body="It opens.")
    made_from = library(ws)["ein-schalter"]["fr"].made_from
    join(ws.context, "news", "ein-schalter", "a-window", ws.context.person("ana"))
    texts = library(ws)["ein-schalter"]
    assert texts["fr"].made_from == made_from == texts["de"].text_hash
    assert texts["de"].made_from == texts["en"].text_hash
    assert one(ws.context, "news", "ein-schalter").outdated == ()


def test_a_text_without_a_place_for_it_is_joined_all_the_same(ws: Workspace) -> None:
    write(ws, title="Le guichet", language="fr")  # the English one is a .txt
    assert join(ws.context, "news", "le-guichet", "counter", ws.context.person("ana")) == "counter"
    assert library(ws)["counter"]["fr"].made_from == library(ws)["counter"]["en"].text_hash


EVENT = "event: {start: 2026-12-05T14:00, zone: Europe/Paris, place: Lyon, languages: [fr]}  # the day"


def lay_event(ws: Workspace, tag: str, place: str) -> Path:
    file = ws.context.folder / f"campaigns/news/articles/seminar.{tag}.md"
    file.write_text(f"---\ntitle: 'A seminar'  # {tag}\ntopics: [a]\n{EVENT.replace('Lyon', place)}\n---\n\nCome.\n")
    return file


def fill(page: str, **typed: str) -> dict[str, str]:
    """The form of a page as a browser would send it, with these fields typed over."""
    form = lxml.html.fromstring(page).xpath("//form[contains(@class, 'writing')]")[0]
    return dict(form.form_values()) | typed


def test_event_and_topics_of_an_article_are_changed_where_its_files_say_them(bilingual: Workspace) -> None:
    ws = bilingual
    english, french = lay_event(ws, "en", "Lyon"), lay_event(ws, "fr", "Lyon (France)")
    before = english.read_text(), french.read_text()
    browser = client(ws, "ana")
    page = "/articles/news/seminar/en/edit"
    assert browser.post(page, data=fill(browser.get(page).text)).status_code == 303
    assert (english.read_text(), french.read_text()) == before
    typed = {"start_time": "15:30", "place": "Paris", "topics": "a, b", "deadline": "2026-12-01", "spoken.en": "on"}
    assert browser.post(page, data=fill(browser.get(page).text, **typed)).status_code == 303
    first, second = library(ws)["seminar"]["en"], library(ws)["seminar"]["fr"]
    assert (first.event.place, second.event.place) == ("Paris", "Lyon (France)")
    assert {each.event.start.isoformat() for each in (first, second)} == {"2026-12-05T15:30:00+01:00"}
    assert {(each.topics, each.event.deadline, each.event.languages) for each in (first, second)} == {
        (("a", "b"), date(2026, 12, 1), ("fr", "en"))
    }
    assert french.read_text() == before[1].replace("[a]", "[a, b]").replace("T14:00", "T15:30").replace(
        "[fr]}", "[fr, en], deadline: 2026-12-01}"
    )
    wrong = browser.post(page, data=fill(browser.get(page).text, end="2026-12-04", registration="x"))
    assert wrong.status_code == 422
    for sentence in ("The event ends before it starts.", "is no address of a web page"):
        assert wrong.text.count(sentence) == 2, "above the form and beside the field"
    nothing = dict.fromkeys(("start", "start_time", "place", "deadline", "registration"), "")
    form = {name: value for name, value in fill(browser.get(page).text, **nothing).items() if "spoken." not in name}
    assert browser.post(page, data=form).status_code == 303
    assert [each.event for each in library(ws)["seminar"].values()] == [None, None]
    assert "event" not in english.read_text() + french.read_text()


def test_a_translation_says_another_place_and_keeps_the_time(bilingual: Workspace) -> None:
    ws = bilingual
    lay_event(ws, "en", "Lyon")
    french = ws.context.folder / "campaigns/news/articles/seminar.fr.md"
    french.write_text("---\ntitle: Un séminaire\n---\nVenez.\n")
    browser = client(ws, "ana")
    page = "/articles/news/seminar/fr/edit"
    assert 'value="Lyon"' in browser.get(page).text
    browser.post(page, data=fill(browser.get(page).text, start_time="16:00"))
    assert french.read_text() == "---\ntitle: Un séminaire\n---\nVenez.\n"
    assert library(ws)["seminar"]["fr"].event.start.isoformat() == "2026-12-05T16:00:00+01:00"
    browser.post(page, data=fill(browser.get(page).text, place="Lyon, France"))
    events = [library(ws)["seminar"][tag].event for tag in ("en", "fr")]
    assert [each.place for each in events] == ["Lyon", "Lyon, France"]
    assert events[0].start == events[1].start
