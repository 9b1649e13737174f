"""Pruning: answers that somebody may give are never excluded; plain contradictions are."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from newsletter.message.parts import Expression
from newsletter.message.slots import field_values
from newsletter.message.tree import bind_question
from newsletter.rendering.conditions import Question, possible
from tests.rendering.making import FIELDS, person

PATHS = [field.path for field in FIELDS]
WORDS = ["", "Africa", "Asia", "B", "a", "\x00", "Africa ", "ſ"]
NUMBERS = [-1, 0, 1, 1.5, 2, 10**9]
DAYS = ["2025-12-31", "2026-01-01"]
# A field, what it may hold, and what templates compare it with.
KINDS: list[tuple[str, st.SearchStrategy[Any], list[Any]]] = [
    ("institution.region", st.one_of(st.none(), st.sampled_from(WORDS), st.text(max_size=3)), [*WORDS, None]),
    ("institution.population", st.one_of(st.none(), st.sampled_from(NUMBERS), st.floats(-3, 3)), [*NUMBERS, "x", None]),
    ("institution.membership_since", st.one_of(st.none(), st.sampled_from(DAYS), st.dates().map(str)), DAYS),
    ("contact.vip", st.one_of(st.none(), st.booleans()), [True, False, None, 1]),
    ("institution.topics", st.lists(st.sampled_from(WORDS), max_size=4), WORDS),
]


@st.composite
def asked(draw: st.DrawFn) -> tuple[str, Any, list[Question]]:
    path, values, constants = draw(st.sampled_from(KINDS))
    field: Expression = ["field", path]
    constant = st.sampled_from(constants).map(lambda value: ["const", value])
    sides = st.tuples(constant, st.booleans()).map(lambda pair: [field, pair[0]] if pair[1] else [pair[0], field])
    comparing = st.tuples(st.sampled_from(["eq", "ne", "lt", "le", "gt", "ge"]), sides).map(
        lambda pair: ["op", pair[0], *pair[1]]
    )
    one_of = st.lists(st.sampled_from(constants), max_size=3).map(lambda each: ["op", "in", field, ["const", each]])
    containing = constant.map(lambda each: ["op", "in", each, field])
    is_none: Expression = ["test", "none", field, []]
    expressions = st.one_of(st.just(field), comparing, one_of, containing, st.just(is_none))
    kinds = ["len"] if path.endswith("topics") else ["value"]
    questions = [Question("bool", each) for each in draw(st.lists(expressions, min_size=1, max_size=5))]
    return path, draw(values), [*questions, *(Question(kind, field) for kind in draw(st.sets(st.sampled_from(kinds))))]


@settings(max_examples=400, deadline=None, derandomize=True)
@given(asked())
def test_what_somebody_answers_is_possible(case: tuple[str, Any, list[Question]]) -> None:
    path, value, questions = case
    name = path.rpartition(".")[2]
    values = field_values(person(**{name: value}), PATHS)
    way = tuple(
        (question, bind_question(question.kind, question.expression, PATHS, "fr")(values)) for question in questions
    )
    assert possible(way, FIELDS, "fr")


REGION: Expression = ["field", "institution.region"]
TOPICS: Expression = ["field", "institution.topics"]
POPULATION: Expression = ["field", "institution.population"]


def no(*answers: tuple[Expression, Any]) -> bool:
    return not possible(tuple((Question("bool", asked), answer) for asked, answer in answers), FIELDS, "fr")


def is_(field: Expression, operator: str, value: Any) -> Expression:
    return ["op", operator, field, ["const", value]]


def test_plain_contradictions_are_impossible() -> None:
    assert no((is_(REGION, "eq", "Africa"), True), (is_(REGION, "eq", "Asia"), True))
    assert no((is_(REGION, "eq", "Africa"), True), (REGION, False))
    assert no((is_(REGION, "in", ["Africa", "Asia"]), True), (is_(REGION, "eq", "Europe"), True))
    assert no((["test", "none", REGION, []], True), (REGION, True))
    assert no((is_(POPULATION, "gt", 5), True), (is_(POPULATION, "lt", 3), True))
    assert no((["op", "in", ["const", "a"], TOPICS], True), (TOPICS, False))
    assert not no((["op", "in", ["const", "a"], TOPICS], True), (["op", "in", ["const", "b"], TOPICS], True))


def test_what_is_not_understood_excludes_nothing() -> None:
    upper: Expression = ["filter", "upper", REGION, [], {}]
    assert not no((is_(upper, "eq", "AFRICA"), True), (is_(REGION, "eq", "Asia"), True))
