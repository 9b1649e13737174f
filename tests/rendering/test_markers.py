"""Where a recipient's value may stand in the finished HTML, and where not."""

from __future__ import annotations

import mjml
import pytest

from newsletter.errors import Problem, ProblemsFound
from newsletter.message.parts import Slot
from newsletter.rendering.manuscript import Source
from newsletter.rendering.markers import Marks
from newsletter.rendering.plain import Finish, renderer
from newsletter.rendering.variants import compile_language
from tests.rendering.making import LINKS, manuscript, person, same


def by_mjml(source: str) -> str:
    return str(mjml.mjml2html(source))


def why_refused(html: str, finish: Finish = same) -> str:
    with pytest.raises(ProblemsFound) as caught:
        compile_language(manuscript(html), witnesses=(), finish=finish)
    return str(caught.value)


MISPLACED = (
    ("<style>p { color: {{ contact.title }} }</style>", "cannot stand in <style>"),
    ("<script>{{ contact.title }}</script>", "cannot stand in <script>"),
    ("<{{ contact.title }}>", "cannot stand in the name of a tag"),
    ("<h{{ contact.title }}>", "cannot stand in the name of a tag"),
    ("</h{{ contact.title }}>", "cannot stand in the name of a tag"),
    ('<p {{ contact.title }}="x">', "cannot stand in the name of an attribute"),
    ("<p {{ contact.title }}>", "outside a quoted value"),
    ("<p title={{ contact.title }}>", "needs quotes around it"),
    ('<p style="color: {{ contact.title }}">', "cannot stand in the attribute 'style'"),
    ('<td width="{{ contact.title }}">', "cannot stand in the attribute 'width'"),
    ('<td bgcolor="{{ contact.title }}">', "cannot stand in the attribute 'bgcolor'"),
    ("<p class='{{ contact.title }}'>", "cannot stand in the attribute 'class'"),
    ('<p id="{{ contact.title }}">', "cannot stand in the attribute 'id'"),
    ('<a onclick="{{ contact.title }}">', "cannot stand in the attribute 'onclick'"),
    ('<img srcset="{{ contact.title | urlencode }}">', "cannot stand in the attribute 'srcset'"),
    ("<!-- {{ contact.title }} -->", "cannot stand in a comment"),
    ('<!--[if mso]><td width="{{ contact.title }}"><![endif]-->', "cannot stand in the attribute 'width'"),
    ('<a href="{{ contact.title }}">', "needs the filter 'urlencode'"),
    ('<img src="https://a.example/{{ contact.title }}.png">', "needs the filter 'urlencode'"),
    ('<a href="{{ contact.title | urlencode }}">', "cannot stand before the path of an address"),
    ('<a href="https://{{ contact.title | urlencode }}.example/">', "cannot stand before the path"),
    ('<a href="{{ contact.title | urlencode }}/{{ links.preferences }}">', "cannot stand before the path"),
    ('<a href="https://a.example/?u={{ links.preferences }}">', "needs the filter 'urlencode'"),
    ('<a href="javascript:x({{ contact.title | urlencode }})">', "cannot stand before the path"),
    ('<a href="{{ institution.website | default("https://a.example/") }}">', "needs the filter 'urlencode'"),
)


@pytest.mark.parametrize(("html", "why"), MISPLACED)
def test_a_misplaced_slot_is_an_error_with_its_line(html: str, why: str) -> None:
    said = why_refused(f"<p>\n{html}\n</p>")
    assert said.startswith("mail.mjml:2: {{ ")
    assert why in said


WELL_PLACED = (
    "<p>{{ contact.title }}</p>",
    "<title>{{ contact.title }}</title>",
    '<img alt="{{ contact.title }}" src="https://a.example/x.png">',
    "<img alt='{{ contact.title }}'>",
    '<p title="Dear {{ contact.title }} > {{ contact.first_name }}" aria-label="{{ contact.title }}">',
    '<a href="{{ links.unsubscribe }}">',
    '<a href="{{ links.preferences }}?from={{ contact.title | urlencode }}">',
    '<a href="https://a.example/x?c={{ contact.code | urlencode }}&n={{ contact.title | default("x") | urlencode }}">',
    '<a href="{{ "https://a.example/" ~ (contact.code | urlencode) }}">',
    '<a href="mailto:{{ contact.title | urlencode }}">',
    '<a href="{{ institution.website | url("https://a.example/") }}">',
    '<!--[if mso]><v:roundrect href="{{ links.preferences }}">{{ contact.title }}</v:roundrect><![endif]-->',
    "<!--[if !mso]><!-->{{ contact.title }}<!--<![endif]-->",
    "5 < 6 {{ contact.title }} > 4",
)


@pytest.mark.parametrize("html", WELL_PLACED)
def test_a_slot_in_text_in_an_attribute_for_people_or_encoded_in_an_address_is_good(html: str) -> None:
    compiled = compile_language(manuscript(html), witnesses=(), finish=same)
    assert any(isinstance(part, Slot) for part in compiled.variants[0].html)


def in_column(content: str) -> str:
    return f"<mjml><mj-body><mj-section>\n{content}\n</mj-section></mj-body></mjml>"


def test_what_mjml_swallows_is_named_with_tag_and_attribute() -> None:
    said = why_refused(in_column('<mj-column width="{{ contact.title }}"><mj-text>x</mj-text></mj-column>'), by_mjml)
    assert said == (
        "mail.mjml:2: {{ contact.title }} is lost on the way to HTML:"
        " the attribute 'width' of <mj-column> cannot hold it"
    )


def test_what_mjml_turns_into_a_style_is_named() -> None:
    said = why_refused(in_column('<mj-column><mj-text color="{{ contact.title }}">x</mj-text></mj-column>'), by_mjml)
    assert "mail.mjml:2: {{ contact.title }} cannot stand in the attribute 'style'" in said


def test_a_slot_that_stands_well_in_one_place_and_not_in_another_is_named_where_it_is_wrong() -> None:
    said = why_refused("<p>{{ contact.title }}</p>\n<p class='{{ contact.title }}'>{{ contact.title }}</p>")
    assert said.splitlines() == ["mail.mjml:2: {{ contact.title }} cannot stand in the attribute 'class'"]


def test_mjml_keeps_slots_in_texts_and_links() -> None:
    source = in_column(
        '<mj-column><mj-text>{{ contact.title }}</mj-text><mj-button href="{{ links.preferences }}">x</mj-button>'
        '<mj-image src="https://a.example/x.png" alt="{{ institution.name }}" /></mj-column>'
    )
    compiled = compile_language(manuscript(source), witnesses=(), finish=by_mjml)
    slots = [part.expression for part in compiled.variants[0].html if isinstance(part, Slot)]
    assert slots == [["field", "contact.title"], ["link", "preferences"], ["field", "institution.name"]]


def finding(word: str, message: str) -> Finish:
    """A `finish` that finds fault with the line of a word."""

    def finish(mjml: str) -> str:
        line = mjml[: mjml.index(word)].count("\n") + 1
        raise ProblemsFound([Problem(f"{message} {mjml.splitlines()[line - 1]}", "rendered", line, 3)])

    return finish


@pytest.mark.parametrize("plainly", [True, False])
def test_what_is_found_in_the_mjml_is_named_by_template_and_line(plainly: bool) -> None:
    made = manuscript(
        "one\n{% for n in [1, 2, 3] %}\n{% include 'part.mjml' %}\n{% endfor %}\n<b>{{ contact.title }}</b> end\n",
        sources={"part.mjml": Source("\nrow {{ n }}\n  <i>x{{ n }}</i>\n", "templates/part.mjml")},
    )

    def said(word: str) -> str:
        with pytest.raises(ProblemsFound) as caught:
            if plainly:
                renderer(made, finish=finding(word, "bad:"))(person(title="Dr"), LINKS)
            else:
                compile_language(made, witnesses=(), finish=finding(word, "bad:"))
        return str(caught.value)

    assert said("one") == "mail.mjml:1: bad: one"
    assert said("x2") == "templates/part.mjml:3: bad:   <i>x2</i>"
    assert said("row 3") == "templates/part.mjml:2: bad: row 3"
    assert said("end") == f"mail.mjml:5: bad: <b>{'Dr' if plainly else '{{ contact.title }}'}</b> end"


def test_markers_are_cut_in_one_pass_and_only_ours_are() -> None:
    marks, others = Marks(), Marks()
    mine = marks.mark(["field", "contact.title"], "html", (None, None))
    foreign = others.mark(["field", "contact.title"], "html", (None, None))
    assert marks.split(f"a{mine}{foreign}{mine}7") == ("a", marks.slots[0], foreign, marks.slots[0], "7")
    assert mine.isascii()
    assert mine.isalnum()
