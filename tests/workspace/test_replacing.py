"""An article takes another's place in a draft."""

from __future__ import annotations

from newsletter.loading import load_yaml
from newsletter.model.draft import Draft, Item, ItemState
from newsletter.workspace.replacing import replace_article

DRAFT = """# ours
sections:
  - id: main
    items:
      - id: one
        article: reform  # first
        state: {one}
      - id: two
        article: reforme
        state: in
        edits:
          fr:
            title: Titre
"""


def items(text: str) -> dict[str, Item]:
    return {item.id: item for item in load_yaml(text, "draft", Draft).items()}


def test_an_item_says_the_other_key_and_every_other_byte_stays() -> None:
    text = DRAFT.replace("{one}", "in")
    assert replace_article(text, "reforme", "new") == text.replace("article: reforme\n", "article: new\n")
    assert replace_article(text, "nowhere", "new") == text


def test_where_both_are_there_one_stays_with_the_edits_of_both() -> None:
    found = items(replace_article(DRAFT.replace("{one}", "out"), "reforme", "reform"))
    assert (found["one"].state, found["two"].state) == (ItemState.IN, ItemState.OUT)
    assert found["one"].edits["fr"].title == "Titre"
