"""The draft file campaigns/<name>/<key>.yaml: made, and refreshed with new proposals.

People write in these files. So refreshing only puts lines in, at places that the YAML parser gives: every byte that
was there stays, comments, order and layout with it. The result is read again and compared with what was meant before
it is handed back.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from ruamel.yaml.nodes import SequenceNode

from newsletter.errors import NewsletterError
from newsletter.i18n import say
from newsletter.loading import load_yaml
from newsletter.model.article import Library
from newsletter.model.draft import Draft, DraftSection, Item
from newsletter.workspace.lines import DraftLayout, append, child_of, root_of, scalar

Proposals = Mapping[str, Sequence[str]]  # section id -> article keys, in order

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


def new_draft(title: str, proposals: Proposals) -> str:
    """A first draft: every section of the campaign, those without a proposal empty."""
    lines = ["sections:"]
    numbers = iter(range(1, 1_000_000))
    for section, articles in proposals.items():
        lines.append(f"  - id: {scalar(section)}")
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
    sections = child_of(root_of(text), "sections")
    place = next((number for number, each in enumerate(draft.sections) if each.id == section), None)
    if place is None:
        return append(text, sections, "sections", lambda indent: _section(section, articles, numbers, indent))
    assert isinstance(sections, SequenceNode)
    node = sections.value[place]
    return append(text, child_of(node, "items"), "items", lambda indent: _items(articles, numbers, indent), node)


def _remember(text: str, articles: Sequence[str]) -> str:
    node = child_of(root_of(text), "proposed")
    if node is None:
        return "\n".join([text, PROPOSED, "proposed:", *_keys(articles, 2), ""])
    return append(text, node, "proposed", lambda indent: _keys(articles, indent))


# What lines say


def _section(section: str, articles: Iterable[str], numbers: Iterator[int], indent: int) -> list[str]:
    blank = " " * indent
    return [f"{blank}- id: {scalar(section)}", f"{blank}  items:", *_items(articles, numbers, indent + 4)]


def _items(articles: Iterable[str], numbers: Iterator[int], indent: int) -> list[str]:
    blank = " " * indent
    return [
        line
        for article in articles
        for line in (f"{blank}- id: i{next(numbers)}", f"{blank}  article: {scalar(article)}", f"{blank}  state: new")
    ]


def _keys(articles: Iterable[str], indent: int) -> list[str]:
    return [f"{' ' * indent}- {scalar(key)}" for key in articles]


def _last_number(draft: Draft) -> int:
    """Item numbers are never used again: as many articles as were proposed have had one."""
    given = [int(item.id[1:]) for item in draft.items() if item.id[:1] == "i" and item.id[1:].isdecimal()]
    return max([len(draft.proposed), *given])


def _verify(text: str, before: Draft, fresh: Proposals, file: str) -> None:
    """The new text must say what the old one said, and the new articles besides."""
    try:
        after = load_yaml(text, file, Draft)
    except NewsletterError as error:
        raise DraftLayout(say(_LAYOUT, file=file)) from error
    sections = {section.id: section.items for section in after.sections}
    added = {key: [item.article for item in sections.get(key, [])][-len(new) :] for key, new in fresh.items()}
    if added != {key: list(new) for key, new in fresh.items()} or _without(after, fresh) != _comparable(before):
        raise DraftLayout(say(_LAYOUT, file=file))


_LAYOUT = say("%(file)s is written in a way into which gathering cannot put new articles: write one thing a line.")


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
