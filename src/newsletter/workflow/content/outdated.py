"""What changed in a text since a translation was made from it, as far as the studio's history knows."""

from __future__ import annotations

import re

from newsletter.gathering.sources import Document, Hints, source_for
from newsletter.model.article import Article, Translations
from newsletter.store import versions
from newsletter.store.engine import reading
from newsletter.workflow.content.wording import Piece, pieces
from newsletter.workflow.context import Context

FURTHEST = 50  # changes of a file that are looked through
_SENTENCE = re.compile(r"(?<=[.!?…؟。])\s+|\n+")


def changed_since(ctx: Context, translations: Translations, language: str) -> list[Piece]:
    """Sentence by sentence; nothing where the text that the translation was made from is not known any more."""
    made_from = translations[language].made_from
    for tag, now in translations.items():
        if tag != language and made_from and (before := _earlier(ctx, now, made_from)) is not None:
            return pieces(_sentences(before), _sentences(now))
    return []


def _earlier(ctx: Context, now: Article, text_hash: str) -> Article | None:
    """Only what the studio wrote over is kept: a file changed by hand has no history here."""
    if now.file is None:
        return None
    hints = Hints([now.language], lambda _: now.language, now.language)
    source = source_for(now.file)
    with reading(ctx.engine) as connection:
        for change in versions.changes(connection, now.file, limit=FURTHEST):
            content = versions.before(connection, now.file, change.id)
            for found in source.read(Document(now.file, content), hints) if content is not None else ():
                if isinstance(found, Article) and found.text_hash == text_hash:
                    return found
    return None


def _sentences(article: Article) -> list[str]:
    text = "\n".join((article.title, article.summary, article.body))
    return [sentence for sentence in _SENTENCE.split(text) if sentence.strip()]
