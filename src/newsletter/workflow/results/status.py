"""Where an issue stands: state, edition, runs with their sums, and errors grouped by cause."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import func, select

from newsletter.errors import NewsletterError
from newsletter.model.delivery import DeliveryState
from newsletter.model.issue import IssueState
from newsletter.store import editions, issues, ledger, runs
from newsletter.store.engine import reading
from newsletter.store.issues import IssueRow
from newsletter.store.tables import delivery
from newsletter.workflow.approving.approve import standing
from newsletter.workflow.composing.compose import compose
from newsletter.workflow.context import Context
from newsletter.workflow.results.unreached import Unreached

CAUSES = 10
FROZEN = (IssueState.IN_REVIEW, IssueState.APPROVED, IssueState.SCHEDULED)
TOLD = (DeliveryState.REJECTED, DeliveryState.SKIPPED, DeliveryState.UNCONFIRMED)


@dataclass(frozen=True, slots=True)
class RunStatus:
    number: int
    rehearsal: bool
    state: str
    reason: str | None
    audience: int
    states: dict[str, int]
    balanced: bool
    sums: str
    causes: tuple[str, ...]

    @property
    def title(self) -> str:
        return f"rehearsal {self.number}" if self.rehearsal else f"run {self.number}"


@dataclass(frozen=True, slots=True)
class Status:
    issue: str
    state: str
    note: str | None
    edition: str | None
    runs: tuple[RunStatus, ...]
    changed: str | None = None  # what the files say since; looked for where one issue is asked for, as is the next
    unreached: tuple[Unreached, ...] = ()  # of a statutory notice


def status_of(ctx: Context, issue: IssueRow) -> Status:
    with reading(ctx.engine) as connection:
        row = issues.get(connection, issue.id)
        edition = editions.latest(connection, issue.id)
        found = []
        for run in runs.of_issue(connection, issue.id):
            sums = ledger.run_sums(connection, run.id)
            causes = connection.execute(
                select(delivery.c.state, delivery.c.reason, func.count().label("number"))
                .where(delivery.c.run_id == run.id, delivery.c.state.in_([state.value for state in TOLD]))
                .group_by(delivery.c.state, delivery.c.reason)
                .order_by(func.count().desc())
                .limit(CAUSES)
            )
            found.append(
                RunStatus(
                    run.number,
                    run.rehearsal,
                    run.state.value,
                    run.reason,
                    sums.audience,
                    {state.value: number for state, number in sums.counts.items()},
                    sums.balanced,
                    sums.line,
                    tuple(f"{each.number:,} {each.state}: {each.reason or 'no reason kept'}" for each in causes),
                )
            )
    shown = None
    if edition is not None:
        lacking = standing(ctx, edition).missing
        approval = f"lacks {' and '.join(lacking)}" if lacking else "approved"
        shown = f"edition {edition.number} ({', '.join(edition.languages)}), {approval}, hash {edition.hash[:12]}"
    return Status(row.name, row.state.value, row.note, shown, tuple(found))


def changed_since(ctx: Context, issue: IssueRow) -> str | None:
    """Whether the files say something else than the edition that is reviewed or approved: composes the issue."""
    with reading(ctx.engine) as connection:
        row = issues.get(connection, issue.id)
        edition = editions.latest(connection, issue.id)
    if edition is None or row.state not in FROZEN:
        return None
    try:  # "now" stands for no planned time as well, so one that is added later is not seen here
        same = compose(ctx, row, now=edition.definition["planned"] == "now").hash == edition.hash
    except NewsletterError:
        return f"the files have changed since edition {edition.number} and have errors: newsletter check {row.name}"
    if same:
        return None
    return f"the files have changed since edition {edition.number}: submit again to send what they say now"
