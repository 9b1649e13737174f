"""Sentences found again in an English text by their patterns, so that they can be said in another language."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence

from newsletter.i18n import Said, say, say_many

Recall = Callable[[str], Said | None]
_PARTS = re.compile(r"%\\\((\w+)\\\)s")


def recalling(sentences: Sequence[Said], part: Callable[[str], object] = str) -> Recall:
    """Finds the first of these sentences that a text is; `part` makes of a text what stands in the sentence."""
    forms = [(each, form(text)) for each in sentences for text in (each.plural, each.pattern) if text]
    return lambda text: next(_found(text, forms, part), None)


def form(pattern: str) -> re.Pattern[str]:
    """What a sentence of this pattern looks like."""
    return re.compile(_PARTS.sub(r"(?P<\1>.+)", re.escape(pattern)), re.DOTALL)


def _found(text: str, forms: Sequence[tuple[Said, re.Pattern[str]]], part: Callable[[str], object]) -> Iterator[Said]:
    for sentence, written in forms:
        if (found := written.fullmatch(text)) is None:
            continue
        num = found.groupdict().get("num", "") if sentence.plural else ""
        parts = {
            name: part(each) for name, each in found.groupdict().items() if not (sentence.plural and name == "num")
        }
        if not sentence.plural:
            yield say(sentence.pattern, **parts)
        elif num.isdecimal():
            yield say_many(int(num), sentence.pattern, sentence.plural, **parts)
