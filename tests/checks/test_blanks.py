from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, select

from newsletter.audience.select import AudienceRule
from newsletter.clock import FixedClock
from newsletter.message.parts import Compiled, CompiledLanguage, Slot, Tree
from newsletter.store.engine import reading
from newsletter.store.tables import contact
from newsletter.workflow.checking.blanks import empty_fields
from tests.audience.world import World, world

FIRST_NAME, ROLE = ["field", "contact.first_name"], ["field", "contact.role"]
FALLBACK = ["filter", "default", FIRST_NAME, [["const", "colleague"]], {}]
ONE = {"variant": 0}


@pytest.fixture
def here(engine: Engine, tmp_path: Path, clock: FixedClock) -> World:
    """Four readers: three of the English edition, of whom one has no first name and one no role."""
    made = world(engine, tmp_path, clock)
    made.contacts(
        "Email,First,Role,Language,Publications\n"
        "a@example.org,Ana,director,en,monthly\n"
        "b@example.org,,director,en,monthly\n"
        "c@example.org,Carl,,en,monthly\n"
        "d@example.org,,,fr,monthly\n"
        "e@example.org,,,en,events\n"
    )
    return made


def printing(expression: list[Any]) -> Compiled:
    return Compiled(subject=("News",), text=("Hello ", Slot("text", expression)), html=())


def found(
    here: World, root: dict[str, Any], *printed: list[Any], languages: tuple[str, ...] = ("en",)
) -> dict[Any, Any]:
    """By language and path the number of empty values and of recipients. One printed expression a variant."""
    variants = tuple(map(printing, printed))
    compiled = {
        tag: CompiledLanguage(tag, ("contact.first_name", "contact.role"), Tree(root), variants) for tag in languages
    }
    rule = AudienceRule(publication="monthly", languages=("en", "fr"))
    with reading(here.engine) as connection:
        counted = empty_fields(connection, rule, here.fields, compiled)
    return {(each.language, each.path): (each.empty, each.recipients) for each in counted}


def test_a_field_without_a_default_is_counted_among_its_readers(here: World) -> None:
    assert found(here, ONE, FIRST_NAME, languages=("en", "fr")) == {
        ("en", "contact.first_name"): (1, 3),
        ("fr", "contact.first_name"): (1, 1),
    }


def test_the_first_of_them_are_known_by_number(here: World) -> None:
    compiled = {
        tag: CompiledLanguage(tag, ("contact.first_name",), Tree(ONE), (printing(FIRST_NAME),)) for tag in ("en", "fr")
    }
    with reading(here.engine) as connection:
        gaps = empty_fields(connection, AudienceRule("monthly", ("en", "fr")), here.fields, compiled)
        codes = {row.id: row.address for row in connection.execute(select(contact.c.id, contact.c.address))}
    told = {each.language: [codes[id_] for id_ in each.contacts] for each in gaps}
    assert told == {"en": ["b@example.org"], "fr": ["d@example.org"]}


def test_a_default_fills_every_gap(here: World) -> None:
    assert found(here, ONE, FALLBACK) == {}


def test_fields_inside_other_filters_count(here: World) -> None:
    assert found(here, ONE, ["filter", "upper", FIRST_NAME, [], {}]) == {("en", "contact.first_name"): (1, 3)}


def test_what_the_template_asks_before_it_prints_is_no_gap(here: World) -> None:
    root = {"ask": ["bool", FIRST_NAME], "then": {"true": {"variant": 0}, "false": {"variant": 1}}}
    assert found(here, root, FIRST_NAME, ["const", "colleague"]) == {}


def test_only_the_readers_of_a_version_count(here: World) -> None:
    asked = ["op", "eq", ROLE, ["const", "director"]]
    root = {"ask": ["bool", asked], "then": {"true": {"variant": 0}, "false": {"variant": 1}}}
    assert found(here, root, FIRST_NAME, ["const", ""]) == {("en", "contact.first_name"): (1, 3)}
    assert found(here, root, ["const", ""], FIRST_NAME) == {("en", "contact.first_name"): (0, 3)}
    other = {"ask": ["bool", ["op", "not", asked]], "then": root["then"]}
    assert found(here, other, FIRST_NAME, ["const", ""]) == {("en", "contact.first_name"): (0, 3)}


def test_a_question_that_no_rule_can_ask_counts_too_many_rather_than_too_few(here: World) -> None:
    root = {"ask": ["len", ROLE], "then": {"7": {"variant": 0}, "8": {"variant": 1}}}
    assert found(here, root, ["const", ""], FIRST_NAME) == {("en", "contact.first_name"): (1, 3)}
