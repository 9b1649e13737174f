"""Sentences of Python code, in the language of the page that shows them."""

from __future__ import annotations

import pickle

from hypothesis import given
from hypothesis import strategies as st

from newsletter.errors import Problem, ProblemsFound, UsageError
from newsletter.i18n import Said, say, say_many
from newsletter.web.views import said

FRENCH = {"Undone.": "Annulé.", "%(who)s is gone: %(why)s": "%(who)s n’est plus là : %(why)s"}
PLURAL = {"%(num)s contact": ("%(num)s contact", "%(num)s contacts (fr)")}


def french(text: Said) -> str:
    return text.within(lambda each: FRENCH.get(each, each), lambda one, many, n: PLURAL.get(one, (one, many))[n > 1])


def test_a_sentence_is_its_english_text_and_can_be_said_in_another_language() -> None:
    sentence = say("%(who)s is gone: %(why)s", who="Ana", why=say("Undone."))
    assert sentence == "Ana is gone: Undone."
    assert french(sentence) == "Ana n’est plus là : Annulé."


def test_numbers_take_the_plural_of_the_language() -> None:
    assert say_many(0, "%(num)s contact", "%(num)s contacts") == "0 contacts"
    assert french(say_many(0, "%(num)s contact", "%(num)s contacts")) == "0 contact"
    assert french(say_many(2, "%(num)s contact", "%(num)s contacts")) == "2 contacts (fr)"


def test_errors_and_problems_are_said_too() -> None:
    assert said("fr", UsageError(say("Undone."))) == "Annulé."
    found = ProblemsFound([Problem(say("Undone."), "a.md", 3), Problem("as it is")])
    assert said("fr", found) == "a.md:3: Annulé.\nas it is"
    assert said("fr", 5) == 5


@given(st.text())
def test_what_stands_in_a_sentence_is_never_read_as_a_pattern(value: str) -> None:
    assert say("It is %(value)s.", value=value) == f"It is {value}."
    assert french(say("%(who)s is gone: %(why)s", who=value, why="x")) == f"{value} n’est plus là : x"


def test_a_sentence_survives_a_process() -> None:
    assert french(pickle.loads(pickle.dumps(say("Undone.")))) == "Annulé."
