"""What people do to the draft of an issue: one operation at a time, on the newest version of its file.

Two people may work on one issue: an operation changes its own item alone. Only texts of the same item in the same
language can meet; then nothing is written, and `Conflict` holds both. Every write keeps the version before it.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from newsletter.errors import NewsletterError, UsageError
from newsletter.i18n import match, say
from newsletter.model.article import Article, Library
from newsletter.model.draft import Draft, Edit, Item, ItemState
from newsletter.model.permission import Action, require
from newsletter.store import versions
from newsletter.store.engine import reading
from newsletter.store.issues import IssueRow
from newsletter.store.people import Person
from newsletter.store.versions import Change
from newsletter.workflow.content.gather import library_of
from newsletter.workflow.content.rewriting import write_draft
from newsletter.workflow.context import Context, draft_path
from newsletter.workspace import curating
from newsletter.workspace.loading import load_yaml

Turn = Callable[[str, str], str]  # the file's text and its path -> the new text
USED = (ItemState.NEW, ItemState.IN)


@dataclass(frozen=True, slots=True)
class Texts:
    """What people read of an item in one language: the article's own words, or what staff put in their place."""

    title: str = ""
    summary: str = ""
    body: str = ""

    @property
    def hash(self) -> str:
        return hashlib.sha256("\0".join((self.title, self.summary, self.body)).encode()).hexdigest()[:16]


class Conflict(NewsletterError):
    """Somebody changed the same text meanwhile. Nothing was written; both versions are here."""

    def __init__(self, mine: Texts | str, theirs: Texts | str, change: Change | None) -> None:
        self.mine, self.theirs, self.change = mine, theirs, change
        who = change.person if change else say("Somebody")
        super().__init__(
            say("%(who)s changed this text while you wrote. Nothing is lost: both versions are below.", who=who)
        )


@dataclass(frozen=True, slots=True)
class Done:
    """`change` is the version to undo it by, None where nothing was other. `fallen`: which approval no longer holds."""

    change: int | None = None
    fallen: str | None = None


def set_state(ctx: Context, row: IssueRow, item: str, state: ItemState, person: Person) -> Done:
    return rewrite(
        ctx, row, f"set {item} to {state.value}", person, lambda text, path: curating.set_state(text, item, state, path)
    )


def move(ctx: Context, row: IssueRow, item: str, section: str, before: str | None, person: Person) -> Done:
    """To a section, before one of its items; None is the end."""
    _known_section(ctx, row, section)

    def turn(text: str, path: str) -> str:
        draft = load_yaml(text, path, Draft)
        there = [each.id for one in draft.sections if one.id == section for each in one.items if each.id != item]
        position = there.index(before) if before in there else None
        return curating.move(text, item, section, position, path)

    return rewrite(ctx, row, f"move {item} to {section}", person, turn)


def step(ctx: Context, row: IssueRow, item: str, by: int, person: Person) -> Done:
    """Up (-1) or down (1), past the next item of its section that is used; at the end of it, nothing."""

    def turn(text: str, path: str) -> str:
        section, place = curating.section_of(load_yaml(text, path, Draft), item)
        way = range(place + by, len(section.items) if by > 0 else -1, by)
        target = next((number for number in way if section.items[number].state in USED), None)
        return text if target is None else curating.move(text, item, section.id, target, path)

    return rewrite(ctx, row, f"move {item} {'up' if by < 0 else 'down'}", person, turn)


def add(ctx: Context, row: IssueRow, article: str, section: str, person: Person, position: int | None = None) -> Done:
    """An article that somebody chose, in use."""
    _known_section(ctx, row, section)
    if article not in library_of(ctx, row.campaign, ctx.campaign(row.campaign)):
        raise UsageError(say("There is no article %(article)r in this newsletter.", article=article))
    return rewrite(
        ctx,
        row,
        f"add {article} to {section}",
        person,
        lambda text, path: curating.add(text, section, article, position, path),
    )


def set_texts(
    ctx: Context, row: IssueRow, item: str, language: str, texts: Texts, person: Person, *, made_from: str
) -> Done:
    """What an item says in one language. `made_from`: the hash of the texts that the writer began with.

    What is the same as the article's own is not stored, so that a later change of the article comes through.
    """
    library = library_of(ctx, row.campaign, ctx.campaign(row.campaign))
    new = clean(texts)

    def turn(text: str, path: str) -> str:
        found = curating.find_item(load_yaml(text, path, Draft), item)
        now = texts_of(found, library, language)
        if now == new:
            return text
        if now.hash != made_from:
            raise Conflict(new, now, _last(ctx, path, f"edit {item} {language}"))
        return curating.set_edit(text, item, language, edit_for(found, library, language, new), path)

    return rewrite(ctx, row, f"edit {item} {language}", person, turn)


def set_line(
    ctx: Context, row: IssueRow, name: str, language: str, value: str, person: Person, *, made_from: str
) -> Done:
    """The subject or the preview text in one language; an empty one, or the campaign's own, is the campaign's."""
    usual = line_of(Draft(), getattr(ctx.campaign(row.campaign), name), name, language)
    new = curating.one_line(value) or usual

    def turn(text: str, path: str) -> str:
        now = line_of(load_yaml(text, path, Draft), {language: usual}, name, language)
        if now == new:
            return text
        if line_hash(now) != made_from:
            raise Conflict(new, now, _last(ctx, path, f"{name} {language}"))
        return curating.set_line(text, name, language, None if new == usual else new, path)

    return rewrite(ctx, row, f"{name} {language}", person, turn)


def undo(ctx: Context, row: IssueRow, change: int, person: Person) -> Done:
    """What was there before a change, if that was the last one; else the history leads to it."""
    newest = history(ctx, row, limit=1)
    if not newest or newest[0].id != change:
        raise UsageError(say("Somebody has changed the issue since: put an earlier version back from the history."))
    return put_back(ctx, row, change, person)


def put_back(ctx: Context, row: IssueRow, change: int, person: Person) -> Done:
    """The whole draft as it was before a change. It is written anew, so this too can be undone."""
    before = earlier(ctx, row, change)
    return rewrite(ctx, row, f"put back version {change}", person, lambda text, path: before)


def put_texts_back(ctx: Context, row: IssueRow, item: str, language: str, change: int, person: Person) -> Done:
    """An item's texts in one language as they were before a change; all else stays."""
    path = draft_path(row.campaign, row.key)
    found = curating.find_item(load_yaml(earlier(ctx, row, change), path, Draft), item)
    edit = found.edits.get(language) or Edit()
    return rewrite(
        ctx,
        row,
        f"edit {item} {language}, put back",
        person,
        lambda text, path: curating.set_edit(text, item, language, edit, path),
    )


def history(ctx: Context, row: IssueRow, operation: str = "", limit: int = 20) -> list[Change]:
    """The latest changes of the draft, newest first."""
    with reading(ctx.engine) as connection:
        return versions.changes(connection, draft_path(row.campaign, row.key), operation=operation, limit=limit)


@dataclass(frozen=True, slots=True)
class Told:
    """An operation taken apart, so that a page can say it in its reader's words."""

    what: str  # state, move, add, edit, picture, subject, preview, back, gather, copy, plan, push, other
    item: str = ""  # of the draft; for `add` the key of an article
    more: str = ""  # a state, a section or a way, a language, a time


_TOLD = (
    ("state", re.compile(r"set (?P<item>\S+) to (?P<more>\S+)")),
    ("move", re.compile(r"move (?P<item>\S+) (?:to )?(?P<more>\S+)")),
    ("add", re.compile(r"add (?P<item>\S+) to (?P<more>\S+)")),
    ("edit", re.compile(r"edit (?P<item>\S+) (?P<more>[\w-]+)(?:, put back)?")),
    ("picture", re.compile(r"picture (?P<item>\S+)")),
    ("subject", re.compile(r"subject (?P<more>\S+)")),
    ("preview", re.compile(r"preview (?P<more>\S+)")),
    ("back", re.compile(r"put back version \d+")),
    ("gather", re.compile(r"gather")),
    ("copy", re.compile(r"copy of (?P<more>\S+)")),
    ("plan", re.compile(r"plan for (?P<more>.+)")),
    ("push", re.compile(r"push")),
)


def told(operation: str) -> Told:
    for what, pattern in _TOLD:
        if (found := pattern.fullmatch(operation)) is not None:
            return Told(what, **found.groupdict())
    return Told("other", more=operation)


def earlier(ctx: Context, row: IssueRow, change: int) -> str:
    """The draft's text before a change."""
    with reading(ctx.engine) as connection:
        found = versions.before(connection, draft_path(row.campaign, row.key), change)
    if found is None:
        raise UsageError(say("There is no such version of this issue."))
    return found.decode("utf-8-sig")


def texts_of(item: Item, library: Library, language: str) -> Texts:
    """In one language; where the article lacks it, what staff wrote, else nothing."""
    article = article_in(item, library, language)
    edit = item.edits.get(language) or Edit()
    return Texts(
        *(
            value if (value := getattr(edit, name)) is not None else getattr(article, name, "")
            for name in ("title", "summary", "body")
        )
    )


def edit_for(item: Item, library: Library, language: str, texts: Texts) -> Edit:
    """What the draft holds for these texts: only what is other than the article's own."""
    own, new = texts_of(Item(id=item.id, article=item.article), library, language), clean(texts)
    values = {
        name: getattr(new, name) for name in ("title", "summary", "body") if getattr(new, name) != getattr(own, name)
    }
    kept = (item.edits.get(language) or Edit()).model_dump(include={"picture", "alt", "credit", "crop"})
    return Edit(**kept, **values)


def clean(texts: Texts) -> Texts:
    """As a draft can hold them."""
    return Texts(curating.one_line(texts.title), curating.many_lines(texts.summary), curating.many_lines(texts.body))


def article_in(item: Item, library: Library, language: str) -> Article | None:
    """The article itself in a language, or in one that stands for it (pt for pt-BR)."""
    translations = library.get(item.article, {})
    found = match([language], translations)
    return None if found is None else translations[found]


def line_of(draft: Draft, usual: Mapping[str, str], name: str, language: str) -> str:
    own: Mapping[str, str] = getattr(draft, name)
    return own[language] if language in own else usual.get(language, "")


@dataclass(frozen=True, slots=True)
class Line:
    """A subject or preview text: the issue's own, if it has one, and what the campaign says where it has none."""

    own: str
    usual: str

    @property
    def now(self) -> str:
        return self.own or self.usual

    @property
    def shown(self) -> str:
        """The campaign's words without what is filled in later: `Monthly digest, …`."""
        return " ".join(re.sub(r"\{%.*?%\}|\{#.*?#\}", "", re.sub(r"\{\{.*?\}\}", "…", self.usual)).split())


def own_line(draft: Draft, usual: Mapping[str, str], name: str, language: str) -> Line:
    own: Mapping[str, str] = getattr(draft, name)
    return Line(own.get(language, ""), usual.get(language, ""))


def line_hash(line: str) -> str:
    return Texts(line).hash


def rewrite(ctx: Context, row: IssueRow, operation: str, person: Person, turn: Turn) -> Done:
    """Reads the newest version, changes it and writes it, while no other operation does so."""
    require(person.name, person.roles, Action.EDIT)
    path = draft_path(row.campaign, row.key)
    with ctx.documents.changing():
        before = ctx.documents.text(path)
        after = turn(before, path)
        if after == before:
            return Done()
        fallen = write_draft(ctx, row, after, operation, person)
        last = _last(ctx, path, "")
    return Done(last.id if last else None, fallen)


def _last(ctx: Context, path: str, operation: str) -> Change | None:
    with reading(ctx.engine) as connection:
        return next(iter(versions.changes(connection, path, operation=operation, limit=1)), None)


def _known_section(ctx: Context, row: IssueRow, section: str) -> None:
    if section not in {each.id for each in ctx.campaign(row.campaign).sections}:
        raise UsageError(say("There is no section %(section)r in this newsletter.", section=section))
