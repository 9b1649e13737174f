"""Sources -> draft: reads what the campaign's sections name, stores what came from outside, proposes what is new."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date

from newsletter.errors import Problem
from newsletter.gathering.bringing import Fetch, bring_named
from newsletter.gathering.fetch import fetch
from newsletter.gathering.gather import Desk, Gathered, folder, gather
from newsletter.gathering.gather import library_of as read_library
from newsletter.gathering.remembering import remember, remembered
from newsletter.gathering.selection import Occasion, propose
from newsletter.i18n import Tongue, say
from newsletter.loading import load_yaml
from newsletter.model.article import Library, outdated
from newsletter.model.campaign import Campaign
from newsletter.model.draft import Draft
from newsletter.model.permission import Action, require
from newsletter.rendering.content import issue_date
from newsletter.store import issues
from newsletter.store.engine import reading, writing
from newsletter.store.people import Person
from newsletter.workflow.content.pictures import addresses
from newsletter.workflow.context import Context, draft_path
from newsletter.workspace.documents import Write
from newsletter.workspace.drafts import new_draft, refresh, vanished


@dataclass(frozen=True, slots=True)
class Report:
    """What gathering found; `added` counts the new proposals by section."""

    path: str
    articles: int
    languages: list[str]
    added: dict[str, int]
    problems: list[Problem] = field(default_factory=list)
    notices: list[str] = field(default_factory=list)


def gather_issue(
    ctx: Context, name: str, key: str, person: Person, *, strict: bool = False, fetch: Fetch = fetch
) -> Report:
    """Fills or refreshes the draft of an issue. `strict`: ProblemsFound where any source cannot be read."""
    require(person.name, person.roles, Action.EDIT)
    campaign = ctx.campaign(name)
    path = draft_path(name, key)
    with reading(ctx.engine) as connection:
        known = remembered(connection)
    found = gather(name, campaign, Desk(ctx.documents, ctx.settings.languages, fetch, known), strict=strict)
    with ctx.documents.changing():  # only now: the sources took their time
        before = ctx.documents.text(path) if ctx.documents.exists(path) else None
        draft = load_yaml(before, path, Draft) if before is not None else Draft()
        occasion = Occasion(issue_date(key, _planned(draft)), draft, _earlier(ctx, name, key))
        proposals = propose(campaign, found.candidates, found.library, occasion)
        _write(ctx, found, person)
        title = f"{campaign.title}, {key}"
        text = new_draft(title, proposals) if before is None else refresh(before, proposals, path)
        ctx.documents.apply(Write(path, "gather", text.encode()), person.id)
    wanted = addresses(campaign, load_yaml(text, path, Draft), found.library, ctx.settings.languages)
    _bring_pictures(ctx, name, found, wanted, fetch, person)
    with writing(ctx.engine) as connection:
        row = issues.ensure(connection, name, key, person_id=person.id, now=ctx.clock.now())
        if text != before:
            issues.changed(connection, row.id, person_id=person.id, now=ctx.clock.now())
        remember(connection, found.answers, ctx.clock.now())
    return Report(
        path,
        len(found.library),
        sorted({tag for translations in found.library.values() for tag in translations}),
        {section: len(keys) for section, keys in proposals.items()},
        found.problems,
        [*found.notices, *found.lacking.values(), *_notices(draft, found.library, ctx)],
    )


def library_of(ctx: Context, name: str, campaign: Campaign) -> Library:
    """The articles that lie in the workspace; what cannot be read is left out (gathering and checking name it)."""
    return read_library(name, campaign, Desk(ctx.documents, ctx.settings.languages)).library


def _write(ctx: Context, found: Gathered, person: Person) -> None:
    for path, content in found.stored.items():
        ctx.documents.apply(Write(path, "gather", content), person.id)


def _bring_pictures(ctx: Context, name: str, found: Gathered, wanted: list[str], fetch: Fetch, person: Person) -> None:
    """What the issue shows from the web and nobody has brought over yet."""
    files = bring_named(wanted, lambda path: ctx.documents.exists(f"{folder(name)}/{path}"), fetch, found.lacking)
    for path, content in files.items():
        ctx.documents.apply(Write(f"{folder(name)}/{path}", "gather", content), person.id)


def _earlier(ctx: Context, name: str, key: str) -> list[Draft]:
    """The drafts of earlier issues, oldest first."""
    paths = [path for path in ctx.documents.list(f"campaigns/{name}/*.yaml") if not path.endswith("/campaign.yaml")]
    return [load_yaml(ctx.documents.text(path), path, Draft) for path in paths if path < draft_path(name, key)]


def _planned(draft: Draft) -> date | None:
    return date.fromisoformat(draft.planned[:10]) if draft.planned else None


def _notices(draft: Draft, library: Library, ctx: Context) -> list[str]:
    gone = [
        say("The article %(article)r of the draft is no longer there.", article=item.article)
        for item in vanished(draft, library)
    ]
    old = [
        say(
            "The %(language)s translation of %(title)r is older than the text it was made from (%(file)s).",
            language=Tongue(tag),
            title=article.title,
            file=article.file,
        )
        for translations in library.values()
        for tag, article in translations.items()
        if outdated(article, translations)
    ]
    return [*gone, *old]
