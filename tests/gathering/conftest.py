"""A workspace in memory, and sources that read as in a workspace of five languages."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from fnmatch import fnmatch

import pytest

from newsletter.errors import Problem
from newsletter.gathering.language import detector
from newsletter.gathering.sources import Document, Hints, source_for
from newsletter.model.article import Article
from newsletter.workspace.documents import DocumentError

LANGUAGES = ("en", "fr", "es", "de", "ar")


@dataclass
class Memory:
    """Documents by path."""

    files: dict[str, bytes] = field(default_factory=dict)

    def read(self, path: str) -> bytes:
        if path not in self.files:
            raise DocumentError(f"There is no file {path} in the workspace.")
        return self.files[path]

    def exists(self, path: str) -> bool:
        return path in self.files

    def list(self, pattern: str) -> list[str]:
        return sorted(path for path in self.files if fnmatch(path, pattern.replace("**/", "*")))


Read = Callable[..., list[Article | Problem]]


@pytest.fixture
def read() -> Read:
    """Reads one document by the source that its ending names."""

    def reading(name: str, content: str | bytes, *, url: str | None = None, **hints: object) -> list[Article | Problem]:
        raw = content.encode() if isinstance(content, str) else content
        settings = {"languages": LANGUAGES, "detect": detector(LANGUAGES), **hints}
        source = source_for(name)
        return list(source.read(Document(url or name, raw, url=url), Hints(**settings)))  # type: ignore[arg-type]

    return reading


def one(found: list[Article | Problem]) -> Article:
    assert len(found) == 1, found
    assert isinstance(found[0], Article), found[0]
    return found[0]


def problems(found: list[Article | Problem]) -> list[str]:
    return [str(each) for each in found if isinstance(each, Problem)]
