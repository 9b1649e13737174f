"""Merge fields in texts of one's own, looked at wherever they stand, also where the template prints no such text."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import replace

from newsletter.errors import Problem
from newsletter.loading import place
from newsletter.model.article import Article, Library
from newsletter.model.draft import Draft
from newsletter.rendering.content import of_article
from newsletter.rendering.merge_fields import Known, mistakes
from newsletter.rendering.shield import Place
from newsletter.workflow.context import Context

TEXTS = ("title", "summary", "body")


def in_articles(ctx: Context, library: Library, keys: Collection[str] | None = None) -> Iterator[Problem]:
    """Of all articles, or of those with these keys."""
    for key, translations in library.items():
        for article in translations.values() if keys is None or key in keys else ():
            if article.own and article.file is not None:
                yield from _in_article(ctx, article, article.file)


def _in_article(ctx: Context, article: Article, file: str) -> Iterator[Problem]:
    known = _known(ctx, article)
    if "{{" in article.body:
        yield from mistakes(article.body, Place(file, article.body_line), known)
    for text in (article.title, article.summary):
        if "{{" in text:
            line, start = _standing(ctx.documents.text(file), text)
            for each in mistakes(text, Place(file), known):
                column = None if line is None or each.column is None else start + each.column
                yield replace(each, line=line, column=column)


def _standing(document: str, text: str) -> tuple[int | None, int]:
    """The line of a document on which a text stands, and what stands before it; none where it is written otherwise."""
    for number, line in enumerate(document.split("\n"), 1):
        if text in line:
            return number, line.index(text)
    return None, 0


def in_draft(ctx: Context, path: str, draft: Draft, library: Library) -> Iterator[Problem]:
    """Of the texts that a draft has instead of the articles' own."""
    for number, section in enumerate(draft.sections):
        for index, item in enumerate(section.items):
            for language, edit in item.edits.items():
                translations = library.get(item.article, {})
                article = translations.get(language) or next(iter(translations.values()), None)
                for name in TEXTS if article is not None else ():
                    text = getattr(edit, name) or ""
                    if "{{" in text and article is not None:
                        where = ("sections", number, "items", index, "edits", language, name)
                        line, column = place(ctx.documents.text(path), where) or (None, None)
                        for each in mistakes(text, Place(path), _known(ctx, article)):
                            yield replace(each, line=line, column=column)


def _known(ctx: Context, article: Article) -> Known:
    return Known(ctx.fields, {name: tuple(parts or ()) for name, parts in of_article(article).items()})
