"""Documents in the database, changed by several at once: nobody's words are lost, on whatever machine they write."""

from __future__ import annotations

import multiprocessing

import pytest
from sqlalchemy import Engine, func, select

from newsletter.clock import FixedClock, SystemClock
from newsletter.errors import NewsletterError
from newsletter.store import documents as stored
from newsletter.store.documents import ChangedMeanwhile
from newsletter.store.engine import open_engine, reading
from newsletter.store.tables import document_version
from newsletter.workspace.database import DatabaseDocuments, Shelf
from newsletter.workspace.documents import Write
from tests.workspace.shelves import shelf_of

PATH, OTHER = "campaigns/a/2026-12.yaml", "campaigns/a/b.md"
ROUNDS = 12


def test_a_unit_of_work_sees_one_moment_and_the_next_one_what_was_written_since(
    engine: Engine, clock: FixedClock
) -> None:
    here, there = DatabaseDocuments(shelf_of(engine, clock, memory=0)), DatabaseDocuments(shelf_of(engine, clock))
    here.apply(Write(PATH, "write", b"first"), 1)
    here.apply(Write(OTHER, "write", b"other"), 1)
    seen = here.now()
    assert seen.exists(PATH)
    there.apply(Write(PATH, "edit", b"second"), 2)
    there.apply(Write(OTHER, "remove", None), 2)
    assert (seen.read(PATH), seen.read(OTHER), seen.list("**")) == (b"first", b"other", [PATH, OTHER])
    assert (here.now().read(PATH), here.now().list("**")) == (b"second", [PATH])


def test_what_two_have_read_only_the_first_one_changes(engine: Engine, clock: FixedClock) -> None:
    DatabaseDocuments(shelf_of(engine, clock)).apply(Write(PATH, "write", b"0"), 1)
    here, there = DatabaseDocuments(shelf_of(engine, clock)), DatabaseDocuments(shelf_of(engine, clock))
    assert here.read(PATH) == there.read(PATH) == b"0"
    here.apply(Write(PATH, "edit", b"mine"), 1)
    with pytest.raises(ChangedMeanwhile, match=PATH):
        there.apply(Write(PATH, "edit", b"theirs"), 2)
    with pytest.raises(ChangedMeanwhile):
        there.apply(Write(PATH, "remove", None), 2)
    assert there.now().read(PATH) == b"mine"
    assert changes(engine) == 2


def test_a_new_file_of_one_name_is_only_made_once(engine: Engine, clock: FixedClock) -> None:
    here, there = DatabaseDocuments(shelf_of(engine, clock)), DatabaseDocuments(shelf_of(engine, clock))
    assert not here.exists(PATH)
    assert not there.exists(PATH)
    here.apply(Write(PATH, "write", b"same"), 1)
    there.apply(Write(PATH, "write", b"same"), 2)  # nothing to lose
    there.apply(Write(PATH, "edit", b"more"), 2)
    with pytest.raises(ChangedMeanwhile):
        here.apply(Write(PATH, "edit", b"else"), 1)
    assert changes(engine) == 2


def test_other_documents_of_one_moment_disturb_nobody(engine: Engine, clock: FixedClock) -> None:
    here, there = DatabaseDocuments(shelf_of(engine, clock)), DatabaseDocuments(shelf_of(engine, clock))
    assert here.list("**") == there.list("**") == []
    here.apply(Write(PATH, "write", b"1"), 1)
    there.apply(Write(OTHER, "write", b"2"), 2)
    assert here.now().list("**") == there.now().list("**") == [PATH, OTHER]


def count_up(url: str, who: int) -> None:
    """A program of its own that reads, changes and writes again and again."""
    engine = open_engine(url)
    documents = DatabaseDocuments(Shelf(engine, SystemClock()))
    for _ in range(ROUNDS):
        with documents.changing():
            documents.apply(Write(PATH, "count", documents.read(PATH) + str(who).encode()), who)
    engine.dispose()


def test_of_two_programs_that_change_one_document_none_loses_a_change(engine: Engine, clock: FixedClock) -> None:
    DatabaseDocuments(shelf_of(engine, clock)).apply(Write(PATH, "write", b""), 1)
    url = engine.url.render_as_string(hide_password=False)
    engine.dispose()
    forks = multiprocessing.get_context("fork")
    programs = [forks.Process(target=count_up, args=(url, who)) for who in (1, 2)]
    for each in programs:
        each.start()
    for each in programs:
        each.join(60)
    assert [each.exitcode for each in programs] == [0, 0]
    content = DatabaseDocuments(Shelf(engine, clock)).read(PATH)
    assert (content.count(b"1"), content.count(b"2")) == (ROUNDS, ROUNDS)


@pytest.mark.postgresql
def test_who_waits_too_long_for_others_is_told(postgres_engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stored, "PATIENCE", "20ms")
    with (
        stored.alone(postgres_engine),
        pytest.raises(NewsletterError, match="try again"),
        stored.alone(postgres_engine),
    ):
        pass
    with stored.alone(postgres_engine):
        pass


def test_memory_holds_no_more_than_it_may(sqlite_engine: Engine, clock: FixedClock) -> None:
    shelf = shelf_of(sqlite_engine, clock, memory=100)
    documents = DatabaseDocuments(shelf)
    for number in range(10):
        documents.apply(Write(f"campaigns/a/{number}.md", "write", str(number).encode() * 40), 1)
    documents.apply(Write("campaigns/a/large.md", "write", b"x" * 101), 1)
    for path in documents.list("**"):
        documents.read(path)
    assert sum(map(len, shelf._contents.values())) == 80
    assert all(documents.read(path) for path in documents.list("**"))


@pytest.mark.parametrize("path", ["subscribers/contacts.csv", "notes.md", "campaigns/.hidden", "campaigns/a\\b", "a b"])
def test_what_is_no_document_is_not_kept(sqlite_engine: Engine, clock: FixedClock, path: str) -> None:
    with pytest.raises(NewsletterError, match="no document"):
        DatabaseDocuments(shelf_of(sqlite_engine, clock)).apply(Write(path, "write", b"x"), 1)


def changes(engine: Engine) -> int:
    with reading(engine) as connection:
        return connection.execute(select(func.count()).select_from(document_version)).scalar_one()
