"""Collects what the studio says into its translations: `python -m tools.catalogue` refreshes web/locales.

Words are taken from the templates, and from `say` and `say_many` in Python; a translation that is there stays, one
whose words are gone is dropped. A test holds the files to the sources, and every language to be complete.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import extract
from babel.messages.pofile import read_po, write_po
from jinja2.ext import babel_extract

SOURCE = Path(__file__).parent.parent / "src" / "newsletter"
WEB = SOURCE / "web"
TEMPLATES = WEB / "studio" / "templates"
LOCALES = WEB / "locales"
LANGUAGES = ("fr",)
OPTIONS = {"extensions": "jinja2.ext.i18n,jinja2.ext.do", "trim_blocks": "true", "lstrip_blocks": "true"}


SAYING: dict[str, tuple[int, ...] | None] = {"say": None, "say_many": (2, 3)}


def messages() -> Iterator[str | tuple[str, str]]:
    """Every text that a person may read in the studio; with plural where there is one."""
    yield from _of_templates()
    yield from _of_python()


def _of_python() -> Iterator[str | tuple[str, str]]:
    for file in sorted(set(SOURCE.rglob("*.py")) - set((SOURCE / "cli").rglob("*.py"))):  # `say` prints there
        for _, message, _, _ in extract("python", io.BytesIO(file.read_bytes()), SAYING):
            yield (message[0], message[1]) if isinstance(message, tuple) else message


def _of_templates() -> Iterator[str | tuple[str, str]]:
    for file in sorted(TEMPLATES.rglob("*.html")):
        stream = io.BytesIO(file.read_bytes())
        for _, _, message, _ in babel_extract(stream, ("_", "gettext", "ngettext"), [], {**OPTIONS, "silent": "false"}):
            texts = [text for text in ([message] if isinstance(message, str) else message) if isinstance(text, str)]
            if texts:
                yield (texts[0], texts[1]) if len(texts) > 1 else texts[0]


def refreshed(language: str) -> bytes:
    file = LOCALES / f"{language}.po"
    old = read_po(io.BytesIO(file.read_bytes()), locale=language) if file.exists() else Catalog(locale=language)
    new = Catalog(locale=language, fuzzy=False, header_comment="# What the studio says.")
    for message in messages():
        known = old.get(message[0] if isinstance(message, tuple) else message)
        new.add(message, known.string if known and known.string else None)
    out = io.BytesIO()
    write_po(out, new, width=110, sort_output=True, omit_header=True, include_previous=False)
    return out.getvalue()


def missing(language: str) -> list[str]:
    """Texts that have no translation yet."""
    catalog = read_po(io.BytesIO((LOCALES / f"{language}.po").read_bytes()), locale=language)
    return [str(each.id) for each in catalog if each.id and not (each.string and all(_forms(each.string)))]


def _forms(text: str | tuple[str, ...]) -> tuple[str, ...]:
    return (text,) if isinstance(text, str) else tuple(text)


if __name__ == "__main__":
    LOCALES.mkdir(exist_ok=True)
    for each in LANGUAGES:
        (LOCALES / f"{each}.po").write_bytes(refreshed(each))
        print(f"{each}: {len(missing(each))} without a translation")
