"""How many messages the campaign's last issue had: what a number far from it makes people look twice."""

from __future__ import annotations

from sqlalchemy import select

from newsletter.model.delivery import DeliveryState, RunState
from newsletter.store import ledger
from newsletter.store.engine import reading
from newsletter.store.issues import IssueRow
from newsletter.store.tables import issue as issue_table
from newsletter.store.tables import run as run_table
from newsletter.workflow.context import Context


def last_time(ctx: Context, issue: IssueRow) -> int | None:
    """How many messages the first send of the campaign's last other issue had."""
    chosen = (
        select(run_table.c.id)
        .join(issue_table, issue_table.c.id == run_table.c.issue_id)
        .where(issue_table.c.campaign == issue.campaign, issue_table.c.id != issue.id)
        .where(~run_table.c.rehearsal, run_table.c.state.in_([RunState.DONE.value, RunState.SENDING.value]))
        .order_by(issue_table.c.key.desc(), run_table.c.number)
        .limit(1)
    )
    with reading(ctx.engine) as connection:
        id_ = connection.execute(chosen).scalar()
        if id_ is None:
            return None
        sums = ledger.run_sums(connection, id_)
    return sums.audience - sums[DeliveryState.SKIPPED]
