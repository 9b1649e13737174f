"""Where an issue stands: state, edition, runs with their sums, and errors grouped by cause."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import func, select

from newsletter.model.delivery import DeliveryState
from newsletter.store import editions, issues, ledger, runs
from newsletter.store.engine import reading
from newsletter.store.issues import IssueRow
from newsletter.store.tables import delivery
from newsletter.workflow.approve import standing
from newsletter.workflow.context import Context

CAUSES = 10
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
