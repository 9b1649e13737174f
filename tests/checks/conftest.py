"""One workspace with contacts, a draft and a warm renderer; each test mends or breaks a copy of its files."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from newsletter.app import Workspace
from newsletter.checks import Finding
from newsletter.clock import FixedClock
from newsletter.settings import load_settings
from newsletter.workflow.checking.check import check_definitions
from newsletter.workflow.context import Context
from newsletter.workspace.documents import FolderDocuments
from tests.workflow.office import ISSUE, lay, office


@dataclass
class Desk:
    """The files of a workspace that a test may change, over a database that it leaves alone."""

    folder: Path
    starter: Context

    @property
    def workspace(self) -> Workspace:
        settings = load_settings(self.folder, {})
        documents = FolderDocuments(self.folder, lambda write, before, person: None)
        return Workspace(replace(self.starter, folder=self.folder, settings=settings, documents=documents))

    def change(self, path: str, old: str, new: str) -> int:
        """Replaces a text in a file; says in which line it stood."""
        text = (self.folder / path).read_text()
        assert old in text
        (self.folder / path).write_text(text.replace(old, new, 1))
        return text[: text.index(old)].count("\n") + 1

    def definitions(self) -> list[Finding]:
        return check_definitions(self.workspace.context)

    def issue(self) -> dict[str, Finding]:
        """The findings of the issue by code; one of each."""
        workspace = self.workspace
        return {each.code: each for each in workspace.compose(workspace.issue(ISSUE)).check()}


@pytest.fixture(scope="session")
def starter(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workspace]:
    folder = lay(tmp_path_factory.mktemp("checks") / "office")
    with office(folder, FixedClock(datetime(2026, 11, 24, 10, 0, tzinfo=UTC))) as ws:
        ws.context.renderer.warm()
        yield ws


@pytest.fixture
def desk(starter: Workspace, tmp_path: Path) -> Desk:
    folder = tmp_path / "office"
    shutil.copytree(starter.context.folder, folder, ignore=shutil.ignore_patterns(".newsletter"))
    return Desk(folder, starter.context)
