"""The draft file campaigns/<name>/<key>.yaml: made, and refreshed with new proposals.

People write in these files. So refreshing only puts lines in, at places that the YAML parser gives: every byte that
was there stays, comments, order and layout with it. The result is read again and compared with what was meant before
it is handed back.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.nodes import MappingNode, Node, SequenceNode

from newsletter.errors import NewsletterError
from newsletter.loading import load_yaml
from newsletter.model.article import Library
from newsletter.model.draft import Draft, DraftSection, Item

Proposals = Mapping[str, Sequence[str]]  # section id -> article keys, in order
Lines = Callable[[int], list[str]]  # indented by so many blanks

HEADER = """\
# {title}: which articles it has, in which section and order. Move lines, change states, add edits: what you
# change here stays when new articles are gathered.
#
# state   new: proposed, and used unless you say otherwise   in: used   kept: for a later issue   out: not used
# edits   per language, instead of the article's own, for example
#           edits:
#             fr: {{title: "...", summary: "..."}}
"""
PROPOSED = "# Kept by gathering: what was proposed so far. A line that you take out above does not come back."


class DraftLayout(NewsletterError):
    """The draft is written in a way into which no line can be put."""


def new_draft(title: str, proposals: Proposals) -> str:
    """A first draft: every section of the campaign, those without a proposal empty."""
    lines = ["sections:"]
    numbers = iter(range(1, 1_000_000))
    for section, articles in proposals.items():
        lines.append(f"  - id: {_scalar(section)}")
        lines += ["    items:", *_items(articles, numbers, 6)] if articles else ["    items: []"]
    keys = [key for articles in proposals.values() for key in articles]
    lines += ["", PROPOSED, "proposed:", *_keys(keys, 2)] if keys else []
    return HEADER.format(title=title) + "\n" + "\n".join(lines) + "\n"


def refresh(text: str, proposals: Proposals, file: str = "the draft") -> str:
    """The draft with what is new in the proposals: each at the end of its section, in state `new`.

    What the draft knows already is skipped, so refreshing twice is refreshing once. ProblemsFound where the file is
    no draft.
    """
    draft = load_yaml(text, file, Draft)
    known = draft.known()
    fresh = {
        section: [key for key in dict.fromkeys(articles) if key not in known] for section, articles in proposals.items()
    }
    fresh = {section: articles for section, articles in fresh.items() if articles}
    if not fresh:
        return text
    if not text.endswith("\n"):
        text += "\n"
    first = _last_number(draft) + 1
    for section in fresh:
        text = _add(text, draft, section, fresh[section], first)
        first += len(fresh[section])
    text = _remember(text, [key for articles in fresh.values() for key in articles])
    _verify(text, draft, fresh, file)
    return text


def vanished(draft: Draft, library: Library) -> list[Item]:
    """Items whose article is no longer there; they stay in the draft, and whoever gathers is told."""
    return [item for item in draft.items() if item.article not in library]


# Where lines go


def _add(text: str, draft: Draft, section: str, articles: Sequence[str], first: int) -> str:
    numbers = iter(range(first, first + len(articles)))
    sections = _child(_root(text), "sections")
    place = next((number for number, each in enumerate(draft.sections) if each.id == section), None)
    if place is None:
        return _append(text, sections, "sections", lambda indent: _section(section, articles, numbers, indent))
    assert isinstance(sections, SequenceNode)
    node = sections.value[place]
    return _append(text, _child(node, "items"), "items", lambda indent: _items(articles, numbers, indent), node)


def _remember(text: str, articles: Sequence[str]) -> str:
    node = _child(_root(text), "proposed")
    if node is None:
        return "\n".join([text, PROPOSED, "proposed:", *_keys(articles, 2), ""])
    return _append(text, node, "proposed", lambda indent: _keys(articles, indent))


def _append(text: str, node: Node | None, name: str, lines: Lines, parent: Node | None = None) -> str:
    """Puts block lines after the last item of a sequence, or makes it one where it is absent or empty."""
    if isinstance(node, SequenceNode) and node.value and not node.flow_style:
        indent = node.start_mark.column
        return _insert(text, _end_line(text, node, indent), lines(indent))
    if isinstance(node, SequenceNode) and node.value:
        return _append_flow(text, node, name, lines)
    if node is None:
        return _append_key(text, name, lines, parent)
    return _fill(text, node, name, lines, parent)


def _append_key(text: str, name: str, lines: Lines, parent: Node | None) -> str:
    """`name:` and its lines at the end of a mapping (the document's where no parent is given)."""
    if parent is None:
        return "\n".join([text.rstrip("\n"), f"{name}:", *lines(2), ""])
    if _in_braces(parent):
        raise DraftLayout(f"The draft's {name} have no place in a section written in braces: write it in lines.")
    indent = parent.start_mark.column
    return _insert(text, _end_line(text, parent, indent), [f"{' ' * indent}{name}:", *lines(indent + 2)])


def _fill(text: str, node: Node, name: str, lines: Lines, parent: Node | None) -> str:
    """`items: []` or `items:` with nothing behind becomes a list in lines; a comment there stays."""
    if parent is not None and _in_braces(parent):
        raise DraftLayout("A section written in braces takes no new lines: write it in lines.")
    key = _key(parent or _root(text), name)
    assert key is not None
    start, end = node.start_mark.index, node.end_mark.index
    if text[start:end].strip():
        text = text[:start].rstrip(" ") + text[end:]
    return _insert(text, key.start_mark.line + 1, lines(key.start_mark.column + 2))


def _append_flow(text: str, node: SequenceNode, name: str, lines: Lines) -> str:
    """A list within brackets: the new items behind the last."""
    last = node.value[-1].end_mark.index
    items = YAML(typ="safe", pure=True).load("\n".join(lines(0)))
    return text[:last] + "".join(f", {_flow(item)}" for item in items) + text[last:]


def _flow(item: Any) -> str:
    if isinstance(item, dict):
        return "{" + ", ".join(f"{name}: {_flow(value)}" for name, value in item.items()) + "}"
    if isinstance(item, list):
        return "[" + ", ".join(map(_flow, item)) + "]"
    return _scalar(item)


def _end_line(text: str, node: Node, indent: int) -> int:
    """The line after a block node. Its end mark lies behind blank lines and comments that belong to what follows."""
    lines = text.split("\n")
    end: int = node.end_mark.line if node.end_mark.column == 0 or _blank_before(lines, node) else node.end_mark.line + 1
    while end > node.start_mark.line + 1 and _belongs_to_next(lines[end - 1], indent):
        end -= 1
    return end


def _blank_before(lines: Sequence[str], node: Node) -> bool:
    """Whether the end mark stands at the start of the next thing's line."""
    return not lines[node.end_mark.line][: node.end_mark.column].strip()


def _belongs_to_next(line: str, indent: int) -> bool:
    stripped = line.strip()
    return not stripped or (stripped.startswith("#") and len(line) - len(line.lstrip()) < indent)


def _insert(text: str, number: int, new: Sequence[str]) -> str:
    lines = text.split("\n")
    return "\n".join([*lines[:number], *new, *lines[number:]])


def _root(text: str) -> Node | None:
    root: Node | None = YAML(typ="rt").compose(text)
    return root


def _child(node: Node | None, name: str) -> Node | None:
    pairs = node.value if isinstance(node, MappingNode) else ()
    return next((value for key, value in pairs if key.value == name), None)


def _key(node: Node | None, name: str) -> Node | None:
    pairs = node.value if isinstance(node, MappingNode) else ()
    return next((key for key, _ in pairs if key.value == name), None)


def _in_braces(node: Node) -> bool:
    return isinstance(node, (MappingNode, SequenceNode)) and bool(node.flow_style)


# What lines say


def _section(section: str, articles: Iterable[str], numbers: Iterator[int], indent: int) -> list[str]:
    blank = " " * indent
    return [f"{blank}- id: {_scalar(section)}", f"{blank}  items:", *_items(articles, numbers, indent + 4)]


def _items(articles: Iterable[str], numbers: Iterator[int], indent: int) -> list[str]:
    blank = " " * indent
    return [
        line
        for article in articles
        for line in (f"{blank}- id: i{next(numbers)}", f"{blank}  article: {_scalar(article)}", f"{blank}  state: new")
    ]


def _keys(articles: Iterable[str], indent: int) -> list[str]:
    return [f"{' ' * indent}- {_scalar(key)}" for key in articles]


def _scalar(text: str) -> str:
    """A text as YAML reads it back: plain where that is the same text, else in quotes."""
    plain = text.replace("-", "").replace("_", "")
    if plain.isalnum() and plain[0].isalpha() and text[0].isalpha() and text.lower() not in _WORDS:
        return text
    return "'" + text.replace("'", "''") + "'"


_WORDS = {"null", "true", "false", "yes", "no", "on", "off", "y", "n"}


def _last_number(draft: Draft) -> int:
    """Item numbers are never used again: as many articles as were proposed have had one."""
    given = [int(item.id[1:]) for item in draft.items() if item.id[:1] == "i" and item.id[1:].isdecimal()]
    return max([len(draft.proposed), *given])


def _verify(text: str, before: Draft, fresh: Proposals, file: str) -> None:
    """The new text must say what the old one said, and the new articles besides."""
    try:
        after = load_yaml(text, file, Draft)
    except NewsletterError as error:
        raise DraftLayout(_LAYOUT.format(file=file)) from error
    sections = {section.id: section.items for section in after.sections}
    added = {key: [item.article for item in sections.get(key, [])][-len(new) :] for key, new in fresh.items()}
    if added != {key: list(new) for key, new in fresh.items()} or _without(after, fresh) != _comparable(before):
        raise DraftLayout(_LAYOUT.format(file=file))


_LAYOUT = "{file} is written in a way into which gathering cannot put new articles: write one thing a line."


def _without(draft: Draft, fresh: Proposals) -> Draft:
    new = {key for articles in fresh.values() for key in articles}
    sections = [
        DraftSection(id=each.id, items=[item for item in each.items if item.article not in new])
        for each in draft.sections
    ]
    kept = [key for key in draft.proposed if key not in new]
    return _comparable(draft.model_copy(update={"sections": sections, "proposed": kept}))


def _comparable(draft: Draft) -> Draft:
    """Sections without items say nothing."""
    return draft.model_copy(update={"sections": [section for section in draft.sections if section.items]})
