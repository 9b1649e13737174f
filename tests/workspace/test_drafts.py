"""Drafts: what people wrote stays to the byte, new proposals come in, refreshing twice is refreshing once."""

from __future__ import annotations

import random
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from newsletter.errors import ProblemsFound
from newsletter.loading import load_yaml
from newsletter.model.article import Article
from newsletter.model.draft import Draft
from newsletter.workspace.drafts import DraftLayout, new_draft, refresh, vanished

PROPOSALS = {"lead": ["a"], "news": ["b", "c"], "empty": []}


def read(text: str) -> Draft:
    return load_yaml(text, "draft.yaml", Draft)


def articles(draft: Draft, section: str) -> list[str]:
    return [item.article for each in draft.sections if each.id == section for item in each.items]


def test_a_new_draft_proposes_and_explains() -> None:
    text = new_draft("Monthly 2026-12", PROPOSALS)
    draft = read(text)
    assert [each.id for each in draft.sections] == ["lead", "news", "empty"]
    assert [(item.id, item.article, item.state.value) for item in draft.items()] == [
        ("i1", "a", "new"),
        ("i2", "b", "new"),
        ("i3", "c", "new"),
    ]
    assert text.startswith("# Monthly 2026-12: ")
    assert read(new_draft("x", {})).sections == []


def test_new_proposals_go_to_the_end_of_their_section() -> None:
    text = refresh(new_draft("x", PROPOSALS), {"news": ["c", "d"], "empty": ["e"], "later": ["f"]})
    draft = read(text)
    assert [(each.id, [item.article for item in each.items]) for each in draft.sections] == [
        ("lead", ["a"]),
        ("news", ["b", "c", "d"]),
        ("empty", ["e"]),
        ("later", ["f"]),
    ]
    assert [item.id for item in draft.items()] == ["i1", "i2", "i3", "i4", "i5", "i6"]


CURATED = """\
# Ours: ask Ana before moving the lead
title: December   # internal
planned: 2026-12-01 09:00
sections:
    - id: news
      items:

      # the best comes first
      - {id: i3, article: c, state: in}
      - id: i2
        article: b
        state: out      # Luc: too long
        edits:
            fr:
                title: "« Entre guillemets »"
                summary: >-
                    Un résumé
                    sur deux lignes
            en:
                body: |
                    First line.

                    # A heading, no comment

    # the lead comes second this time
    - id: lead
      items: []     # a moved away
    - id: own
      items:
      - id: mine
        article: hand-added
        state: in
proposed: [a, b, c]
# the end"""


def test_hand_edits_stay_to_the_byte() -> None:
    text = refresh(CURATED, {"news": ["d"], "lead": ["a", "e"], "own": ["f"]})
    old, new = CURATED.split("\n"), text.rstrip("\n").split("\n")
    changed = [line for line in old if line not in new]
    assert changed == ["      items: []     # a moved away", "proposed: [a, b, c]"]  # lists that were closed
    assert "      items:     # a moved away" in new
    draft = read(text)
    assert [(each.id, articles(draft, each.id)) for each in draft.sections] == [
        ("news", ["c", "b", "d"]),
        ("lead", ["e"]),
        ("own", ["hand-added", "f"]),
    ]
    before = {item.id: item for item in read(CURATED).items()}
    assert {item.id: item for item in draft.items() if item.id in before} == before
    assert text.index("# A heading, no comment") < text.index("article: d") < text.index("# the lead comes second")


def test_a_line_taken_out_does_not_come_back_and_its_number_neither() -> None:
    text = new_draft("x", PROPOSALS).replace("      - id: i3\n        article: c\n        state: new\n", "")
    again = refresh(text, {"news": ["b", "c"]})
    assert again == text
    assert read(refresh(text, {"news": ["d"]})).items()[-1].id == "i4"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "# only a comment\n",
        "title: x",
        "sections:\n",
        "sections: []\n",
        "sections: [] # none yet\n",
        "sections:\n- id: news\n",
        "sections:\n- id: news\n  items:\n",
        "sections:\n- id: news\n  items:    # empty\n# end\n",
        "sections:\n- items: []\n  id: news\nproposed:\n",
        "sections:\n- id: other\n- id: news\n  items:\n    - id: i1\n      article: z\n\n\n# end",
        "sections: [{id: news, items: [{id: i1, article: z}]}]\nproposed: []\n",
        '{"sections": [{"id": "news", "items": [{"id": "i1", "article": "z", "state": "in"}]}], "proposed": ["z"]}',
        "sections:\n- id: news\n  items:\n  - id: i1\n    article: z\n"
        "    edits: {fr: {title: 'a\n\n      b'}}\nsubject: {en: x}\n",
        "---\nsections:\n- id: news\n...\n",
    ],
)
def test_layouts_of_all_kinds(text: str) -> None:
    try:
        new = refresh(text, {"news": ["n1", "n2"]})
    except DraftLayout:
        assert text.startswith(("{", "---"))
        return
    before, after = read(text), read(new)
    assert articles(after, "news") == [*articles(before, "news"), "n1", "n2"]
    assert after.title == before.title
    assert after.subject == before.subject
    assert new.count("#") >= text.count("#")
    assert refresh(new, {"news": ["n1", "n2"]}) == new


def test_where_no_line_can_be_put_the_draft_is_left_and_said_so() -> None:
    with pytest.raises(DraftLayout, match="write it in lines"):
        refresh("sections: [{id: news}]\n", {"news": ["a"]})


def test_what_is_no_draft_is_refused_with_the_place() -> None:
    with pytest.raises(ProblemsFound, match=r"^d\.yaml:2:.*did you mean 'sections'"):
        refresh("title: x\nsection: []\n", {"news": ["a"]}, "d.yaml")


def test_articles_that_are_gone_are_named_and_stay() -> None:
    draft = read(new_draft("x", PROPOSALS))
    library = {key: {"en": Article(key=key, language="en", title=key)} for key in "ab"}
    assert [item.article for item in vanished(draft, library)] == ["c"]


KEYS = st.sampled_from(["a", "b", "c", "gender-credits", "2211-x", "été", "12", "no", "إصلاح", "k:1", "d", "e", "f"])
SECTIONS = st.dictionaries(st.sampled_from(["lead", "news", "events"]), st.lists(KEYS, unique=True, max_size=4))


def unique(proposals: dict[str, list[str]]) -> dict[str, list[str]]:
    """An article is proposed for one section only."""
    seen: set[str] = set()
    result = {}
    for section, keys in proposals.items():
        result[section] = [key for key in keys if key not in seen]
        seen.update(keys)
    return result


def edited(text: str, seed: int) -> str:
    """As a person might: comments, blank lines, states, edits, an order changed, items taken out."""
    chance = random.Random(seed)
    lines = text.split("\n")
    items = [number for number, line in enumerate(lines) if line.startswith("      - id: ")]
    for number, following in pairwise(items):
        if following == number + 3 and chance.random() < 0.2:
            lines[number:following], lines[following : following + 3] = (
                lines[following : following + 3],
                lines[number:following],
            )
    for number in reversed(items):
        match chance.randrange(5):
            case 0:
                lines[number + 2 : number + 3] = ["        state: out  # no", "        edits: {fr: {title: 'Été'}}"]
            case 1:
                lines[number:number] = ["", "      # a thought"]
            case 2:
                lines[number + 2] += (
                    "\n        edits:\n          fr:\n            body: |\n              x\n\n              # y\n"
                )
            case 3:
                lines[number : number + 3] = []
    return chance.choice(["", "# first\n"]) + "\n".join(lines) + chance.choice(["", "# last", "\n\n# last\n"])


@settings(max_examples=50, deadline=None)
@given(first=SECTIONS, second=SECTIONS, seed=st.integers(0, 10_000))
def test_any_edit_survives_and_refreshing_is_idempotent(
    first: dict[str, list[str]], second: dict[str, list[str]], seed: int
) -> None:
    text = edited(new_draft("x", unique(first)), seed)
    before = read(text)
    proposals = unique(second)
    after = refresh(text, proposals)
    draft = read(after)
    kept = [item for item in draft.items() if item.article in {each.article for each in before.items()}]
    assert kept == before.items()
    assert {item.article for item in draft.items()} - before.known() == set().union(
        *proposals.values(), []
    ) - before.known()
    assert len({item.id for item in draft.items()}) == len(draft.items())
    assert refresh(after, proposals) == after
    lines = iter(after.split("\n"))
    untouched = [line for line in text.split("\n") if "items: []" not in line]
    assert all(line in lines for line in untouched if line)  # in order: nothing lost, nothing moved
