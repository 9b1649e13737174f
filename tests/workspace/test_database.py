"""Documents in the database, changed by several at once: nobody's words are lost, on whatever machine they write."""

from __future__ import annotations

import hashlib
import multiprocessing
import threading
from datetime import timedelta

import pytest
from sqlalchemy import Engine, func, select

from newsletter.clock import FixedClock, SystemClock
from newsletter.errors import NewsletterError
from newsletter.store import documents as stored
from newsletter.store import versions
from newsletter.store.documents import ChangedMeanwhile
from newsletter.store.engine import open_engine, reading, writing
from newsletter.store.tables import document_content, document_version
from newsletter.workspace.database import DatabaseDocuments, Shelf
from newsletter.workspace.documents import Write
from tests.workspace.shelves import shelf_of

PATH, OTHER = "campaigns/a/2026-12.yaml", "campaigns/a/b.md"
THIRD = "campaigns/a/c.md"
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


def test_bytes_that_no_document_has_are_swept_away_after_a_day(engine: Engine, clock: FixedClock) -> None:
    documents = DatabaseDocuments(shelf_of(engine, clock, memory=0))
    for content in (b"first", b"second", b"third"):
        documents.apply(Write(PATH, "edit", content), 1)
    documents.apply(Write(OTHER, "write", b"first"), 1)  # what one has left, another has
    documents.apply(Write(THIRD, "write", b"gone"), 1)
    earlier = documents.now()
    assert earlier.read(THIRD) == b"gone"
    documents.apply(Write(THIRD, "remove", None), 1)
    with writing(engine) as connection:
        stored.keep(connection, b"of a push that was broken off", clock.now())
    clock.advance(timedelta(hours=23))
    assert swept(engine, clock) == 0
    assert earlier.read(THIRD) == b"gone"
    clock.advance(timedelta(hours=2))
    assert swept(engine, clock) == 5
    assert contents(engine) == {b"first", b"third"}
    assert (documents.read(PATH), documents.read(OTHER)) == (b"third", b"first")
    assert swept(engine, clock) == 0


def test_the_history_keeps_every_version_whatever_is_swept_away(engine: Engine, clock: FixedClock) -> None:
    documents = DatabaseDocuments(shelf_of(engine, clock, memory=0))
    for content in (b"first", b"second", b"third"):
        documents.apply(Write(PATH, "edit", content), 1)
    clock.advance(timedelta(days=400))
    swept(engine, clock)
    with reading(engine) as connection:
        known = versions.changes(connection, PATH)
        kept = [versions.before(connection, PATH, each.id) for each in known]
    assert kept == [b"second", b"first", None]
    documents.apply(Write(PATH, "back", kept[1]), 1)
    assert documents.now().read(PATH) == b"first"


def test_what_somebody_is_about_to_use_again_is_spared(engine: Engine, clock: FixedClock) -> None:
    documents = DatabaseDocuments(shelf_of(engine, clock, memory=0))
    documents.apply(Write(PATH, "write", b"first"), 1)
    documents.apply(Write(PATH, "edit", b"second"), 1)
    clock.advance(timedelta(days=2))
    digest = hashlib.sha256(b"first").hexdigest()
    with writing(engine) as connection:
        assert stored.known(connection, [digest], clock.now()) == {digest}
    swept(engine, clock)
    assert b"first" in contents(engine)
    clock.advance(timedelta(days=2))
    swept(engine, clock)
    with writing(engine) as connection:
        assert stored.known(connection, [digest], clock.now()) == set()


@pytest.mark.postgresql
def test_a_sweep_passes_over_what_is_being_laid_down(postgres_engine: Engine, clock: FixedClock) -> None:
    with writing(postgres_engine) as connection:
        digest = stored.keep(connection, b"old", clock.now())
    clock.advance(timedelta(days=2))
    with writing(postgres_engine) as connection:
        stored.keep(connection, b"old", clock.now())
        assert swept(postgres_engine, clock) == 0  # by another connection
    with writing(postgres_engine) as connection:
        assert stored.known(connection, [digest], clock.now()) == {digest}


@pytest.mark.postgresql
def test_who_writes_what_another_takes_away_waits_for_them_and_they_for_nobody(
    postgres_engine: Engine, clock: FixedClock
) -> None:
    documents = DatabaseDocuments(shelf_of(postgres_engine, clock))
    documents.apply(Write(PATH, "write", b"same"), 1)
    documents.apply(Write(THIRD, "write", b"third"), 1)
    seen, act = documents.index, stored.Act("push", 1, clock.now())
    writer = threading.Thread(target=documents.now().apply, args=(Write(OTHER, "write", b"same"), 2))
    with writing(postgres_engine) as connection:
        stored.swap(connection, stored.Swap(THIRD, None, seen.version_of(THIRD)), act)
        writer.start()
        until_somebody_waits(postgres_engine)
        stored.swap(connection, stored.Swap(PATH, None, seen.version_of(PATH)), act)
    writer.join(60)
    assert documents.now().list("**") == [OTHER]


def until_somebody_waits(engine: Engine) -> None:
    while True:
        with reading(engine) as connection:
            if connection.exec_driver_sql("SELECT 1 FROM pg_locks WHERE NOT granted").first():
                return


def swept(engine: Engine, clock: FixedClock) -> int:
    """In bites of two, until there is nothing more to look at."""
    found = 0
    while True:
        with writing(engine) as connection:
            if not (looked_at := stored.sweep(connection, now=clock.now(), size=2)):
                return found
        found += looked_at


def contents(engine: Engine) -> set[bytes]:
    with reading(engine) as connection:
        return set(connection.execute(select(document_content.c.content)).scalars())


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
