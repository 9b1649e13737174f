"""The one place where parts are wired: opens a workspace and offers what the command line, the studio and scripts call.

    import newsletter as nl
    with nl.open("demo") as ws:
        issue = ws.gather("monthly", key="2026-12")
        edition = ws.compose(issue)
        edition.message("fr", recipient="a@b.example").html

Reading by script is free; sending needs an approval.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

from newsletter.audience.count import Count, count_segment, explain
from newsletter.clock import Clock, SystemClock
from newsletter.settings import load_secrets
from newsletter.store import issues
from newsletter.store.engine import reading, writing
from newsletter.store.issues import IssueRow
from newsletter.store.migrate import check_fingerprint, has_fingerprint, upgrade
from newsletter.workflow.audience import audience_rule, parse_rule
from newsletter.workflow.checking.edition import Edition
from newsletter.workflow.composing.compose import compose
from newsletter.workflow.content.gather import gather_issue
from newsletter.workflow.context import LOCAL, Context, issue_name
from newsletter.workflow.drafts.keys import next_key
from newsletter.workflow.home import enter_people, find_home
from newsletter.workflow.people import deliveries as listing


class Workspace:
    """An open workspace; close it, or use it as a context manager."""

    def __init__(self, context: Context) -> None:
        self.context = context

    def __enter__(self) -> Workspace:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        self.context.close()

    def issue(self, name: str) -> IssueRow:
        """An issue by `campaign/key`; a draft that lies in the workspace is an issue too."""
        campaign, key = issue_name(name)
        ctx = self.context
        ctx.draft(campaign, key)
        with writing(ctx.engine) as connection:
            return issues.ensure(connection, campaign, key, person_id=ctx.person(LOCAL).id, now=ctx.clock.now())

    def issues(self, campaign: str | None = None) -> list[IssueRow]:
        with reading(self.context.engine) as connection:
            return issues.all_issues(connection, campaign)

    def gather(self, campaign: str, *, key: str | None = None, person: str | None = None) -> IssueRow:
        """Fills or refreshes the draft of an issue, by default the next one."""
        ctx = self.context
        key = key or next_key(ctx, campaign)
        gather_issue(ctx, campaign, key, ctx.person(person))
        return self.issue(f"{campaign}/{key}")

    def compose(self, issue: IssueRow | str) -> Edition:
        """Compiles the issue as it stands; nothing is frozen or written."""
        row = self.issue(issue) if isinstance(issue, str) else issue
        return Edition(self.context, compose(self.context, row))

    def audience(self, rule: str) -> Segment:
        """Active contacts for whom a rule holds, whatever they are subscribed to."""
        return Segment(self.context, rule)

    def audience_of(self, campaign: str) -> Count:
        """Who would get a campaign's next issue, and who is left out and why."""
        ctx = self.context
        definition = ctx.campaign(campaign)
        rule = audience_rule(ctx, campaign, definition, ctx.languages(definition))
        with reading(ctx.engine) as connection:
            return explain(connection, rule, ctx.fields)

    def deliveries(
        self, issue: str, *, state: str | None = None, search: str | None = None, limit: int | None = None
    ) -> Sequence[listing.DeliveryRow]:
        return listing.deliveries(self.context, issue, state=state, search=search, limit=limit)


@dataclass(frozen=True, slots=True)
class Segment:
    context: Context
    rule: str

    def count(self) -> int:
        tree = parse_rule(self.context, self.rule)
        with reading(self.context.engine) as connection:
            return count_segment(connection, tree, self.context.fields)


def open_workspace(
    folder: str | Path = ".", *, clock: Clock | None = None, environment: Mapping[str, str] | None = None
) -> Workspace:
    """Opens a workspace; its database is made or upgraded, its keys are made at the first run."""
    env = os.environ if environment is None else environment
    root, ticking = Path(folder).resolve(), clock or SystemClock()
    home = find_home(root, env, ticking)
    secrets = load_secrets(root, env, make=not has_fingerprint(home.engine))
    upgrade(home.engine)
    check_fingerprint(home.engine, secrets.address_keys)
    enter_people(home.engine, home.settings, ticking)
    return Workspace(Context(root, home.settings, secrets, home.documents, home.engine, ticking))
