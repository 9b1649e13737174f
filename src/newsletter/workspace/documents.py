"""The documents of a workspace, and their first home: a folder. All writes go through `apply`, which keeps old bytes.

The second home (`database.py`, for several machines) stands behind the same methods and the same tests.
"""

from __future__ import annotations

import errno
import os
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path, PurePosixPath
from re import Pattern, escape, split
from re import compile as compile_pattern
from typing import Protocol

from newsletter.errors import NewsletterError
from newsletter.i18n import say
from newsletter.settings import STATE_FOLDER
from newsletter.store.locking import file_lock


class DocumentError(NewsletterError):
    """A document that is not there, or lies outside the workspace."""


@dataclass(frozen=True, slots=True)
class Write:
    """An operation on one document: its path, what it does in words, and the new bytes (None removes it)."""

    path: str
    operation: str
    content: bytes | None


class Documents(Protocol):
    """What a unit of work (a request, a job, a command) sees of the documents. `now` begins another one."""

    def read(self, path: str) -> bytes: ...
    def text(self, path: str) -> str: ...
    def exists(self, path: str) -> bool: ...
    def list(self, pattern: str) -> list[str]: ...
    def stamp(self, *parts: str, but: Callable[[str], bool] = lambda path: False) -> str: ...
    def apply(self, write: Write, person_id: int) -> None: ...
    def changing(self) -> AbstractContextManager[None]: ...
    def now(self) -> Documents: ...


# Keeps old bytes, person and time; handed in by the wiring, because history is rows.
Remember = Callable[[Write, bytes | None, int], None]


class FolderDocuments:
    """Files below a folder, named by relative POSIX paths."""

    def __init__(self, root: Path, remember: Remember) -> None:
        self.root = root
        self._remember = remember
        self._changing = threading.RLock()
        self._held = False  # looked at by whoever holds `_changing` alone

    def read(self, path: str) -> bytes:
        try:
            return self._file(path).read_bytes()
        except (FileNotFoundError, IsADirectoryError):
            raise no_such(path) from None
        except OSError as error:
            if error.errno != errno.ENAMETOOLONG:
                raise
            raise no_such(path) from None

    def text(self, path: str) -> str:
        """A document as text; a byte order mark is dropped."""
        return as_text(self.read(path), path)

    def exists(self, path: str) -> bool:
        return os.path.isfile(self._file(path))  # no name that is too long, as Path.is_file would say by an error

    def list(self, pattern: str) -> list[str]:
        """Paths that match a glob (`**` crosses folders), in order; the state folder is never among them."""
        matches = glob(pattern).fullmatch
        return sorted(path for path in self._walk(PurePosixPath(pattern)) if matches(path))

    def stamp(self, *parts: str, but: Callable[[str], bool] = lambda path: False) -> str:
        """Another whenever a file in these folders, or one of these files, changes, comes or goes, by whatever hand."""
        files = [file for part in parts for file in _files(self.root / part)]
        infos = [file.stat() for file in files if not but(file.relative_to(self.root).as_posix())]
        newest = max((info.st_mtime_ns for info in infos), default=0)
        return f"{len(infos)}-{newest}-{sum(info.st_size for info in infos)}"

    def now(self) -> FolderDocuments:
        """A folder is always as it is now."""
        return self

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
            replace_file(file, write.content)

    @contextmanager
    def changing(self) -> Iterator[None]:
        """For who reads a document, changes it and writes it: others who do so wait, in other processes too."""
        file = self.root / STATE_FOLDER / "documents.lock"
        file.parent.mkdir(exist_ok=True)
        with self._changing:
            if self._held:  # by us, further out
                yield
                return
            with file_lock(file, wait=True):
                self._held = True
                try:
                    yield
                finally:
                    self._held = False

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
            raise outside(path)
        return self.root / path


def as_text(content: bytes, path: str) -> str:
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise DocumentError(
            say("%(path)s is not UTF-8 (byte %(start)s): save it as UTF-8.", path=path, start=error.start)
        ) from None


def no_such(path: str) -> DocumentError:
    return DocumentError(say("There is no file %(path)s in the workspace.", path=path))


def outside(path: str) -> DocumentError:
    return DocumentError(say("%(path)s lies outside the workspace.", path=path))


@lru_cache(maxsize=256)
def glob(pattern: str) -> Pattern[str]:
    """A glob whose `*` stays within a folder and whose `**/` crosses any number of them."""
    signs = {"**/": "(?:[^/]+/)*", "**": ".*", "*": "[^/]*", "?": "[^/]"}
    parts = split(r"(\*\*/|\*\*|\*|\?)", pattern)
    return compile_pattern("".join(signs.get(part, escape(part)) for part in parts))


def _files(part: Path) -> list[Path]:
    if part.is_file():
        return [part]
    return [file for file in part.rglob("*") if file.is_file() and not file.name.startswith(".")]


def replace_file(file: Path, content: bytes) -> None:
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
