"""Previews as files: html, txt and eml, with their pictures beside them."""

from __future__ import annotations

from pathlib import Path

from newsletter.errors import UsageError
from newsletter.i18n import say
from newsletter.workflow.checking.edition import Edition


def write_previews(
    edition: Edition, folder: Path, *, language: str | None = None, recipient: str | None = None
) -> list[Path]:
    """One html, txt and eml a language; says what was written."""
    languages = [language] if language else edition.languages
    folder.mkdir(parents=True, exist_ok=True)
    if not folder.is_dir():
        raise UsageError(say("%(folder)s is no folder.", folder=folder))
    written = []
    for tag in languages:
        found = edition.message(tag, recipient=recipient)
        html = edition.local(found.html, "assets")
        for ending, content in (("html", html.encode()), ("txt", found.text.encode()), ("eml", found.as_bytes())):
            path = folder / f"{tag}.{ending}"
            path.write_bytes(content)
            written.append(path)
    (folder / "assets").mkdir(exist_ok=True)
    for asset in edition.composition.assets.values():
        path = folder / "assets" / asset.file_name
        path.write_bytes(asset.content)
    return written
