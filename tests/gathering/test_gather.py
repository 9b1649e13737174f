from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine

from newsletter.clock import FixedClock
from newsletter.errors import ProblemsFound
from newsletter.gathering.fetch import Answer, FetchError, Validators
from newsletter.gathering.gather import Desk, Gathered, gather, library_of
from newsletter.gathering.remembering import remember, remembered
from newsletter.loading import load_yaml
from newsletter.model.article import outdated
from newsletter.model.campaign import Campaign
from newsletter.store.engine import reading, writing
from newsletter.workspace.documents import FolderDocuments
from tests.gathering.conftest import LANGUAGES, Memory
from tests.gathering.sources.test_feed import ATOM
from tests.gathering.test_images import drawing, saved

PICTURE = saved(drawing(400, 300))
ROOT = Path(__file__).parents[2]
FEED = "https://a.example/feed.xml"


def campaign(*sources: str) -> Campaign:
    lists = "\n".join(f"  - {{id: s{number}, sources: [{source}]}}" for number, source in enumerate(sources))
    head = "title: M\npublication: m\ntemplate: t\nsubject: {en: S}\nsender: {name: A, address: a@b.example}\n"
    text = f"{head}sections:\n{lists}\n"
    return load_yaml(text, "campaign.yaml", Campaign)


def article(title: str = "T", front: str = "", body: str = "Some text.") -> bytes:
    return f"---\ntitle: {title}\n{front}\n---\n{body}\n".encode()


def run(files: Memory, *sources: str, fetch: Any = None, **more: Any) -> Gathered:
    strict = more.pop("strict", False)
    return gather("m", campaign(*sources), Desk(files, LANGUAGES, fetch, **more), strict=strict)


FIRST = Validators('"1"')


def serving(content: bytes | None, validators: Validators = FIRST) -> Any:
    """A server that has a feed, and one picture."""

    def fetch(url: str, known: Validators | None) -> Answer:
        if url == "https://a.example/p.jpg":
            return Answer(url, PICTURE, "image/png")
        if url != FEED:
            raise FetchError(f"{url} answered 404.")
        return Answer(url, None if known == validators else content, "application/atom+xml", "utf-8", validators)

    return fetch


def test_files_become_a_library_and_candidates_by_section() -> None:
    files = Memory(
        {
            "campaigns/m/articles/a.en.md": article("A"),
            "campaigns/m/articles/a.fr.md": article("A (fr)"),
            "campaigns/m/articles/b.txt": "Le titre\n\nLes caisses de sécurité sociale publient un bilan.".encode(),
            "shared/c.en.md": article("C"),
        }
    )
    found = run(files, "{path: 'articles/*.md'}", "{path: 'articles/*.txt', topics: [health]}", "{path: 'shared/*.md'}")
    assert found.candidates == {"s0": ["a"], "s1": ["b"], "s2": ["c"]}
    assert {key: set(each) for key, each in found.library.items()} == {"a": {"en", "fr"}, "b": {"fr"}, "c": {"en"}}
    assert found.library["b"]["fr"].topics == ("health",)
    assert not found.problems
    assert not found.stored


def test_a_bad_file_is_named_and_the_others_go_on_unless_strict() -> None:
    files = Memory(
        {"campaigns/m/articles/a.en.md": article("A"), "campaigns/m/articles/b.en.md": b"---\ntitel: B\n---\nx"}
    )
    found = run(files, "{path: 'articles/*.md'}")
    assert found.candidates == {"s0": ["a"]}
    assert [str(each) for each in found.problems] == [
        "campaigns/m/articles/b.en.md:2:1: titel is not known here: did you mean 'title'?"
    ]
    with pytest.raises(ProblemsFound, match="titel"):
        run(files, "{path: 'articles/*.md'}", strict=True)


def test_a_file_of_an_unknown_kind_is_a_problem() -> None:
    found = run(Memory({"campaigns/m/articles/a.docx": b"PK"}), "{path: 'articles/*'}")
    assert "No source reads .docx" in str(found.problems[0])


def test_one_article_twice_in_a_language_is_a_problem() -> None:
    files = Memory({"campaigns/m/articles/a.en.md": article(), "campaigns/m/articles/old/a.en.md": article()})
    found = run(files, "{path: 'articles/**/*.md'}")
    assert len(found.problems) == 1
    assert "'a' is there twice in en" in str(found.problems[0])


def test_a_translation_borrows_what_it_leaves_out() -> None:
    files = Memory(
        {
            "campaigns/m/articles/a.en.md": article(
                front="date: 2026-11-01\ntopics: [health]\nkind: notice\n"
                "picture: {file: p.jpg, alt: A hall, credit: ASPI}\nlink: https://a.example/en"
            ),
            "campaigns/m/articles/a.fr.md": article("Titre"),
        }
    )
    french = run(files, "{path: 'articles/*.md'}").library["a"]["fr"]
    assert (french.date, french.topics, french.kind, french.link) == (date(2026, 11, 1), ("health",), "notice", None)
    assert french.picture is not None
    assert (french.picture.source, french.picture.alt, french.picture.credit) == ("p.jpg", "", "ASPI")


def test_an_outdated_translation_shows() -> None:
    files = Memory({"campaigns/m/articles/a.en.md": article("A")})
    made_from = run(files, "{path: 'articles/*.md'}").library["a"]["en"].text_hash
    files.files["campaigns/m/articles/a.fr.md"] = article("A", f"made_from: '{made_from}'")
    library = run(files, "{path: 'articles/*.md'}").library["a"]
    assert not outdated(library["fr"], library)
    files.files["campaigns/m/articles/a.en.md"] = article("A changed")
    library = run(files, "{path: 'articles/*.md'}").library["a"]
    assert outdated(library["fr"], library)
    assert not outdated(library["en"], library)


def test_a_feed_is_stored_once_and_edits_win() -> None:
    files = Memory()
    source = f"{{url: '{FEED}', topics: [governance]}}"
    first = run(files, source, fetch=serving(ATOM.encode()))
    assert sorted(path.split("/")[-1].split("-")[0] for path in first.stored if path.endswith(".md")) == ["2211", "a"]
    files.files |= first.stored
    again = run(files, source, fetch=serving(ATOM.encode()))
    assert (again.stored, again.notices, again.candidates) == ({}, [], first.candidates)

    path = next(path for path in files.files if path.endswith(".en.md"))
    files.files[path] = files.files[path].replace(b"The lead, short.", b"Our own lead.")
    changed = run(files, source, fetch=serving(ATOM.replace("Counters", "New counters").encode()))
    assert changed.stored == {}
    assert [path in each and "has changed since" in each for each in changed.notices] == [True]
    english = changed.library[changed.candidates["s0"][0]]["en"]
    assert (english.title, english.summary) == ("Counters & hours", "Our own lead.")
    assert not english.own


def test_pictures_are_brought_over_and_named_in_the_campaign() -> None:
    more = "<p><img src='https://a.example/p.jpg' alt='In it'> <img src='/gone.png' alt='Gone'></p><script>"
    feed = ATOM.replace("&lt;script&gt;", more.replace("<", "&lt;").replace(">", "&gt;")).encode()
    files = Memory()
    found = run(files, f"{{url: '{FEED}'}}", fetch=serving(feed))
    (path,) = (path for path in found.stored if not path.endswith(".md"))
    assert found.stored[path].startswith(b"\x89PNG")
    english = found.library[found.candidates["s0"][0]]["en"]
    assert english.picture is not None
    assert f"campaigns/m/{english.picture.source}" == path
    assert f"![In it]({english.picture.source})" in english.body
    assert "![Gone](https://a.example/gone.png)" in english.body
    gone = "https://a.example/gone.png"
    assert found.lacking == {gone: f"A picture of 'Counters & hours' is left out: {gone} answered 404."}
    files.files |= found.stored
    assert run(files, f"{{url: '{FEED}'}}", fetch=serving(feed)).lacking == {}


def test_what_left_the_feed_is_still_there() -> None:
    files = Memory()
    first = run(files, f"{{url: '{FEED}'}}", fetch=serving(ATOM.encode()))
    files.files |= first.stored
    empty = "<rss version='2.0'><channel><title>x</title></channel></rss>"
    for fetch in (serving(empty.encode()), serving(None), None):
        later = run(files, f"{{url: '{FEED}'}}", fetch=fetch)
        assert sorted(later.candidates["s0"]) == sorted(first.candidates["s0"])


def test_validators_are_sent_and_remembered_only_where_all_went_well() -> None:
    sound = ATOM.replace("<entry><title></title>", "<entry><title>Third</title>").encode()
    first = run(Memory(), f"{{url: '{FEED}', language: en}}", fetch=serving(sound))
    assert first.answers == {FEED: Validators('"1"')}
    assert run(Memory(), f"{{url: '{FEED}'}}", fetch=serving(ATOM.encode())).answers == {}
    again = run(Memory(first.stored), f"{{url: '{FEED}'}}", fetch=serving(sound), validators=first.answers)
    assert again.answers == {}
    assert sorted(again.candidates["s0"]) == sorted(first.candidates["s0"])


def test_validators_are_not_sent_where_the_stored_files_are_gone() -> None:
    found = run(Memory(), f"{{url: '{FEED}'}}", fetch=serving(ATOM.encode()), validators={FEED: Validators('"1"')})
    assert len([path for path in found.stored if path.endswith(".md")]) == 2


def test_an_address_that_fails_is_a_problem_and_the_rest_goes_on() -> None:
    def fetch(url: str, known: Validators | None) -> Answer:
        raise FetchError("It cannot be reached.")

    found = run(
        Memory({"campaigns/m/articles/a.en.md": article()}),
        f"{{url: '{FEED}'}}",
        "{path: 'articles/*.md'}",
        fetch=fetch,
    )
    assert [str(each) for each in found.problems] == [f"{FEED}: It cannot be reached."]
    assert found.candidates["s1"] == ["a"]


def test_a_page_is_gathered_by_its_address() -> None:
    page = b"<html lang=en><title>T</title><article><h1>Page</h1><p>Text of it.</p></article>"

    def fetch(url: str, known: Validators | None) -> Answer:
        return Answer("https://a.example/final", page, "text/html")

    found = run(Memory(), "{url: 'https://a.example/page'}", fetch=fetch)
    (path,) = found.stored
    assert b"source: https://a.example/page\n" in found.stored[path]
    assert b"link: https://a.example/final\n" in found.stored[path]


def test_a_feed_that_is_a_file_of_the_workspace_is_stored_too() -> None:
    files = Memory({"campaigns/m/articles/f.xml": ATOM.encode()})
    found = run(files, "{path: 'articles/f.xml'}")
    assert len(found.stored) == 2
    files.files |= found.stored
    del files.files["campaigns/m/articles/f.xml"]
    assert set(library_of("m", campaign("{path: 'articles/f.xml'}"), Desk(files, LANGUAGES)).library) == set(
        found.library
    )


def test_feeds_are_remembered_on_both_databases(engine: Engine, clock: FixedClock) -> None:
    for each in (Validators('"1"', None), Validators('"2"', "Mon, 23 Nov 2026 08:00:00 GMT")):
        with writing(engine) as connection:
            remember(connection, {FEED: each}, clock.now())
        with reading(engine) as connection:
            assert remembered(connection) == {FEED: each}


@pytest.mark.parametrize("name", ["monthly", "events", "notices"])
def test_the_demo_is_gathered_without_a_problem(name: str) -> None:
    documents = FolderDocuments(ROOT, lambda *_: None)
    path = f"campaigns/{name}/campaign.yaml"
    found = gather(name, load_yaml(documents.text(path), path, Campaign), Desk(documents, LANGUAGES), strict=True)
    assert all(found.candidates.values())


def test_a_stored_text_that_was_joined_to_another_is_not_proposed_under_its_old_key() -> None:
    files = Memory()
    source = f"{{url: '{FEED}'}}"
    first = run(files, source, fetch=serving(ATOM.encode()))
    files.files |= first.stored
    path = next(path for path in files.files if path.endswith(".en.md"))
    old = path.split("/")[-1].removesuffix(".en.md")
    files.files[path] = files.files[path].replace(f"key: {old}".encode(), b"key: counters")
    again = run(files, source, fetch=serving(ATOM.encode()))
    assert old in first.candidates["s0"]
    assert "counters" in again.candidates["s0"]
    assert old not in again.candidates["s0"]
    assert (again.stored, again.problems) == ({}, first.problems)
    assert "counters" in run(files, source).candidates["s0"]
