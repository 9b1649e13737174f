"""A mistake in a merge field of one's own text is found where it stands, whether or not a template prints the text."""

from __future__ import annotations

import pytest

from newsletter.checks import Finding
from newsletter.rendering.merge_fields import NAMES, OWNERS, Known, mistakes
from newsletter.rendering.shield import Place
from newsletter.workflow.checking.check import check_composed
from tests.checks.conftest import Desk
from tests.rendering.making import FIELDS
from tests.workflow.office import ISSUE

OWN = "campaigns/news/articles/counter.en.md"
DRAFT = "campaigns/news/2026-12.yaml"
KNOWN = Known(FIELDS, {"article": ("title", "date"), "event": (), "dates": ("vote",)})


def write(desk: Desk, text: str) -> None:
    (desk.folder / "campaigns/news/articles/counter.en.txt").unlink()
    (desk.folder / OWN).write_text(text)


def found(desk: Desk) -> list[Finding]:
    workspace = desk.workspace
    every = check_composed(workspace.context, ISSUE, lambda: workspace.compose(ISSUE).composition)
    return [each for each in every if each.code == "merge-field"]


@pytest.mark.parametrize(
    ("text", "column", "told"),
    [
        (
            "Dear {{ contact.frist_name }},",
            17,
            "There is no field 'contact.frist_name': did you mean 'contact.first_na",
        ),
        ('{{ institution["regoin"] }}', 17, "did you mean 'institution.region'?"),
        ("{{ contcat.first_name }}", 4, "There is no 'contcat' here: did you mean 'contact'?"),
        ("{{ contact.first_name | upprcase }}", 25, "There is no filter 'upprcase'"),
        ("{{ links.unsubscrib }}", 10, "There is no 'unsubscrib' in 'links': did you mean 'unsubscribe'?"),
        ("{{ dates.voet }}", 10, "did you mean 'vote'?"),
        ("{{ event.start }}", 10, "There is no 'start' in 'event'"),
        ("{{ contact.first_name | safe }}", 25, "There is no filter 'safe'"),
        ("{{ contact.first_name | }}", 1, "expected token"),
    ],
)
def test_what_no_message_could_print(text: str, column: int, told: str) -> None:
    (problem,) = mistakes(f"A line.\n{text}", Place("a.md", 5), KNOWN)
    assert (problem.file, problem.line, problem.column) == ("a.md", 6, column)
    assert told in problem.message


@pytest.mark.parametrize(
    "text",
    [
        "{{ contact.first_name | default('you') }} {{ institution.population }}",
        "{{ article.title }} {{ dates.vote | date('long') }} {{ issue.key }} {{ links.web }}",
        "{{ 'a' if institution.region == 'Africa' else 'b' }}",
        "No field { here }, nor {{ one that is open",
    ],
)
def test_what_can_be_printed(text: str) -> None:
    assert list(mistakes(text, Place("a.md"), KNOWN)) == []


def test_a_body_that_no_template_prints_is_read_all_the_same(desk: Desk) -> None:
    for path in (*desk.folder.glob("templates/**/*.mjml"), *desk.folder.glob("templates/**/*.txt")):
        path.write_text(path.read_text().replace("item.body", "item.summary").replace("item.text", "item.summary"))
    write(desk, "---\ntitle: A counter\nsummary: It opens\n---\nText.\n\nDear {{ contact.frist_name }}\n")
    (finding,) = found(desk)
    assert finding.error
    assert str(finding).startswith(f"{OWN}:7:17: error merge-field: There is no field 'contact.frist_name'")
    assert [each.where.line for each in desk.definitions() if each.code == "merge-field"] == [7]


def test_all_mistakes_are_named_also_where_composing_fails_at_the_first(desk: Desk) -> None:
    write(desk, "---\ntitle: Dear {{ contact.nam }}\n---\n{{ contact.frist_name }}\n\n{{ institution.regoin }}\n")
    assert sorted((each.where.line, each.where.column) for each in found(desk)) == [(2, 24), (4, 12), (6, 16)]


def test_texts_of_a_draft_are_read_too(desk: Desk) -> None:
    line = desk.change(DRAFT, "article: counter", "article: counter\n        edits: {en: {body: '{{ contact.nam }}'}}")
    (finding,) = found(desk)
    assert (finding.where.file, finding.where.line) == (DRAFT, line + 1)


def test_braces_of_gathered_texts_mean_nothing(desk: Desk) -> None:
    write(desk, "---\ntitle: A\nsource: https://a.example/\n---\n{{ contact.frist_name }}\n")
    assert found(desk) == []


def test_the_names_are_those_that_a_message_has(desk: Desk) -> None:
    workspace = desk.workspace
    manuscript = workspace.compose(ISSUE).composition.languages["en"].manuscript
    known = {**manuscript.context, **dict.fromkeys((*OWNERS, "language", "subject", "preview"))}
    assert {*NAMES, *OWNERS} == set(known)
    for name, parts in NAMES.items():
        if parts is not None:
            assert set(parts) - {"unsubscribe", "preferences"} == set(manuscript.context[name])
