"""push and pull: byte for byte, both sides kept where both have changed, nothing strange taken in or laid out."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import Engine, insert, select

from newsletter.clock import FixedClock
from newsletter.errors import NewsletterError, ProblemsFound, UsageError
from newsletter.model.permission import NotAllowed
from newsletter.store.documents import ChangedMeanwhile
from newsletter.store.engine import reading, writing
from newsletter.store.people import Person
from newsletter.store.tables import document, document_content, document_version
from newsletter.workflow.home import someone
from newsletter.workflow.upkeep import exchange as steps
from newsletter.workflow.upkeep.exchange import BothChanged, Done, Exchange, exchange, pull, push
from newsletter.workspace.database import DatabaseDocuments
from newsletter.workspace.documents import Write
from tests.workflow.office import lay
from tests.workspace.shelves import LARGE, shelf_of

DRAFT, ARTICLE, PICTURE = "campaigns/news/2026-12.yaml", "campaigns/news/articles/a.en.md", "campaigns/news/large.jpg"
HOSTILE = [
    "../outside.md",
    "/etc/cron.d/x",
    "campaigns/../../outside.md",
    "campaigns//x.md",
    ".newsletter/secrets.env",
    "campaigns/.git/hooks/x",
    "campaigns/a\\..\\b",
    "campaigns/a\nb.md",
    "campaigns/" + "x" * 300,
    "subscribers/contacts.csv",
    "outbox/new/x.eml",
]


POSTGRESQL = pytest.param("postgres_engine", marks=pytest.mark.postgresql)
BOTH = pytest.mark.parametrize("database", ["sqlite_engine", POSTGRESQL], indirect=True)


@pytest.fixture
def database(request: pytest.FixtureRequest) -> Engine:
    """SQLite, but for the tests that say BOTH."""
    found: Engine = request.getfixturevalue(getattr(request, "param", "sqlite_engine"))
    return found


@pytest.fixture
def at(tmp_path: Path, database: Engine, clock: FixedClock) -> Exchange:
    """A folder with texts and a picture, and an empty database."""
    folder = lay(tmp_path / "mine")
    (folder / PICTURE).write_bytes(bytes(range(256)))
    (folder / ARTICLE).write_bytes("\ufeffTitle: x\r\n\r\nÉté\n".encode())
    return exchange(folder, database, clock)


@pytest.fixture
def noor(at: Exchange, clock: FixedClock) -> Person:
    """Whoever works on the machine itself: holds every role."""
    return someone(at.engine, at.folder.root, None, clock)


@pytest.fixture
def other(at: Exchange, noor: Person, tmp_path: Path) -> Exchange:
    """Another folder with the same documents, pulled."""
    push(at, noor)
    (tmp_path / "theirs").mkdir()
    there = exchange(tmp_path / "theirs", at.engine, at.clock)
    pull(there)
    return there


def write(at: Exchange, path: str, text: str) -> None:
    (at.folder.root / path).write_text(text)


def text(at: Exchange, path: str) -> str | None:
    file = at.folder.root / path
    return file.read_text() if file.exists() else None


@BOTH
def test_what_was_pushed_is_pulled_byte_for_byte(at: Exchange, other: Exchange, noor: Person) -> None:
    (at.folder.root / PICTURE).write_bytes(LARGE)
    push(at, noor)
    pull(other)
    mine = at.folder.hashes()
    assert other.folder.hashes() == mine
    assert other.folder.read(PICTURE) == LARGE
    assert {"newsletter.toml", "subscribers/fields.yaml", PICTURE, "templates/digest.mjml"} <= set(mine)
    assert not [path for path in mine if path.endswith(".csv")], "lists of contacts are rows"
    assert push(at, noor) == Done(left_out=["subscribers/contacts.csv", "subscribers/institutions.csv"])
    assert push(other, noor) == pull(at) == pull(other) == Done()
    with reading(at.engine) as connection:
        rows = connection.execute(select(document)).all()
    assert {row.changed_by for row in rows} == {noor.id}
    assert {row.changed_at for row in rows} == {at.clock.now()}
    assert {row.path: row.sha256 for row in rows} == mine


@BOTH
def test_changes_go_over_and_earlier_versions_stay_in_the_history(at: Exchange, other: Exchange, noor: Person) -> None:
    before = at.folder.read(ARTICLE)
    write(at, ARTICLE, "changed")
    write(at, "campaigns/news/articles/new.en.md", "new")
    (at.folder.root / PICTURE).unlink()
    done = push(at, noor)
    assert (done.written, done.removed) == ([ARTICLE, "campaigns/news/articles/new.en.md"], [PICTURE])
    write(other, "campaigns/news/articles/theirs.en.md", "theirs")
    done = pull(other)
    assert (done.written, done.removed) == ([ARTICLE, "campaigns/news/articles/new.en.md"], [PICTURE])
    assert done.waiting == ["campaigns/news/articles/theirs.en.md"]
    assert push(other, noor).written == done.waiting
    assert pull(at).written == done.waiting
    assert at.folder.hashes() == other.folder.hashes()
    columns = document_version.c
    told = select(columns.before, columns.operation, columns.person_id).where(columns.path == ARTICLE)
    with reading(at.engine) as connection:
        history = connection.execute(told.order_by(columns.id)).all()
    assert [tuple(each) for each in history] == [(None, "push", noor.id), (before, "push", noor.id)]


def test_where_both_have_changed_nothing_is_done_and_both_are_kept(at: Exchange, other: Exchange, noor: Person) -> None:
    for each, word in ((at, "mine"), (other, "theirs")):
        write(each, ARTICLE, word)
        write(each, "newsletter.toml", f'public_url = "https://{word}.example"\n')
        write(each, f"campaigns/news/{word}.yaml", word)
    push(other, noor)
    for step in (lambda: push(at, noor), lambda: pull(at)):
        with pytest.raises(BothChanged, match=f"{ARTICLE} and newsletter.toml since they last met: nothing"):
            step()
    assert text(at, ARTICLE) == "mine"
    assert text(at, "campaigns/news/theirs.yaml") is None, "all or nothing"
    assert text(at, f".newsletter/conflicts/database/{ARTICLE}") == "theirs"
    write(at, ARTICLE, "mine and theirs")
    assert push(at, noor, [ARTICLE], force=True).written == [ARTICLE]
    done = pull(at, ["newsletter.toml"], force=True)
    assert (done.written, done.aside) == (["newsletter.toml"], [".newsletter/conflicts/folder/newsletter.toml"])
    assert "mine" in (text(at, done.aside[0]) or "")
    pull(at)
    push(at, noor)
    pull(other)
    assert text(other, ARTICLE) == "mine and theirs"
    assert other.folder.hashes() == at.folder.hashes()


def test_force_makes_the_folder_what_the_database_is_and_keeps_what_it_had(at: Exchange, other: Exchange) -> None:
    write(other, ARTICLE, "mine")
    (other.folder.root / PICTURE).unlink()
    write(other, "campaigns/news/new.yaml", "never pushed")
    assert pull(other).waiting == [ARTICLE, PICTURE, "campaigns/news/new.yaml"], "nothing is overwritten"
    done = pull(other, force=True)
    assert (done.written, done.waiting) == ([ARTICLE, PICTURE], ["campaigns/news/new.yaml"])
    assert text(other, f".newsletter/conflicts/folder/{ARTICLE}") == "mine"
    assert text(other, "campaigns/news/new.yaml") == "never pushed"
    assert at.folder.hashes() == {k: v for k, v in other.folder.hashes().items() if k != "campaigns/news/new.yaml"}


def test_a_folder_that_never_met_the_database_overwrites_nothing(
    at: Exchange, other: Exchange, noor: Person, tmp_path: Path
) -> None:
    stranger = exchange(lay(tmp_path / "stranger"), at.engine, at.clock)
    write(stranger, "newsletter.toml", 'public_url = "https://stranger.example"\n')
    for step in (lambda: push(stranger, noor), lambda: pull(stranger)):
        with pytest.raises(BothChanged, match=r"changed newsletter\.toml since"):
            step()
    assert push(stranger, noor, ["campaigns"]).waiting == [ARTICLE, PICTURE], "what it lacks is not taken away"


def test_removed_here_and_changed_there_is_a_conflict_too(at: Exchange, other: Exchange, noor: Person) -> None:
    write(at, ARTICLE, "changed")
    push(at, noor)
    (other.folder.root / ARTICLE).unlink()
    with pytest.raises(BothChanged, match=ARTICLE):
        pull(other)
    assert push(other, noor, force=True).removed == [ARTICLE]
    write(at, ARTICLE, "changed again")
    with pytest.raises(BothChanged, match="The database's are removed"):
        pull(at)
    done = pull(at, force=True)
    assert (done.removed, text(at, done.aside[0])) == ([ARTICLE], "changed again")


@BOTH
def test_what_others_change_while_it_is_pushed_stops_all_of_it(
    at: Exchange, other: Exchange, noor: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(at, ARTICLE, "mine")
    write(at, DRAFT, "mine")
    alone = steps.stored.alone

    def meanwhile(engine: Engine) -> object:
        DatabaseDocuments(shelf_of(engine, FixedClock(at.clock.now()))).apply(Write(DRAFT, "edit", b"studio"), noor.id)
        return alone(engine)

    monkeypatch.setattr(steps.stored, "alone", meanwhile)
    with pytest.raises(ChangedMeanwhile, match=DRAFT):
        push(at, noor)
    pull(other)
    assert (text(other, DRAFT), text(other, ARTICLE)) == ("studio", text(other, ARTICLE))
    assert text(other, ARTICLE) != "mine"


def test_names_in_the_database_that_are_no_documents_write_no_file(
    at: Exchange, other: Exchange, noor: Person, tmp_path: Path
) -> None:
    write(at, ARTICLE, "changed")
    push(at, noor)
    with writing(at.engine) as connection:  # as somebody would who can write to the database
        connection.execute(insert(document_content).values(sha256="0" * 64, content=b"hostile"))
        for number, path in enumerate(HOSTILE):
            values = {"path": path, "sha256": "0" * 64, "version": 10**6 + number}
            connection.execute(insert(document).values(**values, changed_by=noor.id, changed_at=at.clock.now()))
    before = {file for file in tmp_path.rglob("*") if "sqlite" not in file.name}
    for force in (False, True):
        with pytest.raises(UsageError, match="what no document is") as found:
            pull(other, force=force)
        assert [path for path in HOSTILE if ascii(path)[1:-1] not in str(found.value)] == []
    assert {file for file in tmp_path.rglob("*") if "sqlite" not in file.name} == before
    assert text(other, ARTICLE) != "changed", "all or nothing"
    for path in HOSTILE:
        with pytest.raises(UsageError, match="what no document is"):
            pull(other, [path], force=True)


@pytest.mark.parametrize("link", ["campaigns/news/articles", "campaigns", "templates/digest.mjml", "newsletter.toml"])
def test_links_are_neither_followed_nor_written_through(at: Exchange, noor: Person, link: str, tmp_path: Path) -> None:
    push(at, noor)
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "a.en.md").write_text("theirs")
    there = exchange(tmp_path / "linked", at.engine, at.clock)
    (there.folder.root / link).parent.mkdir(parents=True)
    (there.folder.root / link).symlink_to(elsewhere / "a.en.md" if "." in link else elsewhere)
    for step in (lambda: push(there, noor), lambda: pull(there), lambda: pull(there, force=True)):
        with pytest.raises(UsageError, match=f"These cannot be documents: {link}"):
            step()
    assert (elsewhere / "a.en.md").read_text() == "theirs"
    assert [file.name for file in elsewhere.iterdir()] == ["a.en.md"]


def test_a_folder_in_the_place_of_a_document_is_told(at: Exchange, noor: Person, tmp_path: Path) -> None:
    push(at, noor)
    there = exchange(tmp_path / "there", at.engine, at.clock)
    (there.folder.root / "templates/digest.mjml").mkdir(parents=True)
    with pytest.raises(UsageError, match=r"where a folder is: templates/digest\.mjml"):
        pull(there)
    assert text(there, "newsletter.toml") is None


def test_names_that_cannot_be_kept_are_told_all_at_once(at: Exchange, noor: Person) -> None:
    folder = at.folder.root / "campaigns/news"
    (folder / "back\\slash.md").write_text("x")
    (folder / "line\nbreak.md").write_text("x")
    os.close(os.open(os.fsencode(folder) + b"/\xe9t\xe9.md", os.O_CREAT | os.O_WRONLY))
    os.mkfifo(folder / "pipe.md")
    with pytest.raises(UsageError) as found:
        push(at, noor)
    for name in ("back\\slash.md", "line\\nbreak.md", "\\udce9t\\udce9.md", "pipe.md"):
        assert f"campaigns/news/{name}" in str(found.value)


def test_a_file_that_is_too_large_is_told(at: Exchange, noor: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("newsletter.workspace.exchange.LARGEST", 1000)
    (at.folder.root / PICTURE).write_bytes(b"x" * 1001)
    with pytest.raises(UsageError, match=PICTURE):
        push(at, noor)


def test_secrets_databases_and_lists_stay_where_they_are(at: Exchange, noor: Person) -> None:
    (at.folder.root / ".newsletter/secrets.env").write_text("NEWSLETTER_SUPPRESSION_KEY=x")
    (at.folder.root / "campaigns/.env").write_text("x")
    out = ["campaigns/news/dkim.pem", "templates/copy.sqlite", "subscribers/do-not-mail.xlsx"]
    for path in out:
        write(at, path, "x")
    done = push(at, noor)
    assert set(out) <= set(done.left_out)
    kept = DatabaseDocuments(shelf_of(at.engine, FixedClock(at.clock.now()))).list("**")
    assert not [path for path in kept if path in out or "secrets" in path or ".env" in path]
    write(at, "newsletter.toml", 'database = "postgresql://news:hunter2@db/news"\n')
    with pytest.raises(UsageError, match="with its password") as found:
        push(at, noor)
    assert "hunter2" not in str(found.value)


def test_settings_that_no_program_could_start_with_are_not_pushed(at: Exchange, noor: Person) -> None:
    write(at, "newsletter.toml", "public_ur = 1\n")
    with pytest.raises(ProblemsFound, match="did you mean 'public_url'"):
        push(at, noor)
    (at.folder.root / "newsletter.toml").unlink()
    with pytest.raises(UsageError, match="no workspace"):
        push(at, noor)


def test_authors_push_texts_and_administrators_the_rest(at: Exchange, noor: Person, clock: FixedClock) -> None:
    ana = someone(at.engine, at.folder.root, "ana", clock)
    with pytest.raises(NotAllowed, match="Ana may not change settings"):
        push(at, ana)
    push(at, noor)
    write(at, DRAFT, "text")
    write(at, ARTICLE, "text")
    assert push(at, ana).written == [DRAFT, ARTICLE]
    for path in ("templates/digest.mjml", "campaigns/news/campaign.yaml", "subscribers/segments.yaml"):
        write(at, path, "else")
        with pytest.raises(NotAllowed):
            push(at, ana, [path])
    with pytest.raises(NotAllowed):
        push(at, replace(ana, roles=("reader",)), [DRAFT, ARTICLE, "templates"])


def test_what_nobody_has_is_told_and_an_empty_database_too(at: Exchange, noor: Person) -> None:
    with pytest.raises(UsageError, match="no documents yet"):
        pull(at)
    with pytest.raises(NewsletterError, match="no document campaigns/nws, here or there"):
        push(at, noor, ["campaigns/nws"])
    push(at, noor, ["./campaigns/", "newsletter.toml"])
    assert "templates/digest.mjml" in push(at, noor).written
