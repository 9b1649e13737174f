"""Articles joined as translations of each other, and taken apart again: their files say one key, or each its own.

Issues that hold one of them follow: a draft says the key that stays, and what was approved falls.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, timedelta
from pathlib import PurePosixPath

from newsletter.errors import UsageError
from newsletter.gathering.amending import amended
from newsletter.gathering.naming import slug, split_name
from newsletter.gathering.pairing import Suggestion, suggestions
from newsletter.i18n import Tongue, match, say
from newsletter.loading import load_yaml
from newsletter.model.article import Library, Translations
from newsletter.model.draft import Draft
from newsletter.model.issue import IssueState
from newsletter.model.permission import Action, require
from newsletter.store import issues
from newsletter.store.engine import reading
from newsletter.store.people import Person
from newsletter.workflow.content.gather import library_of
from newsletter.workflow.content.rewriting import falls, write_draft
from newsletter.workflow.context import Context, draft_path
from newsletter.workspace.documents import Write
from newsletter.workspace.replacing import replace_article

Turn = Callable[[str, str], str]  # a draft's text and its path -> the new text
NEAR = timedelta(days=62)  # translations appear within weeks of each other
BUSY = (IssueState.SENDING, IssueState.PAUSED)
WAITING = (IssueState.IN_REVIEW, IssueState.APPROVED, IssueState.SCHEDULED, IssueState.HELD)


def likely(key: str, library: Library) -> list[Suggestion]:
    """What may be translations of an article, of the weeks around it."""
    day = _day(library.get(key, {}))
    near = {
        each: translations
        for each, translations in library.items()
        if day is None or (other := _day(translations)) is None or abs(other - day) <= NEAR
    }
    return suggestions(key, near)


def join(ctx: Context, campaign: str, stays: str, gone: str, person: Person) -> str:
    """The key that both have now: the first, unless its files alone can be changed."""
    require(person.name, person.roles, Action.EDIT)
    with ctx.documents.changing():
        library = library_of(ctx, campaign, ctx.campaign(campaign))
        one, other = _texts(library, stays), _texts(library, gone)
        both = {**one, **other}
        if stays == gone or set(one) & set(other):
            raise UsageError(say("Both articles have a text in the same language: they cannot be translations."))
        if not _writable(other):
            stays, gone, other = gone, stays, one
        if not _writable(other):
            raise UsageError(
                say(
                    "The files of these articles hold no key: give %(one)s and its translation the same name.", one=gone
                )
            )
        originals = _originals(ctx, both)
        writes = [
            write
            for tag, article in both.items()
            if (changes := ({"key": stays} if tag in other else {}) | originals.get(tag, {}))
            for write in _writes(ctx, {tag: article}, changes, f"join {gone} to {stays}")
        ]
        follow(ctx, campaign, {stays, gone}, person, lambda text, path: replace_article(text, gone, stays, path))
        for write in writes:
            ctx.documents.apply(write, person.id)
    return stays


def _originals(ctx: Context, translations: Translations) -> dict[str, dict[str, str]]:
    """What the texts say from now on of the one that they translate, where none was named and the file has a place.

    That is the text in the language that the workspace prefers: whoever joins has looked at both, as they are now.
    """
    unnamed = {tag: article for tag, article in translations.items() if article.made_from is None}
    first = match([ctx.settings.default_language, *ctx.settings.languages], unnamed) or next(iter(unnamed), None)
    return {
        tag: {"made_from": unnamed[first].text_hash}
        for tag, article in unnamed.items()
        if first is not None and tag != first and _writable({tag: article})
    }


def split(ctx: Context, campaign: str, key: str, language: str, person: Person) -> str:
    """Takes a translation out of its article; the key of the article that it is from now on."""
    require(person.name, person.roles, Action.EDIT)
    with ctx.documents.changing():
        library = library_of(ctx, campaign, ctx.campaign(campaign))
        article = _texts(library, key).get(language)
        if article is None or len(library[key]) == 1:
            raise UsageError(say("This article has no translation in %(language)s.", language=Tongue(language)))
        only = {language: article}
        if not _writable(only):
            raise UsageError(say("%(file)s holds no key: give the file another name.", file=article.file or ""))
        named = split_name(article.file or "", ctx.settings.languages)[0]
        new = named if named not in library else free_key(slug(article.title)[:60].strip("-") or "article", library)
        orphans = {
            tag: other
            for tag, other in library[key].items()
            if tag != language and other.made_from == article.text_hash and _writable({tag: other})
        }
        writes = _writes(ctx, only, {"key": new, "made_from": None}, f"split {language} from {key}")
        writes += _writes(ctx, orphans, {"made_from": None}, f"split {language} from {key}")
        follow(ctx, campaign, {key}, person)
        for write in writes:
            ctx.documents.apply(write, person.id)
    return new


def free_key(key: str, library: Library) -> str:
    """A key that no article has."""
    number = 2
    found = key
    while found in library:
        found, number = f"{key}-{number}", number + 1
    return found


def _texts(library: Library, key: str) -> Translations:
    if key not in library:
        raise UsageError(say("There is no article %(key)r in this newsletter.", key=key))
    return library[key]


def _writable(translations: Translations) -> bool:
    """Whether all files have a place for a key; those of other kinds are named by their file."""
    return all((article.file or "").endswith(".md") for article in translations.values())


def _writes(ctx: Context, translations: Translations, changes: Mapping[str, str | None], operation: str) -> list[Write]:
    return [
        Write(file, operation, amended(ctx.documents.text(file), file, changes).encode())
        for article in translations.values()
        if (file := article.file) is not None
    ]


def _as_it_is(text: str, _path: str) -> str:
    return text


def follow(
    ctx: Context, campaign: str, keys: set[str], person: Person, turn: Turn = lambda text, _: text
) -> str | None:
    """The issues that hold one of these articles: what was approved falls (says so), and `turn` changes the draft.

    All is looked at before anything is written.
    """
    changes = {}
    for path in ctx.documents.list(f"campaigns/{campaign}/*.yaml"):
        if path != f"campaigns/{campaign}/campaign.yaml":
            text = ctx.documents.text(path)
            if keys & {item.article for item in load_yaml(text, path, Draft).items()}:
                changes[PurePosixPath(path).stem] = (text, turn(text, path))
    with reading(ctx.engine) as connection:
        rows = {issue: issues.find(connection, campaign, issue) for issue in changes}
    for issue, row in rows.items():
        if row is not None and row.state in BUSY:
            raise UsageError(say("The issue %(issue)s is being sent: do this when that is over.", issue=issue))
    fallen: list[str | None] = []
    for issue, (before, after) in changes.items():
        row = rows[issue]
        if before != after and row is not None and row.state is not IssueState.SENT:
            fallen.append(write_draft(ctx, row, after, "join articles", person))
        elif before != after:
            ctx.documents.apply(Write(draft_path(campaign, issue), "join articles", after.encode()), person.id)
        elif row is not None and row.state in WAITING:
            fallen.append(falls(ctx, row, person))
    return next((each for each in fallen if each), None)


def _day(translations: Translations) -> date | None:
    return next((article.date for article in translations.values() if article.date), None)
