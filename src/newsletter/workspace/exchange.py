"""A folder and the database's documents, held against what they had in common last: who changed what.

What they had in common lies in the folder's `.newsletter/documents.json`, for each database by its own name.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from newsletter.errors import UsageError
from newsletter.i18n import Listed
from newsletter.settings import FILE, STATE_FOLDER, state_folder
from newsletter.workspace.documents import replace_file
from newsletter.workspace.paths import FOLDERS, is_document, is_plain

LARGEST = 64 * 1024 * 1024  # bytes of one document
REMEMBERED = "documents.json"
CONFLICTS = "conflicts"  # below .newsletter: versions that lost, or wait to be brought together

Hashes = Mapping[str, str]  # by path


@dataclass(frozen=True, slots=True)
class Compared:
    """Paths that differ, by who changed them since folder and database were last the same."""

    mine: list[str] = field(default_factory=list)  # the folder alone
    theirs: list[str] = field(default_factory=list)  # the database alone
    both: list[str] = field(default_factory=list)


def compare(common: Hashes, mine: Hashes, theirs: Hashes) -> Compared:
    found = Compared()
    for path in sorted({*mine, *theirs}):
        was, here, there = common.get(path), mine.get(path), theirs.get(path)
        if here != there:
            (found.mine if there == was else found.theirs if here == was else found.both).append(path)
    return found


def common_now(common: Hashes, mine: Hashes, theirs: Hashes) -> dict[str, str]:
    """What folder and database have in common after an exchange; of what still differs, what they had before."""
    same = {path: digest for path, digest in mine.items() if theirs.get(path) == digest}
    differ = {path for path in {*mine, *theirs} if mine.get(path) != theirs.get(path)}
    return same | {path: digest for path, digest in common.items() if path in differ}


def only(hashes: Hashes, wanted: Sequence[str]) -> dict[str, str]:
    """Those of the files and folders that are wanted; of all, where none is named."""
    within = tuple(f"{each.rstrip('/')}/" for each in wanted)
    return {path: each for path, each in hashes.items() if not wanted or path in wanted or path.startswith(within)}


class Folder:
    """The documents of a folder, as files. Links are never followed: they lead where nobody meant to look or write."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def hashes(self) -> dict[str, str]:
        """Of all documents; UsageError names at once whatever cannot be one."""
        files = list(self._files())
        wrong = [path for path, file in files if not _may_be_kept(path, file)]
        if wrong:
            raise UsageError(
                f"These cannot be documents: {Listed(_shown(path) for path in wrong)}. A document is an ordinary file, "
                f"no link, of at most {LARGEST // 1024**2} MB, with a plain name."
            )
        return {path: digest(file.read_bytes()) for path, file in files}

    def left_out(self) -> list[str]:
        """What lies among the documents and is none: keys, databases, lists of contacts."""
        return [path for path, _ in self._walk() if is_plain(path) and not is_document(path)]

    def read(self, path: str) -> bytes:
        return (self.root / path).read_bytes()

    def lay(self, path: str, content: bytes | None) -> None:
        """Writes a document whole; None removes it, and the folders that it leaves empty."""
        file = self.root / path
        if content is not None:
            replace_file(file, content)
            return
        file.unlink(missing_ok=True)
        for folder in file.parents:
            if folder.parent in (self.root, self.root.parent) or not folder.is_dir() or any(folder.iterdir()):
                return
            folder.rmdir()

    def linked(self, paths: Sequence[str]) -> list[str]:
        """Those that would be written through a link, or in the place of something that is no file."""
        return [path for path in paths if self._in_the_way(path)]

    def remembered(self, home: str) -> dict[str, str]:
        """What this folder and a database had in common last; nothing, where they never met."""
        try:
            known = json.loads((self.root / STATE_FOLDER / REMEMBERED).read_text("utf-8"))
            return {str(path): str(each) for path, each in known.get(home, {}).items()}
        except (OSError, ValueError, AttributeError):
            return {}

    def remember(self, home: str, common: Hashes) -> None:
        file = state_folder(self.root) / REMEMBERED
        try:
            known = json.loads(file.read_text("utf-8"))
        except (OSError, ValueError):
            known = {}
        known = {**(known if isinstance(known, dict) else {}), home: dict(sorted(common.items()))}
        replace_file(file, (json.dumps(known, indent=1, ensure_ascii=False) + "\n").encode())

    def set_aside(self, whose: str, path: str, content: bytes) -> str:
        """Keeps a version beside the workspace, where nothing reads it; says where."""
        state_folder(self.root)
        kept = f"{STATE_FOLDER}/{CONFLICTS}/{whose}/{path}"
        replace_file(self.root / kept, content)
        return kept

    def _files(self) -> Iterator[tuple[str, Path]]:
        """What a document's name would have; links and names that cannot be kept too, so that they are told."""
        for path, file in self._walk():
            if is_document(path) or not is_plain(path) or file.is_symlink():
                yield path, file

    def _walk(self) -> Iterator[tuple[str, Path]]:
        if os.path.lexists(self.root / FILE):
            yield FILE, self.root / FILE
        for name in FOLDERS:
            if (self.root / name).is_symlink():
                yield name, self.root / name
                continue
            for at, folders, files in os.walk(self.root / name):
                folders[:] = sorted(each for each in folders if not each.startswith("."))
                links = [each for each in folders if Path(at, each).is_symlink()]  # which walk does not enter
                for each in sorted([*files, *links]):
                    if not each.startswith("."):
                        yield Path(at, each).relative_to(self.root).as_posix(), Path(at, each)

    def _in_the_way(self, path: str) -> bool:
        file = self.root / path
        above = [folder for folder in file.parents if folder != self.root and self.root in folder.parents]
        blocked = any(folder.is_symlink() or (folder.exists() and not folder.is_dir()) for folder in above)
        return blocked or file.is_symlink() or (file.exists() and not file.is_file())


def digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _may_be_kept(path: str, file: Path) -> bool:
    return is_plain(path) and not file.is_symlink() and file.is_file() and file.stat().st_size <= LARGEST


def _shown(path: str) -> str:
    """A path with what cannot be printed made visible."""
    return path if path.isprintable() else ascii(path)[1:-1]
