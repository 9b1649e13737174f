"""Slots and trees bound to closures, and the filters for recipients' values."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from markupsafe import Markup, escape

from newsletter.message.expressions import describe, fields_of, links_of
from newsletter.message.filters import FILTER_NAMES, filters
from newsletter.message.operators import ARITHMETIC, COMPARISONS, TESTS
from newsletter.message.parts import Expression, Tree
from newsletter.message.slots import Links, bind, bind_value, escape_text
from newsletter.message.tree import bind_tree

FIELDS = ("contact.first_name", "contact.title", "institution.population", "institution.topics")
LINKS = Links("https://n.example/u/1?a=1&b=2", "https://n.example/p/1")

FIRST: Expression = ["field", "contact.first_name"]
TITLE: Expression = ["field", "contact.title"]
POPULATION: Expression = ["field", "institution.population"]
TOPICS: Expression = ["field", "institution.topics"]


def const(value: Any) -> Expression:
    return ["const", value]


def shown(expression: Expression, *values: Any, mode: str = "text", language: str = "fr") -> str:
    padded = (*values, *[None] * (len(FIELDS) - len(values)))
    return bind(expression, mode, FIELDS, language)(padded, LINKS)


def test_a_field_is_escaped_in_html_and_as_it_is_in_text() -> None:
    assert shown(FIRST, "<Zoë & 'co'>", mode="html") == "&lt;Zoë &amp; &#39;co&#39;&gt;"
    assert shown(FIRST, "<Zoë>") == "<Zoë>"
    assert shown(FIRST, None) == shown(FIRST, None, mode="html") == ""
    assert shown(POPULATION, None, None, 12.5, mode="html") == "12.5"


def test_links_are_those_of_the_delivery() -> None:
    assert shown(["link", "unsubscribe"]) == LINKS.unsubscribe
    assert shown(["link", "preferences"]) == LINKS.preferences
    assert shown(["link", "unsubscribe"], mode="html") == "https://n.example/u/1?a=1&amp;b=2"


@pytest.mark.parametrize("missing", [None, "", []])
def test_default_takes_every_empty_value_for_missing(missing: Any) -> None:
    assert shown(["filter", "default", FIRST, [const("colleague")], {}], missing) == "colleague"
    assert shown(["filter", "default", FIRST, [TITLE], {}], missing, "Dr") == "Dr"


def test_joining_escapes_once() -> None:
    bold: Expression = ["markup", "<b>"]
    assert shown(["join", [bold, FIRST], "auto"], "<", mode="html") == "<b>&lt;"
    assert shown(["join", [const("<"), FIRST], "auto"], "<", mode="html") == "&lt;&lt;"
    assert shown(["join", [const("<"), FIRST], "html"], "<", mode="html") == "&lt;&lt;"
    assert shown(["join", [const("<"), FIRST], "text"], "<") == "<<"
    assert shown(["filter", "escape", FIRST, [], {}], "<", mode="html") == "&lt;"


def test_operators_with_none_give_none_or_false() -> None:
    assert shown(["op", "add", POPULATION, const(1)], None, None, 2) == "3"
    assert shown(["op", "add", POPULATION, const(1)], None, None, None) == ""
    assert shown(["op", "truediv", const(1), POPULATION], None, None, 0) == ""
    assert shown(["op", "lt", POPULATION, const(1)], None, None, None) == "False"
    assert shown(["op", "not", ["op", "in", const("a"), TOPICS]], None, None, None, ["a"]) == "False"
    assert shown(["item", TOPICS, const(3)], None, None, None, ["a"]) == ""
    assert shown(["filter", "join", ["list", [TITLE, FIRST]], [const(" ")], {}], "Zoë", None) == "Zoë"


SAID = (
    ("date", "2026-11-18", [], "18 novembre 2026"),
    ("date", "2026-11-18", ["short"], "18/11/2026"),
    ("date", "2026-11-18", ["d MMMM"], "18 novembre"),
    ("date", "soon", [], "soon"),
    ("date", None, [], ""),
    ("time", "2026-12-08T09:00:00+01:00", [], "09:00"),
    ("time", "2026-12-08", [], ""),
    ("datetime", "2026-12-08T09:00", ["medium"], "8 déc. 2026, 09:00"),
    ("number", 1234567.5, [], "1\u202f234\u202f567,5"),
    ("number", 1234, [1], "1\u202f234,0"),
    ("number", "many", [], "many"),
    ("country_name", "CI", [], "Côte d’Ivoire"),
    ("country_name", "xx1", [], "xx1"),
    ("language_name", "ar", [], "arabe"),
    ("language_name", "klingon-language", [], "klingon-language"),
    ("title", "o'neill-smith of mALI", [], "O'neill-Smith Of Mali"),
    ("truncate", "the quick brown fox", [12], "the quick…"),
    ("truncate", "the quick brown fox", [12, True, ""], "the quick br"),
    ("replace", "aXa", ["a", "b"], "bXb"),
    ("urlencode", "é & ü/ö", [], "%C3%A9%20%26%20%C3%BC/%C3%B6"),
    ("url", "https://a.example/é?x=1&y=2", [], "https://a.example/%C3%A9?x=1&y=2"),
    ("url", "javascript:alert(1)", [], ""),
    ("url", "http://[", ["https://b.example/"], "https://b.example/"),
    ("round", 12.345, [1], "12.3"),
    ("round", 12.31, [0, "ceil"], "13.0"),
    ("int", "12", [], "12"),
    ("int", "x", [5], "5"),
    ("length", None, [], "0"),
    ("first", "Zoë", [], "Z"),
    ("last", [], [], ""),
)


@pytest.mark.parametrize(("name", "value", "args", "said"), SAID)
def test_what_filters_say_in_french(name: str, value: Any, args: list[Any], said: str) -> None:
    assert shown(["filter", name, FIRST, [const(arg) for arg in args], {}], value) == said


def test_other_languages_have_their_own_words() -> None:
    day: Expression = ["filter", "date", FIRST, [], {}]
    assert shown(day, "2026-11-18", language="en") == "18 November 2026"
    assert shown(day, "2026-11-18", language="ar") == "18 نوفمبر 2026"
    assert shown(["filter", "number", FIRST, [], {}], 1234.5, language="de") == "1.234,5"


values = st.one_of(
    st.none(),
    st.booleans(),
    st.text(max_size=20),
    st.integers(),
    st.floats(),
    st.lists(st.text(max_size=5), max_size=3),
    st.dates().map(str),
    st.datetimes().map(lambda moment: moment.isoformat()),
)


@settings(deadline=None, derandomize=True)
@given(st.sampled_from(sorted(FILTER_NAMES - {"replace"})), values)
def test_no_filter_fails_for_a_value_that_a_field_can_hold(name: str, value: Any) -> None:
    for language in ("fr", "ar"):
        assert isinstance(shown(["filter", name, FIRST, [], {}], value, mode="html", language=language), str)


@settings(deadline=None, derandomize=True)
@given(st.sampled_from(sorted(TESTS)), values, values)
def test_no_test_or_comparison_fails(name: str, left: Any, right: Any) -> None:
    alone = {"none", "odd", "even", "true", "false"}
    found = TESTS[name](left) if name in alone else TESTS[name](left, right)
    assert isinstance(found, bool)


numbers = st.one_of(st.none(), st.integers(-(10**15), 10**15), st.floats(allow_nan=False))


@settings(deadline=None, derandomize=True)
@given(st.sampled_from(sorted(ARITHMETIC)), numbers, numbers)
def test_no_computing_fails(name: str, left: Any, right: Any) -> None:
    assert isinstance(ARITHMETIC[name](left, right), (int, float, type(None)))


def test_texts_cannot_be_multiplied() -> None:
    with pytest.raises(TypeError, match="only numbers"):
        ARITHMETIC["mul"]("x", 10**9)


@settings(deadline=None, derandomize=True)
@given(st.text())
def test_escaping_is_that_of_markupsafe(text: str) -> None:
    assert escape_text(text) == str(escape(text))


def test_comparing_with_a_date_of_the_template_takes_its_iso_text() -> None:
    import datetime

    assert COMPARISONS["lt"]("2026-01-01", datetime.date(2026, 1, 2))
    assert COMPARISONS["eq"](datetime.date(2026, 1, 2), "2026-01-02")


def test_filters_keep_html_that_is_html_already() -> None:
    assert filters("fr")["upper"](Markup("&lt;i&gt;")) == Markup("&LT;I&GT;")
    assert filters("fr")["default"](Markup(""), "x") == "x"


def test_a_tree_leads_values_to_their_variant() -> None:
    in_list: Expression = ["op", "in", const("a"), TOPICS]
    tree = Tree(
        {
            "ask": ["bool", in_list],
            "then": {
                "true": {"variant": 0},
                "false": {
                    "ask": ["len", TOPICS],
                    "then": {
                        "0": {"variant": 1},
                        "1": {"ask": ["value", FIRST], "then": {'"Zoë"': {"variant": 2}, "null": {"variant": 3}}},
                    },
                },
            },
        }
    )
    leaf = bind_tree(tree, FIELDS, "fr")
    assert leaf((None, None, None, ["b", "a"])) == 0
    assert leaf((None, None, None, [])) == leaf((None, None, None, None)) == 1
    assert leaf(("Zoë", None, None, ["b"])) == 2
    assert leaf((None, None, None, ["b"])) == 3
    assert leaf(("Ann", None, None, ["b"])) is None
    assert leaf((None, None, None, ["b", "c"])) is None


def test_expressions_are_described_as_one_writes_them() -> None:
    expression: Expression = [
        "op",
        "eq",
        ["filter", "default", ["item", TOPICS, const(0)], [const("x")], {"boolean": const(True)}],
        ["join", [["link", "preferences"], const(None)], "auto"],
    ]
    assert describe(expression) == 'institution.topics[0] | default("x", boolean=true) == links.preferences ~ none'
    assert fields_of(expression) == {"institution.topics"}
    assert links_of(expression) == {"preferences"}
    assert describe(["test", "odd", ["op", "neg", POPULATION], []]) == "-institution.population is odd"


def test_what_is_no_expression_is_refused() -> None:
    with pytest.raises(ValueError, match="no expression"):
        bind_value(["exec", "x"], FIELDS, "fr")


def test_french_writes_the_first_of_a_month_as_an_ordinal() -> None:
    french = filters("fr")
    assert french["date"]("2027-01-01") == "1er janvier 2027"
    assert french["date"]("2027-01-01", "full") == "vendredi 1er janvier 2027"
    assert french["date"]("2027-01-11") == "11 janvier 2027"
    assert french["date"]("2027-01-01", "MMMM y") == "janvier 2027"
    assert filters("en")["date"]("2027-01-01") == "1 January 2027"
