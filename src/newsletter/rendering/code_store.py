"""Compiled templates of earlier runs, in a folder of the workspace, as Python keeps its own `.pyc`.

An entry is Python code, so it is trusted only with our keyed hash; what lacks it, is damaged or older than this program
is as if it were not there. Who may write is said in docs/decisions/0034-compiled-templates-are-kept.md.
"""

from __future__ import annotations

import hashlib
import hmac
import importlib.util
import os
import sys
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from functools import cache
from importlib import resources
from pathlib import Path

import jinja2

from newsletter.rendering.manuscript import Source

_MAC = 32  # bytes, before the code
_MOST = 1000  # entries of 10 KB or so; those written last stay
_WRITERS = ("dialect.py", "sandbox.py")  # of the code, beside Jinja


class CodeStore:
    """Code by its `code_id`. Never an error: at worst it is empty."""

    def __init__(self, folder: Path, key: bytes) -> None:
        self.folder = folder
        self.key = key

    def load(self, number: str) -> bytes | None:
        try:
            entry = (self.folder / number).read_bytes()
        except OSError:
            return None
        mac, code = entry[:_MAC], entry[_MAC:]
        return code if hmac.compare_digest(mac, self._mac(number, code)) else None

    def keep(self, codes: Mapping[str, bytes]) -> None:
        """Adds entries, and forgets those that were written longest ago."""
        with suppress(OSError):
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            for number, code in codes.items():
                descriptor, written = tempfile.mkstemp(dir=self.folder, prefix=".writing-")
                with os.fdopen(descriptor, "wb") as stream:
                    stream.write(self._mac(number, code) + code)
                os.replace(written, self.folder / number)
            for old in sorted(self.folder.iterdir(), key=lambda each: -each.stat().st_mtime_ns)[_MOST:]:
                old.unlink(missing_ok=True)

    def _mac(self, number: str, code: bytes) -> bytes:
        return hashlib.blake2b(number.encode() + code, key=self.key, digest_size=_MAC).digest()


def code_id(name: str, source: Source) -> str:
    """What an entry is found by: template, the rules for its kind, and the programs that make code of it."""
    kind = b"staff" if source.staff else b"family"
    found = hashlib.blake2b(_programs(), digest_size=24)
    for part in (kind, name.encode(), source.text.encode()):
        found.update(len(part).to_bytes(8, "big") + part)
    return found.hexdigest()


@cache
def _programs() -> bytes:
    found = hashlib.blake2b(importlib.util.MAGIC_NUMBER, digest_size=24)
    found.update(f"{sys.implementation.cache_tag} {sys.flags.optimize} {jinja2.__version__}".encode())
    for name in _WRITERS:
        found.update(resources.files(__package__).joinpath(name).read_bytes())
    return found.digest()
