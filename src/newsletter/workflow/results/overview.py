"""What a team is at: for each issue the facts that people ask for first. Nothing is composed here, so it is quick."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import exists, func, select

from newsletter.errors import NewsletterError
from newsletter.model.delivery import DeliveryState
from newsletter.model.draft import Draft
from newsletter.model.issue import IssueState
from newsletter.store import editions, issues, people
from newsletter.store.editions import EditionRow
from newsletter.store.engine import reading
from newsletter.store.issues import IssueRow
from newsletter.store.people import Person
from newsletter.store.tables import approval, contact, delivery, institution, issue, run
from newsletter.workflow.approving.approve import Standing, standing
from newsletter.workflow.context import Context, draft_path
from newsletter.workflow.drafts.keys import next_key
from newsletter.workflow.results.status import RunStatus, status_of
from newsletter.workflow.scheduling.agenda import Agenda, agenda, with_hopes


@dataclass(frozen=True, slots=True)
class Card:
    """One line of a list of issues."""

    row: IssueRow
    title: str
    publication: str
    languages: tuple[str, ...]
    changed_by: str
    zone: str


@dataclass(frozen=True, slots=True)
class Overview:
    """An issue as its own page shows it."""

    card: Card
    draft: Draft | None
    problem: NewsletterError | None  # why the draft cannot be read
    edition: EditionRow | None
    standing: Standing | None
    approved_by: tuple[str, ...]
    runs: tuple[RunStatus, ...]


@dataclass(frozen=True, slots=True)
class Needs:
    """What needs somebody now."""

    to_approve: list[Card]
    halted: list[Card]  # held, missed, paused
    sending: list[Card]
    drafts: list[Card]
    ready: list[Card]  # approved, or scheduled
    recent: list[Card]
    unconfirmed: list[tuple[str, int]]  # issue, number
    unreachable: int  # institutions without a contact that could be reached
    agenda: Agenda


@dataclass(frozen=True, slots=True)
class Coming:
    """The next issue of a campaign; `begun` where its draft is there."""

    campaign: str
    title: str
    key: str
    begun: bool


def cards(ctx: Context, campaign: str | None = None) -> list[Card]:
    """All issues, those that matter most first: planned or newest."""
    with reading(ctx.engine) as connection:
        rows = issues.all_issues(connection, campaign)
        names = {each.id: each.name for each in people.everybody(connection)}
    made = [_card(ctx, row, names) for row in with_hopes(ctx, rows)]
    return sorted(made, key=lambda card: (card.row.key, card.row.campaign), reverse=True)


def overview(ctx: Context, row: IssueRow) -> Overview:
    draft: Draft | None = None
    problem: NewsletterError | None = None
    try:
        draft = ctx.draft(row.campaign, row.key)
    except NewsletterError as error:
        problem = error
    with reading(ctx.engine) as connection:
        edition = editions.latest(connection, row.id)
        names = {each.id: each.name for each in people.everybody(connection)}
        by = select(approval.c.person_id).where(
            approval.c.edition_id == (edition.id if edition else 0),
            approval.c.void_at.is_(None),
            approval.c.decision == "approved",
        )
        approved_by = tuple(dict.fromkeys(names[id_] for id_ in connection.scalars(by.order_by(approval.c.id))))
    [shown] = with_hopes(ctx, [row])
    return Overview(
        card=_card(ctx, shown, names),
        draft=draft,
        problem=problem,
        edition=edition,
        standing=standing(ctx, edition) if edition else None,
        approved_by=approved_by,
        runs=status_of(ctx, row).runs,
    )


def needs(ctx: Context, person: Person) -> Needs:
    made = cards(ctx)

    def those(*states: IssueState) -> list[Card]:
        return [card for card in made if card.row.state in states]

    return Needs(
        to_approve=those(IssueState.IN_REVIEW),
        halted=those(IssueState.HELD, IssueState.MISSED, IssueState.PAUSED),
        sending=those(IssueState.SENDING),
        drafts=those(IssueState.DRAFT),
        ready=those(IssueState.APPROVED, IssueState.SCHEDULED),
        recent=those(IssueState.SENT)[:5],
        unconfirmed=_unconfirmed(ctx),
        unreachable=_unreachable(ctx),
        agenda=agenda(ctx, 2),
    )


def next_issues(ctx: Context) -> list[Coming]:
    """For each campaign its next issue, begun or not."""
    found = []
    for name in ctx.campaigns:
        try:
            key = next_key(ctx, name)
            found.append(Coming(name, ctx.campaign(name).title, key, ctx.documents.exists(draft_path(name, key))))
        except NewsletterError:  # a definition that cannot be read: checking names it
            continue
    return found


def _card(ctx: Context, row: IssueRow, names: dict[int, str]) -> Card:
    try:
        campaign = ctx.campaign(row.campaign)
        title, publication = campaign.title, campaign.publication
        languages = tuple(ctx.languages(campaign))
        zone = (campaign.recurrence.zone if campaign.recurrence else None) or ctx.settings.time_zone
    except NewsletterError:
        title, publication, languages, zone = row.campaign, "", (), ctx.settings.time_zone
    return Card(row, title, publication, languages, names.get(row.changed_by or 0, ""), zone)


def _unconfirmed(ctx: Context) -> list[tuple[str, int]]:
    statement = (
        select(issue.c.campaign, issue.c.key, func.count().label("number"))
        .select_from(delivery.join(issue, issue.c.id == delivery.c.issue_id).join(run, run.c.id == delivery.c.run_id))
        .where(delivery.c.state == DeliveryState.UNCONFIRMED.value, ~run.c.rehearsal)
        .group_by(issue.c.campaign, issue.c.key)
    )
    with reading(ctx.engine) as connection:
        return [(f"{row.campaign}/{row.key}", row.number) for row in connection.execute(statement)]


def _unreachable(ctx: Context) -> int:
    """Members without any active contact that has an address."""
    reached = exists().where(  # per institution, by its index: the first contact found is enough
        contact.c.institution_id == institution.c.id, contact.c.active, contact.c.address.is_not(None)
    )
    statement = select(func.count()).select_from(institution).where(institution.c.status != "left", ~reached)
    with reading(ctx.engine) as connection:
        return int(connection.execute(statement).scalar_one())


def find_row(ctx: Context, campaign: str, key: str) -> IssueRow | None:
    with reading(ctx.engine) as connection:
        return issues.find(connection, campaign, key)
