"""Translations are found by what stays the same in every language: with the demo's texts, split apart."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest

from newsletter.gathering import pairing
from newsletter.gathering.gather import Desk, library_of
from newsletter.gathering.pairing import LIKELY, suggestions, traits_of
from newsletter.loading import load_yaml
from newsletter.model.article import Article, Library
from newsletter.model.campaign import Campaign
from newsletter.workspace.documents import FolderDocuments

ROOT = Path(__file__).parents[2]
LANGUAGES = ["en", "fr", "es", "de", "ar"]


@pytest.fixture(scope="module")
def demo() -> Library:
    documents = FolderDocuments(ROOT, lambda *_: None)
    path = "campaigns/monthly/campaign.yaml"
    campaign = load_yaml(documents.text(path), path, Campaign)
    return library_of("monthly", campaign, Desk(documents, LANGUAGES)).library


def found(library: Library) -> tuple[int, int, int]:
    """Each translation taken from its article: how often its article is the first suggestion, another, or none is."""
    right = wrong = none = 0
    for key, translations in library.items():
        for tag in translations if len(translations) > 1 else ():
            rest = {other: text for other, text in translations.items() if other != tag}
            first = suggestions("alone", {**library, key: rest, "alone": {tag: translations[tag]}})[:1]
            right += [each.key for each in first] == [key]
            wrong += bool(first) and first[0].key != key
            none += not first
    return right, wrong, none


def test_a_translation_finds_its_article_and_no_other(demo: Library) -> None:
    right, wrong, none = found(demo)
    assert (wrong, none <= 2) == (0, True)
    assert right > 60


def test_the_texts_alone_never_lead_astray(demo: Library) -> None:
    bare = {
        key: {tag: replace(text, picture=None, link=None) for tag, text in translations.items()}
        for key, translations in demo.items()
    }
    right, wrong, none = found(bare)
    assert wrong == 0
    assert right > 3 * none


def test_what_has_no_translation_gets_no_suggestion(demo: Library) -> None:
    single = [key for key, translations in demo.items() if len(translations) == 1]
    assert len(single) >= 5
    assert [key for key in single if suggestions(key, demo)] == []


def test_a_text_is_read_once_however_often_it_is_compared(demo: Library) -> None:
    """Reading 500 texts takes longer than a page may, comparing them does not."""
    key, other = list(demo)[:2]
    suggestions(f"{key}.{next(iter(demo[key]))}", split(demo))
    read = pairing._traits.cache_info().misses
    other = f"{other}.{next(iter(demo[other]))}"
    suggestions(other, split(demo))
    assert pairing._traits.cache_info().misses == read
    tag, text = next(iter(demo[key].items()))
    suggestions(other, split({**demo, key: {tag: replace(text, body=text.body + " 4711")}}))
    assert pairing._traits.cache_info().misses == read + 1


def split(library: Library) -> Library:
    """Each text as an article of its own, and none the same object as before."""
    return {
        f"{key}.{tag}": {tag: replace(text)}
        for key, translations in library.items()
        for tag, text in translations.items()
    }


def test_names_within_a_sentence_count_and_its_first_word_does_not() -> None:
    text = "Zurich was first. «Geneva» came next: Bern saw “Basel”, and (Aarau) too.\n\n¿Lima? no."
    marks = traits_of(Article("a", "en", "", body=text)).marks
    assert {value for kind, value in marks if kind == "name"} == {"basel", "aarau"}


def test_numbers_are_one_in_every_way_of_writing() -> None:
    ways = ("1,200 and 3.5", "1\u202f200 et 3,5", "1.200 und 3,5", "١٬٢٠٠ و ٣٫٥", "1 200, 3.5")
    numbers = [
        {value for kind, value in traits_of(Article("a", "en", "", body=way)).marks if kind == "number"} for way in ways
    ]
    assert numbers == [{"1200", "3.5"}] * len(ways)


def test_names_without_marks_and_addresses_without_their_language() -> None:
    english = Article(
        "a", "en", "x", body="We met Solange Aubrée in Zürich.", link="https://a.example/en/news/fund?x=1"
    )
    french = Article(
        "b", "fr", "x", body="À bord, Solange Aubree de Zurich.", link="https://www.a.example/fr/actu/fund"
    )
    shared = traits_of(english).marks & traits_of(french).marks
    expected = {("name", "solange"), ("name", "aubree"), ("name", "zurich"), ("link", "a.example/fund")}
    assert shared == expected


def test_texts_of_the_same_language_or_half_a_year_apart_are_not_joined() -> None:
    text = "The fund paid 4 512 pensions and 918 grants to Marisol Quispe in Geneva."
    one = Article("a", "en", "A", body=text, date=date(2026, 11, 1))
    other = replace(one, key="b", language="fr")
    likely = suggestions("a", {"a": {"en": one}, "b": {"fr": other}})
    assert [each.key for each in likely] == ["b"]
    assert likely[0].likeness >= LIKELY
    assert ("number", "4512") in likely[0].shared
    assert suggestions("a", {"a": {"en": one}, "b": {"en": replace(other, language="en")}}) == []
    later = replace(other, date=date(2026, 11, 1) + timedelta(days=180))
    apart = suggestions("a", {"a": {"en": one}, "b": {"fr": later}})
    assert not apart or apart[0].likeness < likely[0].likeness
