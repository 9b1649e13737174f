"""Snippets in the manner of what template authors write: each is either the same spliced and plain, or refused."""

from __future__ import annotations

import datetime
from pathlib import Path
from typing import Any

import pytest
from markupsafe import Markup

from newsletter.errors import ProblemsFound
from newsletter.rendering.plain import renderer
from newsletter.rendering.proof import splice
from newsletter.rendering.variants import compile_language
from tests.rendering.making import LINKS, manuscript, people, same

HERE = Path(__file__).parent

# One snippet a line; EXT stands for the ending of the kind of template: mjml or txt.
COMPILES = (HERE / "snippets_compile.txt").read_text(encoding="utf-8").splitlines()
REFUSED = [line.split(" => ") for line in (HERE / "snippets_refused.txt").read_text(encoding="utf-8").splitlines()]

PEOPLE = people(25)


def with_data(snippet: str, kind: str) -> Any:
    source = snippet.replace("EXT", kind)
    return manuscript(
        source if kind == "mjml" else "",
        text=source if kind == "txt" else "",
        sources={
            f"part.{kind}": "<b>{{ contact.first_name }}</b>",
            f"lib.{kind}": "{% macro hi(x) %}<i>{{ x }}</i>{% endmacro %}",
            f"base.{kind}": "<u>{% block b %}base {{ contact.title }}{% endblock %}</u>",
        },
        names={"Africa": "Afrique", "Asia": "Asie"},
        items=[{"title": "T1", "n": 1}, {"title": "T<2>", "n": 2}],
        word="a<b",
        markup=Markup("<em>x</em>"),
        day=datetime.date(2026, 1, 2),
        empty=None,
    )


@pytest.mark.parametrize("kind", ["mjml", "txt"])
@pytest.mark.parametrize("snippet", COMPILES)
def test_a_snippet_is_the_same_spliced_and_plain(snippet: str, kind: str) -> None:
    made = with_data(snippet, kind)
    compiled = compile_language(made, witnesses=PEOPLE, finish=same)
    plain = renderer(made, finish=same)
    for person in PEOPLE:
        assert splice(compiled, person, LINKS) == plain(person, LINKS)


@pytest.mark.parametrize("kind", ["mjml", "txt"])
@pytest.mark.parametrize(("snippet", "why"), REFUSED)
def test_what_is_neither_slot_nor_question_is_refused_with_its_line(snippet: str, why: str, kind: str) -> None:
    with pytest.raises(ProblemsFound) as caught:
        compile_language(with_data("one\n\n" + snippet, kind), witnesses=PEOPLE, finish=same)
    assert f"mail.{kind}:3: " in str(caught.value)
    assert why in str(caught.value)


HTML_ONLY = (
    ("{% set y %}<b>{{ contact.title }}</b>{% endset %}{{ y | upper }}", "holds tags, which MJML would never see"),
    ("{% filter upper %}<b>{{ contact.title }}</b>{% endfilter %}", "holds tags, which MJML would never see"),
    ("{% autoescape false %}{{ contact.title }}{% endautoescape %}", "autoescape cannot be switched off"),
)


@pytest.mark.parametrize(("snippet", "why"), HTML_ONLY)
def test_html_is_never_inside_a_slot_and_never_unescaped(snippet: str, why: str) -> None:
    with pytest.raises(ProblemsFound, match=why):
        compile_language(with_data(snippet, "mjml"), witnesses=PEOPLE, finish=same)


def test_text_that_looks_like_a_marker_stays_text() -> None:
    made = manuscript("zqabcdefghij0z {{ contact.first_name }} {{ word }}", word="zqabcdefghij1z")
    compiled = compile_language(made, witnesses=(), finish=same)
    assert [part for part in compiled.variants[0].html if isinstance(part, str)] == [
        "zqabcdefghij0z ",
        " zqabcdefghij1z",
    ]


def test_a_value_that_looks_like_a_template_is_never_rendered() -> None:
    person = people(1)[0]
    person.contact["first_name"] = "{{ contact.last_name }}{% for %}"  # type: ignore[index]
    made = manuscript(text="{{ contact.first_name }}", subject="{{ contact.first_name }}")
    compiled = compile_language(made, witnesses=[person], finish=same)
    rendered = splice(compiled, person, LINKS)
    assert rendered is not None
    assert rendered.text == rendered.subject == "{{ contact.last_name }}{% for %}"
