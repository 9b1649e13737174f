"""A new issue that begins as a copy of another one of its campaign."""

from __future__ import annotations

from newsletter.errors import UsageError
from newsletter.i18n import say
from newsletter.model.permission import Action, require
from newsletter.store import issues
from newsletter.store.engine import reading, writing
from newsletter.store.issues import IssueRow
from newsletter.store.people import Person
from newsletter.workflow.context import Context, draft_path
from newsletter.workflow.drafts.keys import next_key
from newsletter.workspace.copies import copy_of
from newsletter.workspace.documents import Write


def duplicate(ctx: Context, row: IssueRow, key: str, person: Person) -> IssueRow:
    """A draft with the other's content. Without a key it is the campaign's next issue.

    Approvals, planned times and what was sent belong to the other one alone.
    """
    require(person.name, person.roles, Action.EDIT)
    key = key.strip() or next_key(ctx, row.campaign)
    path, like = draft_path(row.campaign, key), ctx.draft(row.campaign, row.key)
    text = copy_of(like, f"{ctx.campaign(row.campaign).title}, {key}", path)
    with ctx.documents.changing():
        with reading(ctx.engine) as connection:
            taken = issues.find(connection, row.campaign, key) is not None
        if taken or ctx.documents.exists(path):
            raise UsageError(
                say("The issue %(issue)s is there already: give the copy another name.", issue=f"{row.campaign}/{key}")
            )
        ctx.documents.apply(Write(path, f"copy of {row.key}", text.encode()), person.id)
        with writing(ctx.engine) as connection:
            return issues.ensure(connection, row.campaign, key, person_id=person.id, now=ctx.clock.now())
