"""Which paths of a workspace are documents: what people define. Contacts, keys, databases and messages are none."""

from __future__ import annotations

import posixpath
from pathlib import PurePosixPath

from newsletter.settings import FILE

FOLDERS = ("campaigns", "templates", "subscribers")
SECRET = (".env", ".pem", ".key", ".p12", ".pfx")  # endings of what is kept out of a database that many read
DATABASE = (".sqlite", ".sqlite3", ".db", ".sqlite-wal", ".sqlite-shm")
LONGEST, LONGEST_NAME = 500, 200  # bytes; file systems take 255 for a name


def is_document(path: str) -> bool:
    """Of `subscribers/` only definitions: lists of contacts come in as rows, where erasing reaches them."""
    if path == FILE:
        return True
    first, _, rest = path.partition("/")
    if first not in FOLDERS or not rest or not is_plain(path):
        return False
    ending = PurePosixPath(path).suffix.lower()
    if first == "subscribers":
        return ending in (".yaml", ".yml")
    return ending not in SECRET + DATABASE


def is_plain(path: str) -> bool:
    """A relative path in its shortest form, with names that every system can keep and none takes for something else."""
    try:
        encoded = path.encode()
    except UnicodeEncodeError:  # a name that is no UTF-8
        return False
    return (
        0 < len(encoded) <= LONGEST
        and path.isprintable()
        and "\\" not in path
        and not path.startswith("/")
        and posixpath.normpath(path) == path
        and all(not part.startswith(".") and len(part.encode()) <= LONGEST_NAME for part in path.split("/"))
    )
