"""The two homes of documents, for tests of either."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import Engine

from newsletter.clock import FixedClock
from newsletter.store import people
from newsletter.store.engine import writing
from newsletter.workspace.database import Shelf
from newsletter.workspace.documents import FolderDocuments

LARGE = bytes(range(256)) * 4096 * 12  # 12 MB


def folder_documents(root: Path, kept: list[tuple[str, bytes | None, int]]) -> FolderDocuments:
    root.mkdir()
    return FolderDocuments(root, lambda write, before, person: kept.append((write.path, before, person)))


def shelf_of(engine: Engine, clock: FixedClock, *, memory: int | None = None) -> Shelf:
    """As of another process each; there are people with the numbers 1 to 5."""
    with writing(engine) as connection:
        for slug in ("local", "ana", "luc", "noor", "rosa"):
            people.add(connection, slug, name=slug.title(), address=None, roles=["author"], now=clock.now())
    return Shelf(engine, clock) if memory is None else Shelf(engine, clock, memory=memory)
