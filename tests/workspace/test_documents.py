"""Documents, in a folder and in the database: whole or not at all, within the workspace alone, old bytes kept."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import Engine, select

from newsletter.clock import FixedClock
from newsletter.errors import NewsletterError
from newsletter.store.engine import reading
from newsletter.store.tables import document_version
from newsletter.workspace.database import DatabaseDocuments
from newsletter.workspace.documents import DocumentError, Documents, FolderDocuments, Write
from tests.workspace.shelves import LARGE, folder_documents, shelf_of

Kept = list[tuple[str, bytes | None, int]]
PATH = "campaigns/a/x.yaml"


@pytest.fixture(params=["folder", "sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)])
def both(request: pytest.FixtureRequest, tmp_path: Path, clock: FixedClock) -> tuple[Documents, Callable[[], Kept]]:
    """The documents of each home, and what their history holds."""
    if request.param == "folder":
        written: Kept = []
        return folder_documents(tmp_path / "ws", written), lambda: written
    if request.param == "sqlite":
        engine: Engine = request.getfixturevalue("sqlite_engine")
    else:
        engine = request.getfixturevalue("postgres_engine")
    return DatabaseDocuments(shelf_of(engine, clock)), lambda: history(engine)


@pytest.fixture
def documents(both: tuple[Documents, Callable[[], Kept]]) -> Documents:
    return both[0]


def history(engine: Engine) -> Kept:
    columns = document_version.c
    statement = select(columns.path, columns.before, columns.person_id).order_by(columns.id)
    with reading(engine) as connection:
        return [(row.path, row.before, row.person_id) for row in connection.execute(statement)]


def test_a_write_keeps_the_old_bytes_and_who_did_it(both: tuple[Documents, Callable[[], Kept]]) -> None:
    documents, kept = both
    documents.apply(Write(PATH, "gather", b"one"), 3)
    documents.apply(Write(PATH, "edit", b"two"), 4)
    documents.apply(Write(PATH, "edit", b"two"), 4)
    documents.apply(Write(PATH, "remove", None), 5)
    documents.apply(Write(PATH, "remove", None), 5)
    assert kept() == [(PATH, None, 3), (PATH, b"one", 4), (PATH, b"two", 5)]
    assert not documents.exists(PATH)
    documents.apply(Write(PATH, "again", b"three"), 3)
    assert documents.now().read(PATH) == b"three"


def test_a_write_that_fails_leaves_what_was_there(documents: Documents) -> None:
    documents.apply(Write(PATH, "write", b"old"), 3)
    with pytest.raises(TypeError):
        documents.apply(Write(PATH, "write", "no bytes"), 3)  # type: ignore[arg-type]
    assert documents.now().read(PATH) == b"old"
    assert documents.now().list("**") == [PATH]


@pytest.mark.parametrize("path", ["../outside", "/etc/passwd", "campaigns/../../x"])
def test_nothing_outside_the_workspace_is_read_or_written(documents: Documents, path: str) -> None:
    with pytest.raises(DocumentError, match="outside"):
        documents.read(path)
    with pytest.raises(DocumentError, match="outside"):
        documents.exists(path)
    with pytest.raises(DocumentError, match="outside"):
        documents.apply(Write(path, "write", b""), 3)


def test_a_name_with_a_nul_is_refused(documents: Documents) -> None:
    with pytest.raises(NewsletterError):
        documents.apply(Write("campaigns/a\0.md", "write", b""), 3)
    with pytest.raises(DocumentError, match="NUL"):
        documents.exists("campaigns/a\0.md")


def test_a_name_that_is_too_long_is_not_there(documents: Documents) -> None:
    path = f"campaigns/a/{'x' * 5000}.yaml"
    assert not documents.exists(path)
    with pytest.raises(DocumentError):
        documents.read(path)


def test_a_path_is_found_by_a_longer_way_too(documents: Documents) -> None:
    documents.apply(Write("campaigns/a/pictures/x.jpg", "write", b"x"), 3)
    assert documents.read("campaigns/a/pictures/../pictures/x.jpg") == b"x"
    assert documents.exists("campaigns//a/./pictures/x.jpg")


def test_globs_cross_folders_only_with_two_stars(documents: Documents) -> None:
    for path in ("x.md", "b/y.md", "b/c/z.md", "b/note.txt"):
        documents.apply(Write(f"templates/{path}", "write", b"x"), 3)
    assert documents.list("templates/*.md") == ["templates/x.md"]
    every = ["templates/b/c/z.md", "templates/b/y.md", "templates/x.md"]
    assert documents.list("templates/**/*.md") == every == documents.list("**/*.md")
    assert documents.list("templates/b/*") == ["templates/b/note.txt", "templates/b/y.md"]
    assert documents.list("nothing/*") == []


def test_text_without_its_mark_and_a_file_that_is_no_utf8(documents: Documents) -> None:
    documents.apply(Write(PATH, "write", "\ufeffé".encode()), 3)
    assert documents.text(PATH) == "é"
    documents.apply(Write(PATH, "write", b"\xe9"), 3)
    with pytest.raises(DocumentError, match="UTF-8"):
        documents.text(PATH)
    with pytest.raises(DocumentError, match=r"There is no file campaigns/c\.txt"):
        documents.text("campaigns/c.txt")


def test_any_bytes_come_back_as_they_were(documents: Documents) -> None:
    for path, content in (("empty.md", b""), ("all.jpg", bytes(range(256)) * 3), ("large.jpg", LARGE)):
        documents.apply(Write(f"campaigns/a/{path}", "write", content), 3)
        assert documents.now().read(f"campaigns/a/{path}") == content


def test_a_stamp_is_another_whenever_a_part_changes(documents: Documents) -> None:
    def stamp() -> str:
        return documents.now().stamp("campaigns/a", "newsletter.toml", but=lambda path: path.endswith(".txt"))

    seen = [stamp()]
    for path, content in ((PATH, b"1"), (PATH, b"22"), ("newsletter.toml", b"x"), ("newsletter.toml", None)):
        documents.apply(Write(path, "write", content), 3)
        seen.append(stamp())
    assert len(set(seen[:4])) == 4
    documents.apply(Write("campaigns/a/b.txt", "write", b"left out"), 3)
    documents.apply(Write("campaigns/ab/c.yaml", "write", b"another folder"), 3)
    assert stamp() == seen[-1]


def test_who_changes_a_document_may_do_so_within_a_change(documents: Documents) -> None:
    with documents.changing():
        documents.apply(Write(PATH, "write", b"1"), 3)
        documents.apply(Write(PATH, "write", documents.read(PATH) + b"2"), 3)
    assert documents.read(PATH) == b"12"


def test_a_link_that_leads_out_of_the_folder_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("x")
    folder = tmp_path / "ws"
    documents: FolderDocuments = folder_documents(folder, [])
    (folder / "campaigns").mkdir(parents=True)
    (folder / "campaigns/link.md").symlink_to(tmp_path / "secret")
    with pytest.raises(DocumentError, match="outside"):
        documents.read("campaigns/link.md")
