"""Documents: whole or not at all, inside the workspace alone, with what was there before kept."""

from __future__ import annotations

from pathlib import Path

import pytest

from newsletter.workspace.documents import DocumentError, FolderDocuments, Write

Kept = list[tuple[str, bytes | None, int]]


@pytest.fixture
def kept() -> Kept:
    return []


@pytest.fixture
def documents(tmp_path: Path, kept: Kept) -> FolderDocuments:
    return FolderDocuments(tmp_path, lambda write, before, person: kept.append((write.path, before, person)))


def test_a_write_keeps_the_old_bytes_and_who_did_it(documents: FolderDocuments, kept: Kept) -> None:
    documents.apply(Write("campaigns/a/x.yaml", "gather", b"one"), 3)
    documents.apply(Write("campaigns/a/x.yaml", "edit", b"two"), 4)
    documents.apply(Write("campaigns/a/x.yaml", "edit", b"two"), 4)
    documents.apply(Write("campaigns/a/x.yaml", "remove", None), 5)
    assert kept == [
        ("campaigns/a/x.yaml", None, 3),
        ("campaigns/a/x.yaml", b"one", 4),
        ("campaigns/a/x.yaml", b"two", 5),
    ]
    assert not documents.exists("campaigns/a/x.yaml")


def test_a_write_that_fails_leaves_what_was_there(documents: FolderDocuments, tmp_path: Path) -> None:
    documents.apply(Write("a.txt", "write", b"old"), 1)
    with pytest.raises(TypeError):
        documents.apply(Write("a.txt", "write", "no bytes"), 1)  # type: ignore[arg-type]
    assert documents.read("a.txt") == b"old"
    assert [path.name for path in tmp_path.iterdir()] == ["a.txt"]


@pytest.mark.parametrize("path", ["../outside", "/etc/passwd", "a/../../x"])
def test_nothing_outside_the_workspace_is_read_or_written(documents: FolderDocuments, path: str) -> None:
    with pytest.raises(DocumentError, match="outside"):
        documents.read(path)
    with pytest.raises(DocumentError, match="outside"):
        documents.apply(Write(path, "write", b""), 1)


def test_globs_cross_folders_only_with_two_stars(documents: FolderDocuments) -> None:
    for path in ("a/x.md", "a/b/y.md", "a/b/c/z.md", "a/b/note.txt", ".newsletter/x.md"):
        documents.apply(Write(path, "write", b"x"), 1)
    assert documents.list("a/*.md") == ["a/x.md"]
    assert documents.list("a/**/*.md") == ["a/b/c/z.md", "a/b/y.md", "a/x.md"]
    assert documents.list("**/*.md") == ["a/b/c/z.md", "a/b/y.md", "a/x.md"]
    assert documents.list("a/b/*") == ["a/b/note.txt", "a/b/y.md"]


def test_text_without_its_mark_and_a_file_that_is_no_utf8(documents: FolderDocuments) -> None:
    documents.apply(Write("a.txt", "write", "\ufeffé".encode()), 1)
    assert documents.text("a.txt") == "é"
    documents.apply(Write("b.txt", "write", b"\xe9"), 1)
    with pytest.raises(DocumentError, match="UTF-8"):
        documents.text("b.txt")
    with pytest.raises(DocumentError, match="There is no file c"):
        documents.text("c.txt")
