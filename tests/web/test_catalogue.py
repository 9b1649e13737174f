"""The studio's words in other languages: all of them, and with the same places for names and numbers."""

from __future__ import annotations

import re

import pytest
from tools.catalogue import LOCALES, missing, refreshed

from newsletter.web.views import LANGUAGES, catalogue, translations

OTHERS = [tag for tag in LANGUAGES if tag != "en"]
PLACE = re.compile(r"%\((\w+)\)[rsd]")


@pytest.mark.parametrize("language", OTHERS)
def test_the_catalogue_says_what_the_templates_say(language: str) -> None:
    same = (LOCALES / f"{language}.po").read_bytes() == refreshed(language)
    assert same, "run: python -m tools.catalogue"


@pytest.mark.parametrize("language", OTHERS)
def test_every_text_is_translated(language: str) -> None:
    assert missing(language) == []


@pytest.mark.parametrize("language", OTHERS)
def test_translations_name_the_same_things(language: str) -> None:
    for message in catalogue(language):
        if not message.id:
            continue
        asked = message.id if isinstance(message.id, str) else message.id[1]
        for text in [message.string] if isinstance(message.string, str) else message.string:
            assert set(PLACE.findall(text)) <= set(PLACE.findall(asked)), (asked, text)


def test_a_number_picks_the_form_that_its_language_asks_for() -> None:
    one, many = "%(num)s contact", "%(num)s contacts"
    assert [translations("fr").ngettext(one, many, number) for number in (0, 1, 2)] == [one, one, many]
    assert [translations("en").ngettext(one, many, number) for number in (0, 1, 2)] == [many, one, many]
