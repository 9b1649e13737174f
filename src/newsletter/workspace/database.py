"""The documents' second home, the database: for several machines, and for programs that have no folder to write to.

A unit of work sees all documents as of one moment: when it first looked. What it writes is compared first: where
somebody else has changed the same document meanwhile, nothing is written (`ChangedMeanwhile`). `changing` looks anew,
and shuts others out for so long, on every machine.
"""

from __future__ import annotations

import hashlib
import posixpath
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field

from sqlalchemy import Engine

from newsletter.clock import Clock
from newsletter.errors import UsageError
from newsletter.i18n import say
from newsletter.store import documents as stored
from newsletter.store.documents import Act, ChangedMeanwhile, Entry, Swap
from newsletter.store.engine import reading, writing
from newsletter.workspace.documents import DocumentError, Write, as_text, glob, no_such, outside
from newsletter.workspace.paths import is_document

MEMORY = 64 * 1024 * 1024  # bytes of documents that a process keeps


@dataclass(frozen=True, slots=True)
class Index:
    """All documents as of a version. Never changes, so that it can be shared."""

    version: int = 0
    entries: Mapping[str, Entry] = field(default_factory=dict)

    def with_(self, changed: Mapping[str, Entry]) -> Index:
        version = max((each.version for each in changed.values()), default=0)
        return Index(max(self.version, version), {**self.entries, **changed})

    def hash_of(self, path: str) -> str | None:
        found = self.entries.get(path)
        return found.sha256 if found else None

    def version_of(self, path: str) -> int:
        found = self.entries.get(path)
        return found.version if found else 0

    @property
    def hashes(self) -> dict[str, str]:
        """By path, of those that are there."""
        return {path: each.sha256 for path, each in self.entries.items() if each.sha256 is not None}


class Shelf:
    """What a process has read of the documents; shared by its units of work."""

    def __init__(self, engine: Engine, clock: Clock, *, memory: int = MEMORY) -> None:
        self.engine, self.clock = engine, clock
        self.one = threading.RLock()  # who changes; a process waits for others with one connection at most
        self._guard = threading.Lock()
        self._index = Index()
        self._contents: OrderedDict[str, bytes] = OrderedDict()
        self._memory, self._held = memory, 0

    def newest(self) -> Index:
        """One question, which brings only what has changed."""
        known = self._index
        with reading(self.engine) as connection:
            changed = stored.since(connection, known.version)
        if not changed:
            return known
        found = known.with_(changed)
        with self._guard:
            if found.version > self._index.version:
                self._index = found
        return found

    def content(self, sha256: str) -> bytes:
        with self._guard:
            if sha256 in self._contents:
                self._contents.move_to_end(sha256)
                return self._contents[sha256]
        with reading(self.engine) as connection:
            content = stored.content(connection, sha256)
        self._hold(sha256, content)
        return content

    def _hold(self, sha256: str, content: bytes) -> None:
        with self._guard:
            if sha256 in self._contents or len(content) > self._memory:
                return
            self._contents[sha256] = content
            self._held += len(content)
            while self._held > self._memory:
                self._held -= len(self._contents.popitem(last=False)[1])


class DatabaseDocuments:
    """Documents by relative POSIX paths, as one unit of work sees them."""

    def __init__(self, shelf: Shelf) -> None:
        self._shelf = shelf
        self._seen: Index | None = None

    @property
    def index(self) -> Index:
        if self._seen is None:
            self._seen = self._shelf.newest()
        return self._seen

    def read(self, path: str) -> bytes:
        sha256 = self.index.hash_of(_inside(path))
        if sha256 is None:
            raise no_such(path)
        return self._shelf.content(sha256)

    def text(self, path: str) -> str:
        """A document as text; a byte order mark is dropped."""
        return as_text(self.read(path), path)

    def exists(self, path: str) -> bool:
        return self.index.hash_of(_inside(path)) is not None

    def list(self, pattern: str) -> list[str]:
        """Paths that match a glob (`**` crosses folders), in order."""
        matches = glob(pattern).fullmatch
        return sorted(path for path, each in self.index.entries.items() if each.sha256 is not None and matches(path))

    def stamp(self, *parts: str, but: Callable[[str], bool] = lambda path: False) -> str:
        """Another whenever a document in these folders, or one of these, is another, comes or goes."""
        within = tuple(f"{part}/" for part in parts)
        found = hashlib.sha256()
        for path, sha256 in sorted(self.index.hashes.items()):
            if (path in parts or path.startswith(within)) and not but(path):
                found.update(f"{path}\0{sha256}\0".encode())
        return found.hexdigest()[:24]

    def apply(self, write: Write, person_id: int) -> None:
        """Writes whole or not at all; nothing happens where the bytes are the same."""
        if not is_document(write.path):
            raise _no_place(write.path)
        sha256 = None if write.content is None else hashlib.sha256(write.content).hexdigest()
        if self.index.hash_of(write.path) == sha256:
            return
        each = Swap(write.path, sha256, self.index.version_of(write.path))
        act = Act(write.operation, person_id, self._shelf.clock.now())
        if write.content is not None:
            with writing(self._shelf.engine) as connection:  # on its own: who swaps may wait for who keeps, not both
                stored.keep(connection, write.content, act.at)
        try:
            with writing(self._shelf.engine) as connection:
                version = stored.swap(connection, each, act)
        except ChangedMeanwhile:
            if (newest := self._shelf.newest()).hash_of(write.path) != sha256:
                raise
            version = newest.version_of(write.path)  # somebody has written the very same
        self._seen = Index(self.index.version, {**self.index.entries, write.path: Entry(sha256, version)})

    @contextmanager
    def changing(self) -> Iterator[None]:
        """For who reads a document, changes it and writes it: others who do so wait, on other machines too."""
        with self._shelf.one, stored.alone(self._shelf.engine):
            self._seen = None
            yield

    def now(self) -> DatabaseDocuments:
        return DatabaseDocuments(self._shelf)


def _inside(path: str) -> str:
    """The shortest form, as a folder would find it."""
    if "\0" in path:
        raise DocumentError(say("A file name holds no NUL."))
    found = posixpath.normpath(path)
    if found.startswith(("/", "../")) or found == "..":
        raise outside(path)
    return found


def _no_place(path: str) -> UsageError | DocumentError:
    if _inside(path) != path or not path.isprintable():
        return outside(path)
    return UsageError(say("%(path)s is no document that the database keeps: give it another name.", path=path))
