"""Languages: BCP 47 tags, falling back by truncation, which way they run; sentences that can be said in another."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

from babel import Locale

T = TypeVar("T")

RIGHT_TO_LEFT = frozenset({"ar", "fa", "he", "ur", "ps", "sd", "ug", "yi", "dv", "ckb"})


def normalise(tag: str) -> str:
    """`pt_br` -> `pt-BR`; raises ValueError for what is no language tag."""
    parts = tag.strip().replace("_", "-").split("-")
    if not (parts[0].isascii() and parts[0].isalpha() and 2 <= len(parts[0]) <= 3):
        raise ValueError(say("%(tag)r is no language tag such as 'fr' or 'pt-BR'", tag=tag))
    if not all(part.isascii() and part.isalnum() and 1 <= len(part) <= 8 for part in parts[1:]):
        raise ValueError(say("%(tag)r is no language tag such as 'fr' or 'pt-BR'", tag=tag))
    return "-".join([parts[0].lower(), *map(_subtag, parts[1:])])


def _subtag(part: str) -> str:
    if len(part) == 4 and part.isalpha():
        return part.title()
    return part.upper() if len(part) == 2 else part.lower()


def chain(tag: str) -> list[str]:
    """`zh-Hant-TW` -> `zh-Hant-TW`, `zh-Hant`, `zh` (RFC 4647, look-up)."""
    parts = tag.split("-")
    return ["-".join(parts[:n]) for n in range(len(parts), 0, -1)]


def match(wanted: Iterable[str], available: Iterable[str]) -> str | None:
    """The first available language for these wishes, in order of preference."""
    offered = set(available)
    return next((tag for wish in wanted for tag in chain(wish) if tag in offered), None)


def pick(by_language: Mapping[str, T], *wanted: str) -> T | None:
    """The value for the first of these languages that has one, by truncation."""
    tag = match([wish for wish in wanted if wish], by_language)
    return None if tag is None else by_language[tag]


def direction(tag: str) -> str:
    """`rtl` or `ltr`, by the primary language."""
    return "rtl" if tag.split("-")[0] in RIGHT_TO_LEFT else "ltr"


def locale(tag: str) -> Locale:
    """The Babel locale for a tag; English means British (day before month)."""
    wanted = "en-GB" if tag == "en" else tag
    for candidate in [*chain(wanted), "en"]:
        try:
            return Locale.parse(candidate, sep="-")
        except (ValueError, LookupError):
            continue
    raise ValueError(tag)


class Number(int):
    """A number in a sentence: `12,345` in English, the page's own signs where one shows it."""

    def __str__(self) -> str:
        return f"{int(self):,}"


class Tongue(str):
    """A language in a sentence: its tag, or its name where a page shows it."""


@dataclass(frozen=True, slots=True)
class Moment:
    """A local time in a sentence, with its zone: `2026-12-01 09:00 (Europe/Zurich)`."""

    at: datetime
    zone: str

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d %H:%M} ({self.zone})"


class Listed(tuple[Any, ...]):
    """Several values in a sentence, with commas; with `and` or `or` where that stands before the last."""

    word: str

    def __new__(cls, values: Iterable[Any], word: str = "") -> Listed:
        listed = super().__new__(cls, values)
        listed.word = word
        return listed

    def __getnewargs__(self) -> tuple[tuple[Any, ...], str]:
        return tuple(self), self.word

    def __str__(self) -> str:
        return self.joined(", ", f" {self.word} " if self.word else ", ")

    def joined(self, comma: str, last: str) -> str:
        if len(self) < 3 or not self.word:
            return last.join(map(str, self))
        return last.join([comma.join(map(str, self[:-1])), str(self[-1])])


Show = Callable[[Any], Any]  # a Number, Tongue, Moment or Listed, as a page shows it


class Said(str):
    """An English sentence that can be said again in another language, by its pattern and what stands in it.

    It is the English text wherever a text is wanted (the command line, logs, JSON); a page says it in its reader's.
    """

    pattern: str
    plural: str
    values: Mapping[str, Any]

    def within(
        self, gettext: Callable[[str], str], ngettext: Callable[[str, str, int], str], show: Show = lambda each: each
    ) -> str:
        """In the language of these look-ups; a sentence within the sentence too."""

        def inner(each: Any) -> Any:
            if isinstance(each, Said):
                return each.within(gettext, ngettext, show)
            return show(Listed(map(inner, each), each.word) if isinstance(each, Listed) else each)

        text = ngettext(self.pattern, self.plural, self.values["num"]) if self.plural else gettext(self.pattern)
        return text % {name: inner(each) for name, each in self.values.items()} if self.values else text


def say(pattern: str, **values: Any) -> Said:
    """`say("%(name)s is gone", name=name)`: what Python code says to people. The catalogue collects the patterns.

    A value may be an error: what it says stands in the sentence.
    """
    return said(pattern, "", values)


def say_many(num: int, one: str, many: str, **values: Any) -> Said:
    """`say_many(n, "%(num)s contact", "%(num)s contacts")`."""
    return said(one, many, {"num": Number(num), **values})


def said(pattern: str, plural: str, values: dict[str, Any]) -> Said:
    text = plural if plural and values["num"] != 1 else pattern
    values = {name: told(each) for name, each in values.items()}
    made = Said(text % values if values else text)
    made.pattern, made.plural, made.values = pattern, plural, values
    return made


def told(value: Any) -> Any:
    """An error is the sentence that it was raised with."""
    if not isinstance(value, Exception):
        return value
    return value.args[0] if len(value.args) == 1 and isinstance(value.args[0], Said) else str(value)


def reworded(text: str, change: Callable[[str], str]) -> str:
    """A sentence whose texts are changed, within it too; a plain text is changed itself."""
    if not isinstance(text, Said):
        return change(text)
    values = {name: reworded(each, change) if isinstance(each, str) else each for name, each in text.values.items()}
    return said(text.pattern, text.plural, values)
