from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsletter.model.fields import Fields, FieldsFile
from newsletter.model.recipient import Recipient
from newsletter.model.rule import EVERYBODY, NOBODY, All, Any, Compare, Has, In, Not, evaluate, to_text
from newsletter.model.rule_source import RuleError
from newsletter.model.segment import parse
from tests.properties.rules import FIELDS, trees

FILLED = Compare("contact.role", "!=", None)
SEGMENTS = {"africa": 'institution.region == "Africa"', "a": "segment.b", "b": "not segment.a", "broken": "nonsense"}


@pytest.mark.parametrize(
    ("text", "tree"),
    [
        ("", EVERYBODY),
        ("true", EVERYBODY),
        ("false", NOBODY),
        ('institution.region == "Africa"', Compare("institution.region", "==", "Africa")),
        ('"Africa" == institution.region', Compare("institution.region", "==", "Africa")),
        ("3 < institution.size", Compare("institution.size", ">", 3)),
        ("institution.size >= -1.5", Compare("institution.size", ">=", -1.5)),
        (
            "1 < institution.size <= 5",
            All((Compare("institution.size", ">", 1), Compare("institution.size", "<=", 5))),
        ),
        ('"pensions" in institution.topics', Has("institution.topics", "pensions")),
        ('"pensions" not in institution.topics', Not(Has("institution.topics", "pensions"))),
        ('contact.role in ("press", none)', In("contact.role", ("press", None))),
        ('contact.role == ""', Compare("contact.role", "==", None)),
        ("contact.role is not none", Compare("contact.role", "!=", None)),
        ("contact.role", Compare("contact.role", "!=", None)),
        ("institution.active_member", Compare("institution.active_member", "==", True)),
        ("institution.topics == []", Compare("institution.topics", "==", None)),
        ('institution.joined >= "2026-01-31"', Compare("institution.joined", ">=", "2026-01-31")),
        ("segment.africa", Compare("institution.region", "==", "Africa")),
        ("segment.africa or contact.role", Any((Compare("institution.region", "==", "Africa"), FILLED))),
        (
            "contact.role and contact.title and contact.code",
            All(tuple(Compare(f"contact.{name}", "!=", None) for name in ("role", "title", "code"))),
        ),
    ],
)
def test_what_is_admitted(text: str, tree: object) -> None:
    assert parse(text, FIELDS, SEGMENTS) == tree


@pytest.mark.parametrize(
    ("text", "column", "part"),
    [
        ("institution.regoin == 'x'", 1, "did you mean 'institution.region'?"),
        ("true and\n institution.regoin == 'x'", 11, "did you mean"),
        ("institution.region == 5", 23, "a text in quotes"),
        ('institution.size == "5"', 21, "a number without quotes"),
        ("institution.size", 1, "institution.size > 0"),
        ("institution.size > 1e300", 20, "too large"),
        ('institution.joined > "31.01.2026"', 22, "2026-01-31"),
        ('contact.role < "x"', 16, "numbers and dates"),
        ('contact.role|upper == "X"', 1, "the filter 'upper'"),
        ("contact.role == ", 14, "end of template"),
        ("contact.role & 2", 14, "'&'"),
        ("1 == 2", 1, "must be a field"),
        ('institution.name == "x"', 1, "institution.code"),
        ('institution.topics == "x"', 23, '"..." in institution.topics'),
        ('"x" in contact.role', 8, "no list"),
        ("segment.afrika", 1, "did you mean 'africa'?"),
        ("true or segment.a", 9, "a -> b -> a"),
        ("segment.broken", 1, "in segment 'broken'"),
        ('contact.role == "x" }} {{ 1', 21, "unexpected"),
        ("contact.role.upper() == 'X'", 1, "a call"),
        ("contact['role'] == 'X'", 1, "must be a field"),
        ("not " * 500 + "true", 1, "levels"),
        ("(" * 9000 + "true" + ")" * 9, 1, "levels"),
        ("x" * 10_001, 10_000, "10000 characters"),
    ],
)
def test_what_is_refused_says_where_and_what_instead(text: str, column: int, part: str) -> None:
    with pytest.raises(RuleError) as caught:
        parse(text, FIELDS, SEGMENTS)
    assert part in str(caught.value)
    if "levels" not in part:
        assert caught.value.column == column


def test_a_changed_segment_changes_the_text_of_the_rules_that_name_it() -> None:
    """The text is what an edition's hash covers."""
    before = parse("segment.africa", FIELDS, SEGMENTS)
    after = parse("segment.africa", FIELDS, {"africa": 'institution.region == "Asia"'})
    assert to_text(before) != to_text(after)


@given(trees())
def test_the_text_of_a_tree_parses_to_the_same_tree(tree: object) -> None:
    text = to_text(tree)  # type: ignore[arg-type]
    assert parse(text, FIELDS) == tree
    assert to_text(parse(text, FIELDS)) == text


@given(st.text(max_size=60))
def test_no_text_ends_in_anything_but_a_tree_or_a_rule_error(text: str) -> None:
    column = 1
    try:
        parse(text, FIELDS, SEGMENTS)
    except RuleError as error:
        column = error.column
    assert 1 <= column <= max(1, len(text) + 1)


def recipient(**values: object) -> Recipient:
    names = {field.name: None for field in Fields()}
    return Recipient(contact={**names, **values}, institution=names)


@pytest.mark.parametrize(
    ("rule", "role", "holds"),
    [
        ('contact.role == "press"', "press", True),
        ('contact.role != "press"', None, True),
        ('not contact.role == "press"', None, True),
        ('contact.role in ["press", none]', "", True),
        ('contact.role in ["press"]', None, False),
        ("contact.role == none", "", True),
        ("contact.role", "", False),
    ],
)
def test_an_empty_value_differs_from_every_other(rule: str, role: str | None, holds: bool) -> None:
    assert evaluate(parse(rule, Fields()), recipient(role=role)) is holds


def test_own_fields_cannot_take_the_names_of_the_program() -> None:
    with pytest.raises(ValueError, match=r"institution\.region is a field of the program"):
        FieldsFile.model_validate({"institution": {"region": {"type": "text"}}})
    with pytest.raises(ValueError, match="pattern"):
        FieldsFile.model_validate({"contact": {'x"; DROP': {"type": "text"}}})
