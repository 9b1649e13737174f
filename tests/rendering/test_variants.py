"""Variants by the questions asked, their tree, and the limits."""

from __future__ import annotations

import pytest

from newsletter.errors import ProblemsFound
from newsletter.message.parts import CompiledLanguage
from newsletter.message.slots import field_values
from newsletter.message.tree import bind_tree, ways
from newsletter.model.recipient import Recipient
from newsletter.rendering.exploring import Limits
from newsletter.rendering.proof import compare, splice
from newsletter.rendering.variants import compile_language
from tests.rendering.making import LINKS, manuscript, people, person, same, shown


def compiled(html: str, *witnesses: Recipient, text: str = "", limits: Limits | None = None) -> CompiledLanguage:
    return compile_language(manuscript(html, text=text), witnesses=witnesses, finish=same, limits=limits)


def texts(language: CompiledLanguage) -> list[str]:
    return sorted(shown(variant.html) for variant in language.variants)


def for_person(language: CompiledLanguage, recipient: Recipient) -> str | None:
    spliced = splice(language, recipient, LINKS)
    return spliced.html if spliced else None


def test_both_answers_of_a_question_are_compiled_without_any_witness() -> None:
    made = compiled("{% if contact.vip %}A{% else %}B{% endif %}")
    assert texts(made) == ["A", "B"]
    assert made.fields == ("contact.vip",)
    assert made.complete
    assert (for_person(made, person(vip=True)), for_person(made, person())) == ("A", "B")


def test_one_tree_answers_for_subject_text_and_html() -> None:
    source = "{% if contact.vip %}A{% else %}B{% endif %}"
    made = compile_language(manuscript(source, text=source, subject=source), witnesses=(), finish=same)
    assert [(v.subject, v.text, v.html) for v in made.variants] == [(("A",),) * 3, (("B",),) * 3]


def test_answers_that_contradict_each_other_are_pruned() -> None:
    made = compiled(
        '{% if institution.region == "Africa" %}A{% endif %}{% if institution.region == "Asia" %}B{% endif %}'
        "{% if not institution.region %}0{% endif %}"
    )
    assert texts(made) == ["", "0", "A", "B"]


def test_numbers_between_bounds_are_told_apart() -> None:
    made = compiled(
        "{% if institution.population > 3 %}A{% endif %}{% if institution.population > 10 %}B{% endif %}"
        "{% if institution.population < 4 %}C{% endif %}"
    )
    assert texts(made) == ["", "A", "AB", "AC", "C"]


def test_topics_are_independent_but_no_topic_is_in_no_list() -> None:
    made = compiled(
        '{% if "a" in institution.topics %}A{% endif %}{% if "b" in institution.topics %}B{% endif %}'
        "{% if not institution.topics %}0{% endif %}"
    )
    assert texts(made) == ["", "0", "A", "AB", "B"]


def test_equal_texts_are_one_variant_and_idle_questions_are_not_asked() -> None:
    made = compiled("{% if contact.vip and contact.title %}A{% endif %}{% if contact.role %}B{% else %}B{% endif %}")
    assert texts(made) == ["AB", "B"]
    assert made.fields == ("contact.title", "contact.vip")
    said = {number: [" and ".join(map(str, way)) for way in found] for number, found in ways(made.tree).items()}
    assert said == {
        0: ["contact.vip and contact.title"],
        1: ["contact.vip and not (contact.title)", "not (contact.vip)"],
    }


def test_lengths_come_from_the_witnesses() -> None:
    loop = "{% for t in institution.topics %}{{ t }};{% endfor %}"
    made = compiled(loop, person(topics=["x"]), person(topics=["x", "y", "z"]))
    assert [for_person(made, person(topics=topics)) for topics in (["p"], ["p", "q"], ["p", "q", "r"])] == [
        "p;",
        None,
        "p;q;r;",
    ]


def test_a_value_is_asked_where_nothing_less_will_do() -> None:
    made = compiled("{{ {'Africa': 'Afrique'}[institution.region] | default('?') }}", person(region="Africa"), person())
    assert texts(made) == ["?", "Afrique"]
    assert for_person(made, person(region="Asia")) is None


CONDITIONS = "".join(f'{{% if "{n}" in institution.topics %}}{n}{{% endif %}}' for n in range(9))


def test_beyond_the_limit_only_the_witnesses_answers_are_compiled() -> None:
    made = compiled(CONDITIONS, person(topics=["1"]), person(topics=["2", "3"]))
    assert texts(made) == ["1", "23"]
    assert not made.complete
    assert for_person(made, person(topics=["5"])) is None


def test_six_conditions_are_compiled_with_all_answers() -> None:
    six = "".join(f'{{% if "{n}" in institution.topics %}}{n}{{% endif %}}' for n in range(6))
    made = compiled(six, person(topics=["1"]))
    assert len(made.variants) == 64
    assert made.complete


def test_too_many_variants_name_the_conditions_with_most_answers() -> None:
    witnesses = [person(population=number, vip=bool(number % 2)) for number in range(9)]
    source = "{% if contact.vip %}v{% endif %}\n{% for n in range(institution.population) %}{{ n }}{% endfor %}"
    with pytest.raises(ProblemsFound) as caught:
        compiled(source, *witnesses, limits=Limits(forced=3, witnessed=4))
    said = str(caught.value)
    assert "More than 4 versions of this message in 'fr' would be needed" in said
    assert said.index("institution.population (mail.mjml:2)") < said.index("contact.vip (mail.mjml:1): 2")


def test_many_conditions_that_lead_to_few_texts_are_no_trouble() -> None:
    made = compiled("{% if contact.vip and contact.title and contact.role and contact.code %}A{% endif %}" * 3)
    assert texts(made) == ["", "AAA"]


def test_compiling_twice_gives_the_same() -> None:
    source = (
        "{{ contact.first_name }}{% if contact.vip %}{{ contact.title | upper }}{% endif %}"
        "{% for t in institution.topics %}{{ t }}{% endfor %}{{ links.unsubscribe }}"
    )
    witnesses = people(30)
    assert compiled(source, *witnesses) == compiled(source, *reversed(witnesses))


def test_fields_are_those_of_slots_and_questions_in_order() -> None:
    made = compiled("{{ institution.name }}{{ contact.title ~ contact.code }}{% if contact.vip %}x{% endif %}")
    assert made.fields == ("contact.code", "contact.title", "contact.vip", "institution.name")


def test_the_tree_is_walked_over_the_values_alone() -> None:
    made = compiled("{% if contact.vip %}A{% else %}B{% endif %}{{ contact.title }}")
    leaf = bind_tree(made.tree, made.fields, "fr")
    recipient = person(vip=True, title="Dr")
    assert field_values(recipient, made.fields) == ("Dr", True)
    assert shown(made.variants[leaf(("Dr", True)) or 0].html).startswith("A")


def test_the_comparison_finds_what_splicing_gets_wrong() -> None:
    source = manuscript("<p>{{ contact.title }}</p>", text="{{ contact.title }}")
    other = compile_language(manuscript("<p>{{ contact.role }}</p>"), witnesses=(), finish=same)
    recipient = person(title="Dr", role="press")
    problems = compare(other, source, [recipient], links=LINKS, finish=same)
    assert [str(problem) for problem in problems] == [
        "The text for a test person in 'fr' differs from the plain one",
        "The HTML for a test person in 'fr' differs from the plain one",
    ]
    right = compile_language(source, witnesses=(), finish=same)
    assert compare(right, source, [recipient], links=LINKS, finish=same) == []


def test_a_contact_without_a_version_is_named() -> None:
    source = manuscript("{% for t in institution.topics %}x{% endfor %}")
    made = compile_language(source, witnesses=[person(topics=["a"])], finish=same)
    (problem,) = compare(made, source, [person(topics=["a", "b"])], links=LINKS, finish=same)
    assert str(problem) == "a test person has no version of this message in 'fr'"


def test_a_slot_that_fails_for_some_value_is_found_while_compiling() -> None:
    with pytest.raises(ProblemsFound, match=r"mail.mjml:2: .* cannot be computed: only numbers"):
        compiled("\n{{ contact.title * 2 }}")
