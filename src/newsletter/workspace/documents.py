"""The documents of a workspace, in a folder; all writes go through `apply`, which keeps the old bytes.

The second home (the database, for several machines) stands behind the same methods.
"""

from __future__ import annotations

import fcntl
import os
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from re import compile as compile_pattern
from re import escape, split
from typing import Protocol

from newsletter.errors import NewsletterError
from newsletter.i18n import say
from newsletter.settings import STATE_FOLDER


class DocumentError(NewsletterError):
    """A document that is not there, or lies outside the workspace."""


@dataclass(frozen=True, slots=True)
class Write:
    """An operation on one document: its path, what it does in words, and the new bytes (None removes it)."""

    path: str
    operation: str
    content: bytes | None


class Documents(Protocol):
    def read(self, path: str) -> bytes: ...
    def exists(self, path: str) -> bool: ...
    def list(self, pattern: str) -> list[str]: ...
    def apply(self, write: Write, person_id: int) -> None: ...


# Keeps old bytes, person and time; handed in by the wiring, because history is rows.
Remember = Callable[[Write, bytes | None, int], None]


class FolderDocuments:
    """Files below a folder, named by relative POSIX paths."""

    def __init__(self, root: Path, remember: Remember) -> None:
        self.root = root
        self._remember = remember
        self._changing = threading.RLock()

    def read(self, path: str) -> bytes:
        try:
            return self._file(path).read_bytes()
        except (FileNotFoundError, IsADirectoryError):
            raise DocumentError(say("There is no file %(path)s in the workspace.", path=path)) from None

    def text(self, path: str) -> str:
        """A document as text; a byte order mark is dropped."""
        try:
            return self.read(path).decode("utf-8-sig")
        except UnicodeDecodeError as error:
            raise DocumentError(
                say("%(path)s is not UTF-8 (byte %(start)s): save it as UTF-8.", path=path, start=error.start)
            ) from None

    def exists(self, path: str) -> bool:
        return self._file(path).is_file()

    def list(self, pattern: str) -> list[str]:
        """Paths that match a glob (`**` crosses folders), in order; the state folder is never among them."""
        matches = compile_pattern(_regex(pattern)).fullmatch
        return sorted(path for path in self._walk(PurePosixPath(pattern)) if matches(path))

    def apply(self, write: Write, person_id: int) -> None:
        """Writes whole or not at all; nothing happens where the bytes are the same."""
        file = self._file(write.path)
        before = file.read_bytes() if file.is_file() else None
        if before == write.content:
            return
        self._remember(write, before, person_id)
        if write.content is None:
            file.unlink(missing_ok=True)
        else:
            _replace(file, write.content)

    @contextmanager
    def changing(self) -> Iterator[None]:
        """For who reads a document, changes it and writes it: others who do so wait, in other processes too."""
        file = self.root / STATE_FOLDER / "documents.lock"
        file.parent.mkdir(exist_ok=True)
        with self._changing, open(file, "w") as stream:
            fcntl.flock(stream, fcntl.LOCK_EX)
            yield

    def _walk(self, pattern: PurePosixPath) -> Iterator[str]:
        fixed = []
        for part in pattern.parts[:-1]:
            if any(sign in part for sign in "*?["):
                break
            fixed.append(part)
        start = self._file("/".join(fixed)) if fixed else self.root
        for folder, folders, files in os.walk(start):
            folders[:] = sorted(name for name in folders if not name.startswith("."))
            for name in files:
                yield (Path(folder) / name).relative_to(self.root).as_posix()

    def _file(self, path: str) -> Path:
        if "\0" in path:
            raise DocumentError(say("A file name holds no NUL."))
        file = (self.root / path).resolve()
        if not file.is_relative_to(self.root.resolve()):
            raise DocumentError(say("%(path)s lies outside the workspace.", path=path))
        return self.root / path


def _regex(pattern: str) -> str:
    """A glob whose `*` stays within a folder and whose `**/` crosses any number of them."""
    signs = {"**/": "(?:[^/]+/)*", "**": ".*", "*": "[^/]*", "?": "[^/]"}
    parts = split(r"(\*\*/|\*\*|\*|\?)", pattern)
    return "".join(signs.get(part, escape(part)) for part in parts)


def _replace(file: Path, content: bytes) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    mode = file.stat().st_mode & 0o777 if file.exists() else 0o644
    descriptor, name = tempfile.mkstemp(dir=file.parent, prefix=".writing-")
    try:
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
        os.chmod(name, mode)
        os.replace(name, file)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
