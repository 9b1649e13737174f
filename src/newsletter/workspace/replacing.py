"""An article takes another's place in a draft: its item says the other key, or falls where both are there."""

from __future__ import annotations

from ruamel.yaml.nodes import Node, ScalarNode

from newsletter.i18n import say
from newsletter.loading import load_yaml
from newsletter.model.draft import Draft, Edit, ItemState
from newsletter.workspace.curating import DRAFT, LAYOUT, set_edit, set_state
from newsletter.workspace.lines import DraftLayout, child_of, root_of, scalar


def replace_article(text: str, gone: str, stays: str, file: str = DRAFT) -> str:
    """Edits of the item that falls go to the other, where that has none in the same language."""
    draft = load_yaml(text, file, Draft)
    items = {item.article: item for item in draft.items()}
    if gone not in items:
        return text
    if stays not in items:
        return _renamed(text, items[gone].id, stays, file)
    for language, edit in items[gone].edits.items():
        if language not in items[stays].edits and edit != Edit():
            text = set_edit(text, items[stays].id, language, edit, file)
    if items[gone].state is ItemState.IN and items[stays].state is not ItemState.IN:
        text = set_state(text, items[stays].id, ItemState.IN, file)
    return set_state(text, items[gone].id, ItemState.OUT, file)


def _renamed(text: str, item: str, article: str, file: str) -> str:
    value = _article(text, item)
    if not isinstance(value, ScalarNode):
        raise DraftLayout(say(LAYOUT, file=file))
    new = text[: value.start_mark.index] + scalar(article) + text[value.end_mark.index :]
    if {each.id: each.article for each in load_yaml(new, file, Draft).items()}.get(item) != article:
        raise DraftLayout(say(LAYOUT, file=file))
    return new


def _article(text: str, item: str) -> Node | None:
    for section in getattr(child_of(root_of(text), "sections"), "value", []):
        for node in getattr(child_of(section, "items"), "value", []):
            name = child_of(node, "id")
            if isinstance(name, ScalarNode) and name.value == item:
                return child_of(node, "article")
    return None
