"""Curating a draft: what is meant is said, every other line stays, and what cannot be changed safely is refused."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from newsletter.errors import NewsletterError, UsageError
from newsletter.loading import load_yaml
from newsletter.model.draft import Draft, Edit, ItemState
from newsletter.workspace import curating
from newsletter.workspace.lines import DraftLayout

TEXT = """\
# Monthly digest, 2026-12
title:   "December"   # the internal name

sections:
  # what leads
  - id: lead
    items:
      # Ana: this one first
      - id: i1
        article: pension-reform
        state: new      # until Friday
        edits:
          fr:
            title: 'Une réforme'
            body: |-
              # Un titre

              - l'un

          # for the annex
          de: {title: "Eine Reform"}

      - {id: i2, article: counter, state: in}

  - id: members
    items: []   # nothing yet
  - id: events
    items:
    - id: i3
      article: forum   # has no state

# Kept by gathering
proposed:
  - pension-reform
  - counter
  - forum
  - taken-out
"""


def read(text: str) -> Draft:
    return load_yaml(text, "draft", Draft)


def order(text: str) -> dict[str, list[str]]:
    return {section.id: [item.id for item in section.items] for section in read(text).sections}


def others(before: str, after: str) -> tuple[list[str], list[str]]:
    """Lines that are gone, and lines that are new, wherever they stand."""
    gone, new = Counter(before.split("\n")), Counter(after.split("\n"))
    return list((gone - new).elements()), list((new - gone).elements())


def test_a_state_changes_one_word() -> None:
    assert curating.set_state(TEXT, "i1", ItemState.KEPT) == TEXT.replace("state: new ", "state: kept ")
    assert curating.set_state(TEXT, "i2", ItemState.OUT) == TEXT.replace("state: in}", "state: out}")
    gone, new = others(TEXT, curating.set_state(TEXT, "i3", ItemState.IN))
    assert (gone, new) == ([], ["      state: in"])


def test_a_move_takes_the_lines_with_their_comments() -> None:
    after = curating.move(TEXT, "i1", "lead")
    assert order(after)["lead"] == ["i2", "i1"]
    assert others(TEXT, after) == ([], [])
    assert after.index("# Ana: this one first") > after.index("id: i2")
    assert after.index("# what leads") < after.index("id: lead")


def test_a_move_to_another_indentation_and_to_a_new_section() -> None:
    after = curating.move(TEXT, "i1", "events", 0)
    assert order(after) == {"lead": ["i2"], "members": [], "events": ["i1", "i3"]}
    assert curating.find_item(read(after), "i1") == curating.find_item(read(TEXT), "i1")
    assert order(curating.move(after, "i1", "members")) == {"lead": ["i2"], "members": ["i1"], "events": ["i3"]}
    assert order(curating.move(TEXT, "i3", "voices"))["voices"] == ["i3"]


def test_an_edit_leaves_the_other_languages_as_they_were_written() -> None:
    edit = Edit(title="It's a “reform”: 100 %", body="One\n\n  two\n# three")
    after = curating.set_edit(TEXT, "i1", "en", edit)
    assert curating.find_item(read(after), "i1").edits["en"] == edit
    assert others(TEXT, after)[0] == []
    shorter = curating.set_edit(after, "i1", "en", Edit())
    assert shorter == TEXT
    french = curating.set_edit(TEXT, "i1", "fr", Edit(title="Autre"))
    assert "# for the annex" in french
    assert 'de: {title: "Eine Reform"}' in french


def test_a_first_edit_and_none_any_more() -> None:
    after = curating.set_edit(TEXT, "i3", "ar", Edit(title="إصلاح"))
    assert others(TEXT, after) == ([], ["      edits:", "        ar:", "          title: 'إصلاح'"])
    assert curating.set_edit(after, "i3", "ar", Edit()) == TEXT


def test_an_item_in_braces_takes_no_edit() -> None:
    with pytest.raises(DraftLayout):
        curating.set_edit(TEXT, "i2", "fr", Edit(title="x"))


def test_an_article_is_added_in_use_and_comes_from_where_it_is() -> None:
    after = curating.add(TEXT, "members", "new-one")
    assert order(after)["members"] == ["i5"]  # i4 was the one taken out
    assert curating.find_item(read(after), "i5").state is ItemState.IN
    again = curating.add(after, "lead", "new-one", 0)
    assert order(again) == {"lead": ["i5", "i1", "i2"], "members": [], "events": ["i3"]}


def test_an_article_that_was_taken_out_can_be_added_after_all() -> None:
    after = curating.add(TEXT, "members", "taken-out")
    assert [item.article for item in read(after).sections[1].items] == ["taken-out"]


def test_subjects_by_language() -> None:
    after = curating.set_line(TEXT, "subject", "fr", "Lettre : {{ issue.date | date('MMMM') }}")
    assert read(after).subject == {"fr": "Lettre : {{ issue.date | date('MMMM') }}"}
    assert others(TEXT, after)[0] == []
    both = curating.set_line(after, "subject", "ar", "النشرة")
    assert list(read(both).subject) == ["fr", "ar"]
    assert curating.set_line(curating.set_line(both, "subject", "ar", None), "subject", "fr", None) == TEXT
    assert read(curating.set_line("# nothing\n", "preview", "en", "Hello")).preview == {"en": "Hello"}
    flow = curating.set_line("subject: {en: Hello}\n", "subject", "fr", "Bonjour")
    assert read(flow).subject == {"en": "Hello", "fr": "Bonjour"}


def test_an_item_that_is_gone_is_named() -> None:
    with pytest.raises(UsageError, match="i9"):
        curating.set_state(TEXT, "i9", ItemState.IN)


PLACES = st.tuples(
    st.sampled_from(["i1", "i2", "i3"]), st.sampled_from(["lead", "members", "events"]), st.integers(0, 3)
)


@settings(deadline=None, max_examples=30)
@given(st.lists(PLACES, max_size=6))
def test_any_moves_keep_every_word(moves: list[tuple[str, str, int]]) -> None:
    text = TEXT
    for item, section, position in moves:
        text = curating.move(text, item, section, position)
        assert item in order(text)[section]
    assert {item.id: item for item in read(text).items()} == {item.id: item for item in read(TEXT).items()}
    for comment in ("# what leads", "# Ana: this one first", "# until Friday", "# for the annex", "# nothing yet"):
        assert comment in text


@settings(deadline=None, max_examples=30)
@given(st.text(), st.text(), st.sampled_from(["i1", "i3"]), st.sampled_from(["fr", "de", "no"]))
def test_any_text_is_kept_or_refused(title: str, body: str, item: str, language: str) -> None:
    edit = Edit(title=curating.one_line(title), body=curating.many_lines(body))
    after = curating.set_edit(TEXT, item, language, edit)
    assert curating.find_item(read(after), item).edits[language] == edit


@settings(deadline=None, max_examples=30)
@given(st.text(max_size=60))
def test_any_draft_is_changed_as_meant_or_refused(text: str) -> None:
    try:
        after = curating.set_state(text, "i1", ItemState.IN)
    except NewsletterError:
        return
    assert curating.find_item(read(after), "i1").state is ItemState.IN
