"""Plain text as web sites export it: the title, often once more, a lead, and paragraphs divided by blank lines."""

from __future__ import annotations

import re

from newsletter.errors import Problem, ProblemsFound
from newsletter.gathering.encoding import decode
from newsletter.gathering.language import settle
from newsletter.gathering.naming import address_key, split_name
from newsletter.gathering.sources.base import Document, Found, Hints, Source
from newsletter.gathering.writing import plain_paragraph
from newsletter.i18n import say
from newsletter.model.article import Article

LONGEST_TITLE = 300


def read(document: Document, hints: Hints) -> Found:
    try:
        yield _article(document, hints)
    except ProblemsFound as found:
        yield from found.problems


def _article(document: Document, hints: Hints) -> Article:
    text = decode(document.content, document.name, declared=document.charset)
    title, paragraphs, line = _parts(text)
    _check(title, paragraphs, line, document.name)
    named_key, named_language = split_name(document.name, hints.languages)
    named = None if document.url else named_language
    language = settle(text, stated=None, named=named, usual=hints.language, detect=hints.detect, file=document.name)
    return Article(
        key=address_key(document.url) if document.url else named_key,
        language=language,
        title=title,
        summary=_one_line(paragraphs[0]),
        body="\n\n".join(plain_paragraph(paragraph) for paragraph in paragraphs[1:]),
        link=document.url,
        topics=hints.all_topics(),
        own=False,
        source=document.name,
        file=None if document.url else document.name,
        body_line=line,
    )


def _parts(text: str) -> tuple[str, list[str], int]:
    """Title, paragraphs (without the title's repetitions), and the title's line."""
    lines = text.split("\n")
    first = next((number for number, line in enumerate(lines) if line.strip()), 0)
    title = _one_line(lines[first])
    rest = first + 1
    while rest < len(lines) and _one_line(lines[rest]).casefold() in ("", title.casefold()):
        rest += 1
    paragraphs = re.split(r"\n[^\S\n]*(?:\n[^\S\n]*)+", "\n".join(lines[rest:]).strip())
    return title, [paragraph for paragraph in paragraphs if paragraph], first + 1


def _check(title: str, paragraphs: list[str], line: int, file: str) -> None:
    if not title:
        raise ProblemsFound(
            [Problem(say("The file is empty: the first line is the title, the text follows."), file, 1)]
        )
    if len(title) > LONGEST_TITLE:
        message = say(
            "The first line should be the title, but has %(number)s characters: put the title above it.",
            number=len(title),
        )
        raise ProblemsFound([Problem(message, file, line)])
    if not paragraphs:
        message = say("There is a title and no text: write the text below it, after a blank line.")
        raise ProblemsFound([Problem(message, file, line)])


def _one_line(text: str) -> str:
    """Runs of ASCII blanks as one; U+00A0 and U+202F stay."""
    return re.sub(r"[ \t\n]+", " ", text).strip()


SOURCE = Source("text", (".txt",), read)
