"""The template language: what differs from Jinja, and that errors name file and line."""

from __future__ import annotations

import dataclasses
import datetime
from typing import Any

import pytest
from markupsafe import Markup

from newsletter.errors import ProblemsFound
from newsletter.rendering.data import Record
from newsletter.rendering.manuscript import Body, Source, Strings
from newsletter.rendering.plain import renderer
from newsletter.rendering.proof import splice
from newsletter.rendering.variants import compile_language
from tests.rendering.making import LINKS, manuscript, person, same

ZOE = person(first_name="Zoë <b>", topics=["a", "b"])


def html(source: str, **context: Any) -> str:
    return renderer(manuscript(source, **context), finish=same)(ZOE, LINKS).html


def why(source: str, **context: Any) -> str:
    with pytest.raises(ProblemsFound) as caught:
        html(source, **context)
    return str(caught.value)


def test_none_prints_nothing_compares_false_and_computes_to_none() -> None:
    assert html("[{{ contact.title }}{{ contact.title ~ '' }}{{ '%s' % contact.title }}]") == "[]"
    assert html("{{ institution.population < 3 }}{{ institution.population >= 3 }}") == "FalseFalse"
    assert html("[{{ institution.population + 1 }}{{ -institution.population }}{{ 1 / 0 }}]") == "[]"
    assert html("{% for x in contact.title %}{{ x }}{% else %}none{% endfor %}") == "none"


def test_default_takes_the_empty_text_for_missing() -> None:
    for value in (None, ""):
        made = manuscript(text='{{ contact.title | default("colleague") }}')
        assert renderer(made, finish=same)(person(title=value), LINKS).text == "colleague"


def test_keys_of_data_come_before_the_methods_of_mappings() -> None:
    sections = [{"id": "a", "items": [{"title": "T"}], "keys": 3}]
    loop = "{% for s in sections %}{% for i in s.items %}{{ i.title }}{% endfor %}{{ s.keys }}{% endfor %}"
    assert html(loop, sections=sections) == "T3"


def test_html_escapes_and_text_does_not() -> None:
    word = "{{ word }}"
    made = manuscript(word + "{{ mark }}", text=word, subject=word, word="<", mark=Markup("<i>"))
    rendered = renderer(made, finish=same)(ZOE, LINKS)
    assert (rendered.html, rendered.text, rendered.subject) == ("&lt;<i>", "<", "<")


def test_subject_and_preview_are_known_to_the_templates() -> None:
    made = manuscript("{{ subject }}", subject="News for {{ contact.first_name }}")
    assert renderer(made, finish=same)(ZOE, LINKS).html == "News for Zoë &lt;b&gt;"


def test_blocks_leave_no_blank_lines() -> None:
    assert html("a\n  {% if true %}\nb\n  {% endif %}\nc") == "a\nb\nc"


FAULTS = (
    ("{{ nothing }}", "'nothing' is undefined"),
    ("{{ issue.titel }}", "There is no 'titel' here: did you mean 'title'?"),
    ("{{ contact.firstname }}", "There is no field 'contact.firstname': did you mean 'contact.first_name'?"),
    ("{{ institution.topics }}", "a list cannot be printed"),
    ("{% include 'mail.mj' %}", "There is no template 'mail.mj': did you mean 'mail.mjml'?"),
    ("{% if %}", "Expected an expression"),
    ("{{ 'x' | randomly }}", "No filter named 'randomly'"),
    ("{{ [1, 2] | random }}", "No filter named 'random'"),
    ("{{ lipsum() }}", "'lipsum' is undefined"),
    ("{{ issue.__class__.__mro__ }}", "There is no '__class__' here"),
    ("{{ issue.update({'title': 2}) }}", "There is no 'update' here"),
    ("{% set d = {} %}{{ d.update({'title': 2}) }}", "'update' of 'dict' object is unsafe"),
    ("{{ t('nope') }}", "There is no string 'nope': known: hello"),
    ("{{ range(9999999) }}", "Range too big"),
)


@pytest.mark.parametrize(("source", "message"), FAULTS)
def test_a_fault_has_file_and_line(source: str, message: str) -> None:
    said = why(f"one\ntwo\n{source}", issue={"title": "T"}, t=Strings({"hello": "Hello"}))
    assert said.startswith("mail.mjml:3: ")
    assert message in said


def test_a_fault_in_an_included_file_names_that_file() -> None:
    part = Source("\n{{ nothing }}", "templates/part.mjml")
    made = manuscript("x\n{% include 'part.mjml' %}", sources={"part.mjml": part})
    with pytest.raises(ProblemsFound, match=r"^templates/part.mjml:2: "):
        renderer(made, finish=same)(ZOE, LINKS)


def test_strings_take_values_by_name() -> None:
    strings = Strings({"hello": "Bonjour {name} ! {name} <", "plain": "Lire"})
    assert html("{{ t('plain') }} {{ t('hello', name=contact.first_name) }}", t=strings) == (
        "Lire Bonjour Zoë &lt;b&gt; ! Zoë &lt;b&gt; &lt;"
    )


def article(text: str, **context: Any) -> dict[str, Any]:
    return {
        "sources": {"articles/x.fr.html": Source(text, "articles/x.fr.md", (7, 9, 11), staff=True)},
        "item": {"title": "T", "body": Body("articles/x.fr.html", context)},
    }


def test_a_body_is_rendered_where_it_stands_and_its_fields_become_slots() -> None:
    text = "<p>{{ contact.first_name }}</p>\n{{ article.date | date }}"
    made = manuscript("<div>{{ item.body }}</div>", **article(text, article={"date": datetime.date(2026, 11, 18)}))
    compiled = compile_language(made, witnesses=(), finish=same)
    spliced = splice(compiled, ZOE, LINKS)
    assert spliced is not None
    assert spliced == renderer(made, finish=same)(ZOE, LINKS)
    assert spliced.html == "<div><p>Zoë &lt;b&gt;</p>\n18 novembre 2026</div>"


def test_a_fault_in_a_body_names_the_line_of_the_article() -> None:
    said = why("{{ item.body }}", **article("<p>\n{{ contact.firstname }}"))
    assert said.startswith("articles/x.fr.md:9: There is no field")


def test_a_misplaced_slot_in_a_body_names_the_line_of_the_article() -> None:
    with pytest.raises(ProblemsFound, match=r"^articles/x.fr.md:9: .* attribute 'class'"):
        compile_language(
            manuscript("{{ item.body }}", **article("<p>\n<b class='{{ contact.title }}'>")), witnesses=(), finish=same
        )


def test_safe_is_not_for_editors() -> None:
    assert why("{{ item.body }}", **article("\n{{ '<script>' | safe }}")) == (
        "articles/x.fr.md:9: the filter 'safe' is not for texts of editors"
    )


def test_templates_get_no_objects() -> None:
    with pytest.raises(TypeError, match=r"item\.thing is object"):
        html("x", item={"thing": object()})


def test_plain_values_are_unchanged_by_a_run() -> None:
    rows = [{"n": 1}]
    assert html("{% for r in rows %}{{ r.n }}{% endfor %}", rows=rows) == "1"
    assert rows == [Record(n=1)]


def test_a_personal_link_that_this_message_lacks_is_none() -> None:
    notice = dataclasses.replace(
        manuscript(
            "{% if links.unsubscribe %}<a href='{{ links.unsubscribe }}'>x</a>{% endif %}{{ links.preferences }}"
        ),
        personal=("preferences",),
    )
    compiled = compile_language(notice, witnesses=(), finish=same)
    assert [part if isinstance(part, str) else part.expression for part in compiled.variants[0].html] == [
        ["link", "preferences"]
    ]


def test_links_that_are_not_personal_are_plain_values() -> None:
    links = {"web": "https://w.example/", "web_versions": [{"language": "fr", "url": "https://w.example/fr"}]}
    source = "{{ links.web }} {% for v in links.web_versions %}{{ v.language }}{% endfor %}"
    assert html(source, links=links) == "https://w.example/ fr"


def test_a_staff_text_without_lines_claims_none() -> None:
    source = Source("\n{{ nothing }}", "a.md", staff=True)
    assert why("{{ item.body }}", sources={"a": source}, item={"body": Body("a")}) == "a.md: 'nothing' is undefined"
