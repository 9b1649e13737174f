"""Languages: BCP 47 tags, falling back by truncation, which way they run; sentences that can be said in another."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeVar

from babel import Locale

T = TypeVar("T")

RIGHT_TO_LEFT = frozenset({"ar", "fa", "he", "ur", "ps", "sd", "ug", "yi", "dv", "ckb"})


def normalise(tag: str) -> str:
    """`pt_br` -> `pt-BR`; raises ValueError for what is no language tag."""
    parts = tag.strip().replace("_", "-").split("-")
    if not (parts[0].isascii() and parts[0].isalpha() and 2 <= len(parts[0]) <= 3):
        raise ValueError(f"{tag!r} is no language tag such as 'fr' or 'pt-BR'")
    if not all(part.isascii() and part.isalnum() and 1 <= len(part) <= 8 for part in parts[1:]):
        raise ValueError(f"{tag!r} is no language tag such as 'fr' or 'pt-BR'")
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


class Said(str):
    """An English sentence that can be said again in another language, by its pattern and what stands in it.

    It is the English text wherever a text is wanted (the command line, logs, JSON); a page says it in its reader's.
    """

    pattern: str
    plural: str
    values: Mapping[str, Any]

    def within(self, gettext: Callable[[str], str], ngettext: Callable[[str, str, int], str]) -> str:
        """In the language of these look-ups; a sentence within the sentence too."""
        text = ngettext(self.pattern, self.plural, self.values["num"]) if self.plural else gettext(self.pattern)
        inner = {
            name: each.within(gettext, ngettext) if isinstance(each, Said) else each
            for name, each in self.values.items()
        }
        return text % inner if inner else text


def say(pattern: str, **values: Any) -> Said:
    """`say("%(name)s is gone", name=name)`: what Python code says to people. The catalogue collects the patterns."""
    return _said(pattern, "", values)


def say_many(num: int, one: str, many: str, **values: Any) -> Said:
    """`say_many(n, "%(num)s contact", "%(num)s contacts")`."""
    return _said(one, many, {"num": num, **values})


def _said(pattern: str, plural: str, values: dict[str, Any]) -> Said:
    text = plural if plural and values["num"] != 1 else pattern
    said = Said(text % values if values else text)
    said.pattern, said.plural, said.values = pattern, plural, values
    return said
