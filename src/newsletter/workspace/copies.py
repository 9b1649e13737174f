"""A draft like another one: what it says is copied, when it leaves and what has become of it is not."""

from __future__ import annotations

from collections.abc import Mapping
from io import StringIO
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.scalarstring import LiteralScalarString

from newsletter.i18n import say
from newsletter.loading import load_yaml
from newsletter.model.draft import Draft, Item
from newsletter.workspace.curating import DRAFT
from newsletter.workspace.drafts import HEADER
from newsletter.workspace.lines import DraftLayout


def copy_of(draft: Draft, title: str, file: str = DRAFT) -> str:
    """The file of a new draft: articles, order, states, edits, subjects; items are numbered anew."""
    meant = _renumbered(draft).model_copy(update={"title": None, "planned": None})
    text = f"{HEADER.format(title=title)}\n{_dumped(meant.model_dump(mode='json', exclude_defaults=True))}"
    if load_yaml(text, file, Draft) != meant:
        raise DraftLayout(
            say("%(file)s would not say what it is copied from: report this, and gather instead.", file=file)
        )
    return text


def _renumbered(draft: Draft) -> Draft:
    ids = iter(range(1, 1_000_000))

    def fresh(item: Item) -> Item:
        return item.model_copy(update={"id": f"i{next(ids)}"})

    sections = [each.model_copy(update={"items": [fresh(item) for item in each.items]}) for each in draft.sections]
    return draft.model_copy(update={"sections": sections})


def _dumped(data: Mapping[str, Any]) -> str:
    yaml, out = YAML(), StringIO()
    yaml.width, yaml.allow_unicode = 4096, True
    yaml.indent(mapping=2, sequence=4, offset=2)
    yaml.dump(_readable(data), out)
    return out.getvalue()


def _readable(value: Any) -> Any:
    """Texts of several lines as people write them."""
    if isinstance(value, Mapping):
        return {name: _readable(each) for name, each in value.items()}
    if isinstance(value, list):
        return [_readable(each) for each in value]
    return LiteralScalarString(value) if isinstance(value, str) and "\n" in value else value
