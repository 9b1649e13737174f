"""An article put into an issue from its own page: which issues have room for it, and where."""

from __future__ import annotations

from dataclasses import dataclass

from newsletter.errors import NewsletterError
from newsletter.i18n import pick
from newsletter.model.draft import ItemState
from newsletter.model.issue import IssueState
from newsletter.store import issues
from newsletter.store.engine import reading
from newsletter.store.issues import IssueRow
from newsletter.store.people import Person
from newsletter.workflow.context import Context
from newsletter.workflow.drafts import drafting
from newsletter.workflow.drafts.drafting import USED, Done

OPEN = (IssueState.DRAFT, IssueState.IN_REVIEW, IssueState.APPROVED, IssueState.SCHEDULED, IssueState.HELD)
MOST = 6  # issues that are offered, the newest


@dataclass(frozen=True, slots=True)
class Room:
    """An issue under way that does not use the article; `sections`: ids with their headings."""

    row: IssueRow
    sections: tuple[tuple[str, str], ...]


def rooms(ctx: Context, campaign: str, article: str, language: str) -> list[Room]:
    """`language`: of the headings."""
    sections = tuple(
        (each.id, pick(each.title, language) or next(iter(each.title.values()), each.id))
        for each in ctx.campaign(campaign).sections
    )
    return [Room(row, sections) for row in _open(ctx, campaign) if not _used(ctx, row, article)]


def using(ctx: Context, campaign: str, article: str) -> list[IssueRow]:
    """Issues under way in which it can be changed."""
    return [row for row in _open(ctx, campaign) if _used(ctx, row, article)]


def use(ctx: Context, row: IssueRow, article: str, section: str, person: Person) -> Done:
    """In use in a section, at its end; one that was kept or left out there comes back."""
    held = next((item for item in ctx.draft(row.campaign, row.key).items() if item.article == article), None)
    if held is None:
        return drafting.add(ctx, row, article, section, person)
    moved = drafting.move(ctx, row, held.id, section, None, person)
    done = drafting.set_state(ctx, row, held.id, ItemState.IN, person)
    return Done(done.change or moved.change, moved.fallen or done.fallen)


def _open(ctx: Context, campaign: str) -> list[IssueRow]:
    with reading(ctx.engine) as connection:
        rows = [row for row in issues.all_issues(connection, campaign) if row.state in OPEN]
    return sorted(rows, key=lambda row: row.key, reverse=True)[:MOST]


def _used(ctx: Context, row: IssueRow, article: str) -> bool:
    try:
        items = ctx.draft(row.campaign, row.key).items()
    except NewsletterError:  # checking names it
        return True
    return any(item.article == article and item.state in USED for item in items)
