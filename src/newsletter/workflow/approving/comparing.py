"""An issue as it stands beside an earlier version: the one last approved, or the last issue of its campaign."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, exists, select

from newsletter.i18n import pick
from newsletter.loading import load_yaml
from newsletter.model.article import Library
from newsletter.model.draft import Draft, ItemState
from newsletter.store import editions, issues, links, versions
from newsletter.store.editions import EditionRow
from newsletter.store.engine import reading
from newsletter.store.issues import IssueRow
from newsletter.store.tables import approval, edition
from newsletter.workflow.approving import reviews
from newsletter.workflow.composing.composition import Composition
from newsletter.workflow.content.wording import Moves, Piece, moves, pieces
from newsletter.workflow.context import Context, draft_path
from newsletter.workflow.drafts.drafting import texts_of

USED = (ItemState.NEW, ItemState.IN)
CHANGES = 200  # of a draft's file that are looked through for what it said when a version was frozen


@dataclass(frozen=True, slots=True)
class Earlier:
    """What an issue is compared with."""

    issue: IssueRow
    edition: EditionRow


@dataclass(frozen=True, slots=True)
class Compared:
    """One language. `new`: the earlier version has nothing in it."""

    subject: list[Piece]
    text: list[Piece]
    items: Moves
    new: bool = False


def approved_version(ctx: Context, issue: IssueRow) -> Earlier | None:
    """The version of this issue that somebody approved last as a whole, void or not since."""
    given = exists().where(
        approval.c.edition_id == edition.c.id, approval.c.decision == "approved", approval.c.language.is_(None)
    )
    statement = select(edition.c.id).where(edition.c.issue_id == issue.id, given).order_by(edition.c.number.desc())
    with reading(ctx.engine) as connection:
        id_ = connection.scalar(statement.limit(1))
        return None if id_ is None else Earlier(issue, editions.get(connection, id_))


def last_issue(ctx: Context, issue: IssueRow) -> Earlier | None:
    """The issue before this one of which a version is kept."""
    with reading(ctx.engine) as connection:
        before = [each for each in issues.all_issues(connection, issue.campaign) if each.key < issue.key]
        for each in sorted(before, key=lambda row: row.key, reverse=True):
            if (kept := editions.latest(connection, each.id)) is not None:
                return Earlier(each, kept)
    return None


def compare(ctx: Context, made: Composition, earlier: Earlier, language: str, library: Library) -> Compared:
    """As anybody may see both."""
    items = _items(ctx, made, earlier, language, library)
    if language not in earlier.edition.languages:
        return Compared([], [], items, new=True)
    with reading(ctx.engine) as connection:
        old = reviews.frozen_lines(ctx, connection, earlier.edition, language)
        old = _addressed(ctx, earlier.issue, old, {row.number: row.original for row in _links(connection, earlier)})
    new = reviews.lines(ctx, made.languages[language].compiled, made.campaign.public)
    new = _addressed(ctx, made.issue, new, {number: target for target, number in made.links.items()})
    return Compared(pieces(old[:1], new[:1]), pieces(old[1:], new[1:]), items)


def _links(connection: Connection, earlier: Earlier) -> list[links.LinkRow]:
    return links.of_issue(connection, earlier.issue.id)


def _addressed(ctx: Context, issue: IssueRow, lines: list[str], targets: dict[int, str]) -> list[str]:
    """With the pages to which our links lead: their numbers say nothing, and are others in another issue."""
    ours = f"{ctx.settings.public_url}/l/{issue.id}/"

    def line(text: str) -> str:
        before, found, number = text.rpartition(ours)
        target = targets.get(int(number)) if found and number.isdecimal() else None
        return before + target if target else text

    return [line(each) for each in lines]


def _items(ctx: Context, made: Composition, earlier: Earlier, language: str, library: Library) -> Moves:
    then, now = _draft_at(ctx, earlier.issue, earlier.edition.frozen_at), made.draft
    titles: dict[str, str] = {}
    preference = (ctx.settings.default_language, *ctx.settings.languages)
    for draft in (then, now):
        for item in draft.items():
            own = texts_of(item, library, language).title
            article = pick(library.get(item.article, {}), language, *preference)
            titles[item.article] = own or (article.title if article else item.article)
    return moves(_order(then), _order(now), titles)


def _order(draft: Draft) -> dict[str, str]:
    return {each.article: one.id for one in draft.sections for each in one.items if each.state in USED}


def _draft_at(ctx: Context, issue: IssueRow, at: datetime) -> Draft:
    """What the draft's file said at a time; the first change after it kept that."""
    path = draft_path(issue.campaign, issue.key)
    with reading(ctx.engine) as connection:
        later = [each for each in versions.changes(connection, path, limit=CHANGES) if each.at > at]
        kept = (versions.before(connection, path, each.id) for each in reversed(later))
        text = next((each for each in kept if each is not None), None)  # a first push had nothing before it
    if text is not None:
        return load_yaml(text.decode("utf-8-sig"), path, Draft)
    return ctx.draft(issue.campaign, issue.key) if ctx.documents.exists(path) else Draft()
