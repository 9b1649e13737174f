"""Keys and languages from file names and addresses."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Collection
from pathlib import PurePosixPath
from urllib.parse import unquote, urlsplit

from babel import Locale

from newsletter.i18n import normalise

_ENDINGS = re.compile(r"\.(html?|php|aspx?|jsp)$", re.IGNORECASE)
_KNOWN = frozenset(Locale("en").languages)


def slug(text: str) -> str:
    """Lower-case letters, digits and hyphens; Latin letters lose their marks, other scripts stay (in NFC)."""
    kept = "".join(_plain(character) for character in unicodedata.normalize("NFC", text).lower())
    return re.sub(r"[\W_]+", "-", kept).strip("-")


def split_name(path: str, languages: Collection[str]) -> tuple[str, str | None]:
    """`articles/reform.fr.md` -> ("reform", "fr"); the language is None where the name does not say it.

    A middle part counts as a language if it is one of the workspace's, or a known one with a two-letter code: so
    `report.v2.md` and `report.old.md` keep their whole name as the key.
    """
    stem = PurePosixPath(path).stem
    name, dot, tag = stem.rpartition(".")
    if dot and name and (language := _language(tag, languages)):
        return slug(name), language
    return slug(stem), None


def address_key(address: str, identity: str | None = None) -> str:
    """A key for something known by its address, and by a feed's id where there is one.

    Readable, and the same each time, whatever becomes of the title; the end of the hash keeps two `/news/` pages apart.
    """
    parts = urlsplit(address)
    last = next((part for part in reversed(parts.path.split("/")) if part), "")
    readable = slug(_ENDINGS.sub("", unquote(last)))
    if not re.search(r"[^\W\d_]", readable):
        readable = slug(parts.hostname or "article")
    return f"{readable[:60].rstrip('-')}-{hashlib.sha256((identity or address).encode()).hexdigest()[:6]}"


def _plain(character: str) -> str:
    base = unicodedata.normalize("NFKD", character)
    letters = "".join(part for part in base if not unicodedata.combining(part))
    return letters if letters.isascii() else character


def _language(tag: str, languages: Collection[str]) -> str | None:
    try:
        language = normalise(tag)
    except ValueError:
        return None
    primary = language.split("-")[0]
    known = len(primary) == 2 and primary in _KNOWN
    return language if known or language in languages else None
