"""Markdown with front matter: how staff write articles, and how gathered ones are kept."""

from __future__ import annotations

from newsletter.errors import Problem, ProblemsFound
from newsletter.gathering.encoding import decode
from newsletter.gathering.frontmatter import Front, split
from newsletter.gathering.language import settle
from newsletter.gathering.naming import split_name
from newsletter.gathering.sources.base import Document, Found, Hints, Source
from newsletter.i18n import say
from newsletter.model.article import Article


def read(document: Document, hints: Hints) -> Found:
    try:
        yield _article(document, hints)
    except ProblemsFound as found:
        yield from found.problems


def _article(document: Document, hints: Hints) -> Article:
    front, body, line = split(decode(document.content, document.name), document.name)
    named_key, named_language = split_name(document.name, hints.languages)
    title, body, line = _title(front, body, line, document.name)
    language = settle(
        f"{title}\n{front.summary}\n{body}",
        stated=front.language,
        named=named_language,
        usual=hints.language,
        detect=hints.detect,
        file=document.name,
    )
    return Article(
        key=front.key or named_key,
        language=language,
        title=title,
        summary=front.summary,
        body=body,
        date=front.date,
        link=front.link,
        topics=hints.all_topics(front.topics),
        picture=front.the_picture,
        event=front.the_event,
        author=front.author,
        kind=front.the_kind,
        own=front.source is None,
        source=front.source or document.name,
        file=document.name,
        body_line=line,
        made_from=front.made_from,
        dates=front.dates,
    )


def _title(front: Front, body: str, line: int, file: str) -> tuple[str, str, int]:
    """The front matter's title, else a first heading, which then is no part of the body."""
    if front.title:
        return front.title, body, line
    first, _, rest = body.partition("\n")
    title = first.removeprefix("# ").strip()
    if not first.startswith("# ") or not title:
        message = say("The article has no title: write `title: ...` in its front matter, or begin it with `# Title`.")
        raise ProblemsFound([Problem(message, file, line)])
    blank = len(rest) - len(rest.lstrip("\n"))
    return title, rest.strip("\n"), line + 1 + blank


SOURCE = Source("markdown", (".md", ".markdown"), read)
