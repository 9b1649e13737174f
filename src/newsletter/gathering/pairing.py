"""Which articles may be translations of each other: by what stays the same in every language.

Numbers (in any digits), dates, names, addresses, pictures, merge fields and the shape of the text are compared; no
word is translated. A trait that many articles share says little, so each counts by its rarity. It is only ever a
suggestion: a person joins.
"""

from __future__ import annotations

import math
import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from urllib.parse import urlsplit

from newsletter.model.article import Article, Library, Translations

LIKELY = 0.35  # from here on a pair is worth a person's look
MOST = 3  # suggestions for one article
KEPT = 4096  # texts whose traits are remembered
_GROUPED = re.compile(r"(\d)[\u00a0\u202f\u2009\u066c'’ ](?=\d{3}(?!\d))")
_NUMBER = re.compile(r"\d+(?:[.,\u066b]\d+)*")
_OTHER_DIGIT = re.compile(r"[^\D0-9]")
_FIELD = re.compile(r"\{\{.*?\}\}")
_NAME = re.compile(r"[^\W\d_][\w’'-]+")
_WEB = re.compile(r"https?://[^\s<>()\]\"']+")
_MAIL = re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+")
_CODE = re.compile(r"[a-z]{2,3}(?:-[a-z]{2,4})?")
_BLANK = re.compile(r"\n\s*\n")
_OPENING = frozenset("«»“”„\"'‘’(¿¡*_[ \u00a0\u202f")

# What each kind of trait weighs; those of one kind together never more than so many traits.
WEIGHTS = {
    "kind": 2.0,
    "field": 2.0,
    "picture": 3.0,
    "link": 3.0,
    "event": 3.0,
    "date": 1.5,
    "number": 1.5,
    "name": 1.0,
}


@dataclass(frozen=True, slots=True)
class Traits:
    """What of an article is the same in its translations; `shape`: paragraphs, headings, list items, links."""

    marks: frozenset[tuple[str, str]]  # kind, value
    shape: tuple[int, ...]
    length: int
    day: date | None = None


@dataclass(frozen=True, slots=True)
class Suggestion:
    """An article that may be a translation: how alike (0 to 1), and which traits say so, the telling ones first."""

    key: str
    likeness: float
    shared: tuple[tuple[str, str], ...]


def suggestions(key: str, library: Library) -> list[Suggestion]:
    """What may be translations of an article: others that share no language with it, the most alike first."""
    ours = set(library.get(key, {}))
    others = [other for other in library if other != key and not ours & set(library[other])]
    if not ours or not others:
        return []
    traits = {each: _merged(translations) for each, translations in library.items()}
    rarity = _rarity(traits.values())
    found = [
        Suggestion(other, likeness(traits[key], traits[other], rarity), _shared(traits[key], traits[other], rarity))
        for other in others
    ]
    likely = sorted((each for each in found if each.likeness >= LIKELY), key=lambda each: (-each.likeness, each.key))
    return likely[:MOST]


def traits_of(article: Article) -> Traits:
    """Read out of a text once as long as it says the same: a page compares an article with all others."""
    return _traits(article.title, article.summary, article.body, tuple(_facts(article)), article.date)


@lru_cache(maxsize=KEPT)
def _traits(title: str, summary: str, body: str, facts: tuple[tuple[str, str], ...], day: date | None) -> Traits:
    text = "\n\n".join((title, summary, body))
    marks = {("field", re.sub(r"\s+", "", each)) for each in _FIELD.findall(text)}
    plain = _FIELD.sub(" ", text)
    for addresses in (_WEB, _MAIL) if "@" in plain else (_WEB,):
        marks |= {("link", _place(each)) for each in addresses.findall(plain)}
        plain = addresses.sub(" ", plain)
    marks |= {("number", each) for each in _numbers(plain)}
    marks |= {("name", each) for each in _names(plain)}
    return Traits(frozenset((*marks, *facts)), _shape(body), len(text), day)


def likeness(one: Traits, other: Traits, rarity: Mapping[tuple[str, str], float]) -> float:
    """From 0 to 1: the shared weight against all weight of the poorer one, less where the shapes differ."""
    shared = _weight(one.marks & other.marks, rarity)
    either = min(_weight(one.marks, rarity), _weight(other.marks, rarity))
    if not shared or not either:
        return 0.0
    telling = shared / (shared + 2.0)  # one common number alone is no proof
    return telling * (0.4 + 0.6 * shared / either) * _alike(one, other) * _near(one.day, other.day)


def _weight(marks: Iterable[tuple[str, str]], rarity: Mapping[tuple[str, str], float]) -> float:
    return sum(rarity.get(mark, 1.0) * WEIGHTS[mark[0]] for mark in marks)


def _rarity(all_of: Iterable[Traits]) -> dict[tuple[str, str], float]:
    """1 for what two articles have, towards 0 for what all have. Translations not yet joined count as articles."""
    every = list(all_of)
    counts = Counter(mark for traits in every for mark in traits.marks)
    most = math.log(max(len(every), 3) / 2)
    return {mark: max(0.05, 1 - math.log(max(count, 2) / 2) / most) for mark, count in counts.items()}


def _shared(one: Traits, other: Traits, rarity: Mapping[tuple[str, str], float]) -> tuple[tuple[str, str], ...]:
    common = one.marks & other.marks
    return tuple(sorted(common, key=lambda mark: (-rarity.get(mark, 1.0) * WEIGHTS[mark[0]], mark)))


def _merged(translations: Translations) -> Traits:
    """Of all languages that an article has already."""
    each = [traits_of(article) for article in translations.values()]
    longest = max(each, key=lambda traits: traits.length)
    return Traits(frozenset().union(*(traits.marks for traits in each)), longest.shape, longest.length, longest.day)


def _alike(one: Traits, other: Traits) -> float:
    """1 for texts of the same shape, down to 0.5."""
    pairs = [*zip(one.shape, other.shape, strict=True), (one.length // 200, other.length // 200)]
    apart = sum(abs(a - b) / (max(a, b) + 1) for a, b in pairs) / len(pairs)
    return 1 - 0.5 * min(1.0, 2 * apart)


def _near(one: date | None, other: date | None) -> float:
    """Translations appear within weeks of each other."""
    apart = abs((one - other).days) if one and other else 0
    return 1.0 if apart <= 21 else 0.8 if apart <= 62 else 0.5


def _numbers(text: str) -> set[str]:
    """Of two digits and more, or with a fraction: 1 200, 1.200, 1,200 and their Arabic digits are one number."""
    found = set()
    for each in _NUMBER.findall(_GROUPED.sub(r"\1", _OTHER_DIGIT.sub(_ascii, text))):
        parts = re.split(r"[.,\u066b]", each)
        grouped = len(parts) > 1 and len(parts[0]) <= 3 and all(len(part) == 3 for part in parts[1:])
        number = "".join(parts) if grouped else ".".join(parts)
        if len(number) > 1:
            found.add(number.lstrip("0") or "0")
    return found


def _ascii(digit: re.Match[str]) -> str:
    return str(unicodedata.decimal(digit[0]))


def _names(text: str) -> set[str]:
    """Words with a capital within a sentence, without their marks; the first word of a sentence is left out."""
    written = (each for each in _NAME.finditer(text) if each[0][0].isupper())
    return {_plain(each[0]) for each in written if _within(text, each.start())}


def _within(text: str, start: int) -> bool:
    """Whether a sentence has begun before this place."""
    while start and text[start - 1] in _OPENING:
        start -= 1
    return start > 0 and text[start - 1] not in ".!?:\n…#-•"


def _plain(word: str) -> str:
    letters = unicodedata.normalize("NFKD", word.casefold())
    return "".join(sign for sign in letters if not unicodedata.combining(sign))


def _facts(article: Article) -> Iterable[tuple[str, str]]:
    """What stands beside the text."""
    days = [article.date, *article.dates.values()]
    yield from (("date", day.isoformat()) for day in days if day)
    if article.kind in ("foreword", "quotation", "figure"):
        yield "kind", f"{article.kind} {article.date}"
    if article.picture:
        yield "picture", article.picture.source
    if article.link:
        yield "link", _place(article.link)
    if article.event:
        yield "event", article.event.start.isoformat()
        yield from (("link", _place(each)) for each in [article.event.registration] if each)


def _place(address: str) -> str:
    """An address without what names its language: /fr/news/a and /en/news/a, ?lang=fr."""
    if "://" not in address:
        return address.casefold()
    try:
        parts = urlsplit(address.rstrip(".,;:!?"))
    except ValueError:
        return address
    path = [part for part in parts.path.casefold().split("/") if part and not _CODE.fullmatch(part)]
    last = re.sub(r"[._-][a-z]{2}(?=\.[a-z]+$|$)", "", path[-1]) if path else ""
    return "/".join([(parts.hostname or "").removeprefix("www."), last])


def _shape(body: str) -> tuple[int, ...]:
    lines = body.splitlines()
    return (
        len([each for each in _BLANK.split(body) if each.strip()]),
        sum(line.startswith("#") for line in lines),
        sum(bool(re.match(r"\s*(?:[-*+]|\d+[.)])\s", line)) for line in lines),
        body.count("]("),
    )
