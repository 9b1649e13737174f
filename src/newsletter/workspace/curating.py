"""What people do to a draft: add and move items, set their states and edits, subjects and preview texts.

Each function takes the file's text and hands back the new one. Only the lines that say the changed thing are others;
comments and layout stay. The result is read again and compared with what was meant, so a file that is written in a
way that this module does not know is refused (DraftLayout), never damaged.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import TypeVar

from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from newsletter.errors import UsageError
from newsletter.i18n import say
from newsletter.loading import load_yaml
from newsletter.model.draft import Draft, DraftSection, Edit, Item, ItemState
from newsletter.workspace.drafts import refresh
from newsletter.workspace.lines import (
    DraftLayout,
    Lines,
    append,
    child_of,
    end_line,
    in_braces,
    insert,
    key_of,
    root_of,
    scalar,
)

V = TypeVar("V")

DRAFT = say("the draft")
LAYOUT = say(
    "%(file)s is written in a way that cannot be changed here: write one thing a line, or change it in the file."
)
BREAKS = re.compile(r"\r\n|[\r\x85\u2028\u2029]")
INVISIBLE = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ud800-\udfff\ufeff\ufffe\uffff]")


def set_state(text: str, item: str, state: ItemState, file: str = DRAFT) -> str:
    draft = load_yaml(text, file, Draft)
    meant = _mapped(draft, item, lambda each: each.model_copy(update={"state": state}))
    node = _item(text, item).node
    value = child_of(node, "state")
    if value is not None:
        new = text[: value.start_mark.index] + state.value + text[value.end_mark.index :]
    elif in_braces(node):
        last = node.value[-1][1].end_mark.index
        new = f"{text[:last]}, state: {state.value}{text[last:]}"
    else:
        article = child_of(node, "article")
        assert article is not None
        line = f"{' ' * node.start_mark.column}state: {state.value}"
        new = insert(text, end_line(text, article, node.start_mark.column), [line])
    return _verified(new, meant, file)


def set_edit(text: str, item: str, language: str, edit: Edit, file: str = DRAFT) -> str:
    """What replaces the article's own texts in one language; an empty edit takes the replacement out."""
    draft = load_yaml(text, file, Draft)
    edits = _with(find_item(draft, item).edits, language, None if edit == Edit() else edit)
    meant = _mapped(draft, item, lambda each: each.model_copy(update={"edits": edits}))
    node = _item(text, item).node
    if in_braces(node):
        raise DraftLayout(say(LAYOUT, file=file))
    present = child_of(node, "edits")
    if not edits or not isinstance(present, MappingNode) or in_braces(present):
        new = _put(text, node, "edits", (lambda indent: _edits(edits, indent)) if edits else None)
    else:
        lines = None if language not in edits else lambda indent: _edit(language, edit, indent)
        new = _put(text, present, language, lines)
    return _verified(new, meant, file)


def set_line(text: str, name: str, language: str, value: str | None, file: str = DRAFT) -> str:
    """`subject` or `preview` of an issue in one language; None gives the campaign's back."""
    draft = load_yaml(text, file, Draft)
    values = _with(getattr(draft, name), language, None if value is None else one_line(value))
    meant = draft.model_copy(update={name: values})
    root = root_of(text)
    present = child_of(root, name)

    def whole(indent: int) -> list[str]:
        return [f"{' ' * indent}{name}:", *(line for tag in values for line in _scalar(tag, values[tag], indent + 2))]

    if isinstance(present, MappingNode) and not in_braces(present) and values:
        lines = None if language not in values else lambda indent: _scalar(language, values[language], indent)
        new = _put(text, present, language, lines)
    elif present is not None and isinstance(root, MappingNode):
        new = _put(text, root, name, whole if values else None)
    elif isinstance(root, MappingNode) and values:
        new = insert(text, root.start_mark.line, whole(0))
    else:
        new = text if not values else "\n".join([text.rstrip("\n"), *whole(0), ""]).lstrip("\n")
    return _verified(new, meant, file)


def move(text: str, item: str, section: str, position: int | None = None, file: str = DRAFT) -> str:
    """An item to a place of a section, counted without the item itself; None is the end."""
    draft = load_yaml(text, file, Draft)
    meant = _moved(draft, item, section, position)
    place = _item(text, item)
    if in_braces(place.items):
        raise DraftLayout(say(LAYOUT, file=file))
    lines = text.split("\n")
    start, end = place.lines(text)
    taken = lines[start:end]
    rest = "\n".join([*lines[:start], *lines[end:]])
    return _verified(_put_item(rest, section, taken, position), meant, file)


def add(text: str, section: str, article: str, position: int | None = None, file: str = DRAFT) -> str:
    """An article that somebody chose, in use; where the draft has it already, it comes from there."""
    draft = load_yaml(text, file, Draft)
    if article not in {item.article for item in draft.items()}:
        text = refresh(_forgotten(text, draft, article), {section: [article]}, file)
        draft = load_yaml(text, file, Draft)
    item = next(item.id for item in draft.items() if item.article == article)
    return set_state(move(text, item, section, position, file), item, ItemState.IN, file)


def find_item(draft: Draft, item: str) -> Item:
    found = next((each for each in draft.items() if each.id == item), None)
    if found is None:
        raise UsageError(
            say("There is no item %(item)s in this issue any more: somebody has taken it out of its file.", item=item)
        )
    return found


def section_of(draft: Draft, item: str) -> tuple[DraftSection, int]:
    """Where an item stands: its section, and its place there."""
    for section in draft.sections:
        for number, each in enumerate(section.items):
            if each.id == item:
                return section, number
    raise UsageError(
        say("There is no item %(item)s in this issue any more: somebody has taken it out of its file.", item=item)
    )


def one_line(text: str) -> str:
    """A title or a subject as a form sends it: no line breaks, nothing invisible."""
    return re.sub(r"[ \n\t]+", " ", many_lines(text)).strip(" ")


def many_lines(text: str) -> str:
    """A body as a form sends it."""
    lines = INVISIBLE.sub("", BREAKS.sub("\n", text)).split("\n")
    return "\n".join(line if line.strip() else "" for line in lines).strip("\n").rstrip()


# Meant


def _mapped(draft: Draft, item: str, change: Callable[[Item], Item]) -> Draft:
    find_item(draft, item)
    sections = [
        each.model_copy(update={"items": [change(one) if one.id == item else one for one in each.items]})
        for each in draft.sections
    ]
    return draft.model_copy(update={"sections": sections})


def _moved(draft: Draft, item: str, section: str, position: int | None) -> Draft:
    moving = find_item(draft, item)
    lists = {each.id: [one for one in each.items if one.id != item] for each in draft.sections}
    target = lists.setdefault(section, [])
    target.insert(len(target) if position is None else max(0, position), moving)
    sections = [DraftSection(id=name, items=items) for name, items in lists.items()]
    return draft.model_copy(update={"sections": sections})


def _with(values: Mapping[str, V], key: str, value: V | None) -> dict[str, V]:
    kept = {name: each for name, each in values.items() if name != key or value is not None}
    return kept if value is None else kept | {key: value}


def _verified(text: str, meant: Draft, file: str) -> str:
    if load_yaml(text, file, Draft) != meant:
        raise DraftLayout(say(LAYOUT, file=file))
    return text


# Where things stand


class _Place:
    """An item among the items of a section."""

    def __init__(self, items: SequenceNode, node: MappingNode) -> None:
        self.items, self.node = items, node

    def lines(self, text: str) -> tuple[int, int]:
        """First line and the line after the last, with the comments right above it."""
        return _start(text, self.node, self.items), end_line(text, self.node, self.items.start_mark.column + 1)


def _item(text: str, item: str) -> _Place:
    sections = child_of(root_of(text), "sections")
    assert isinstance(sections, SequenceNode)
    for section in sections.value:
        items = child_of(section, "items")
        if not isinstance(items, SequenceNode):
            continue
        for node in items.value:
            name = child_of(node, "id")
            if isinstance(name, ScalarNode) and name.value == item:
                return _Place(items, node)
    raise DraftLayout(say(LAYOUT, file=say("The draft")))


def _start(text: str, node: Node, items: SequenceNode) -> int:
    lines, start = text.split("\n"), int(node.start_mark.line)
    while start and lines[start - 1].startswith(" " * items.start_mark.column + "#"):
        start -= 1
    return start


def _put_item(text: str, section: str, block: Sequence[str], position: int | None) -> str:
    sections = child_of(root_of(text), "sections")
    assert isinstance(sections, SequenceNode)
    names = [child_of(each, "id") for each in sections.value]
    node = next(
        (each for each, name in zip(sections.value, names, strict=True) if name and name.value == section), None
    )
    if node is None:

        def whole(indent: int) -> list[str]:
            blank = " " * indent
            return [f"{blank}- id: {scalar(section)}", f"{blank}  items:", *_indented(block, indent + 4)]

        return append(text, sections, "sections", whole)
    items = child_of(node, "items")
    if isinstance(items, SequenceNode) and items.value and position is not None and position < len(items.value):
        if in_braces(items):
            raise DraftLayout(say(LAYOUT, file=say("The draft")))
        line = _start(text, items.value[max(0, position)], items)
        return insert(text, line, _indented(block, items.start_mark.column))
    return append(text, items, "items", lambda indent: _indented(block, indent), node)


def _indented(block: Sequence[str], indent: int) -> list[str]:
    """Lines moved as a whole to the right or to the left; the first says how far."""
    shift = indent - (len(block[0]) - len(block[0].lstrip(" ")))
    if shift >= 0:
        return [" " * shift + line if line.strip() else line for line in block]
    return [line[min(-shift, len(line) - len(line.lstrip(" "))) :] for line in block]


def _put(text: str, parent: MappingNode, name: str, lines: Lines | None) -> str:
    """A key's lines in a block mapping: replaced, put at the end, or (None) taken out."""
    key, value, indent = key_of(parent, name), child_of(parent, name), parent.start_mark.column
    new = lines(indent) if lines is not None else []
    if key is None or value is None:
        return insert(text, end_line(text, parent, indent), new)
    start = key.start_mark.line
    end = max(start + 1, end_line(text, value, indent + 1))
    every = text.split("\n")
    return "\n".join([*every[:start], *new, *every[end:]])


def _forgotten(text: str, draft: Draft, article: str) -> str:
    """Without an article's line among those proposed, so that it can be put in again."""
    proposed = child_of(root_of(text), "proposed")
    if article not in draft.proposed or not isinstance(proposed, SequenceNode):
        return text
    place = draft.proposed.index(article)
    if in_braces(proposed):
        raise DraftLayout(say(LAYOUT, file=say("The draft")))
    lines = text.split("\n")
    del lines[proposed.value[place].start_mark.line]
    return "\n".join(lines)


# What lines say


def _edits(edits: Mapping[str, Edit], indent: int) -> list[str]:
    lines = (line for language, edit in edits.items() for line in _edit(language, edit, indent + 2))
    return [f"{' ' * indent}edits:", *lines]


def _edit(language: str, edit: Edit, indent: int) -> list[str]:
    values = edit.model_dump(exclude_none=True, exclude={"crop"})
    lines = [line for name, value in values.items() for line in _scalar(name, value, indent + 2)]
    if edit.crop is not None:
        sides = ", ".join(f"{name}: {value}" for name, value in edit.crop.plain().items())
        lines.append(f"{' ' * (indent + 2)}crop: {{{sides}}}")
    return [f"{' ' * indent}{scalar(language)}:", *lines]


def _scalar(name: str, value: str, indent: int) -> list[str]:
    """A short text in quotes, a long one as the lines that it has."""
    blank = " " * indent
    if "\n" not in value:
        quoted = value.replace("'", "''")
        return [f"{blank}{scalar(name)}: '{quoted}'"]
    sign = "|2-" if value.startswith((" ", "\n")) else "|-"
    lines = (f"{blank}  {line}" if line.strip() else "" for line in value.split("\n"))
    return [f"{blank}{scalar(name)}: {sign}", *lines]
