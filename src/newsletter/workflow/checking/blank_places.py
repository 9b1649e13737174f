"""Where a merge field without a fallback stands: in a subject, a text of an article, or a template."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache

from newsletter.checks.finding import Where
from newsletter.rendering.manuscript import PREVIEW, SUBJECT, Templates
from newsletter.rendering.shield import FIELD
from newsletter.workflow.composing.composition import Composition

LINES = {SUBJECT: "subject", PREVIEW: "preview"}
TEXT = re.compile(r"articles/(?P<item>.+)\.(?P<field>title|summary|body)(\.txt)?")  # as rendering.content names them
FALLBACK = re.compile(r"\|\s*(default|d)\b")


def standing(made: Composition, language: str, path: str) -> Where:
    """The places of one language; texts that people write before what a template prints."""
    articles = {item.id: item.article for item in made.draft.items()}
    templates = made.languages[language].manuscript.templates
    found = list(_printed(templates, path))
    lines = [LINES[name] for name, _ in found if name in LINES]
    texts = [told for name, _ in found if (told := TEXT.fullmatch(name)) and told["item"] in articles]
    keys = tuple(dict.fromkeys(articles[told["item"]] for told in texts))
    if lines or keys:
        return Where(articles=keys, field=(*lines, *(told["field"] for told in texts))[0])
    file, line = templates.place(*found[0]) if found else (None, None)
    return Where(file=file, line=line)


def _printed(templates: Templates, path: str) -> Iterator[tuple[str, int]]:
    """The names of the sources that print a field bare, subject and preview first, each with its line."""
    used = templates.used()
    for name in sorted(used, key=lambda each: (each not in LINES, each != SUBJECT)):
        for number, line in enumerate(used[name].text.split("\n"), 1):
            if any(_bare(written, path) for written in FIELD.findall(line)):
                yield name, number


def _bare(written: str, path: str) -> bool:
    return _named(path).search(written) is not None and FALLBACK.search(written) is None


@lru_cache(maxsize=64)
def _named(path: str) -> re.Pattern[str]:
    return re.compile(rf"(?<![\w.]){re.escape(path)}(?!\w)")
