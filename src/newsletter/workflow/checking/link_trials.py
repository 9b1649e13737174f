"""Trying the links of an issue: somebody asks, the queue of work tries, pages show what came of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from newsletter.checks.finding import Finding
from newsletter.gathering.fetch import Limits
from newsletter.gathering.reaching import Reached, reach
from newsletter.model.article import Library
from newsletter.model.permission import Action, require
from newsletter.store import link_trials
from newsletter.store.engine import reading, writing
from newsletter.store.issues import IssueRow
from newsletter.store.link_trials import TrialRow
from newsletter.store.people import Person
from newsletter.workflow.checking.link_checks import LOST, Link, as_led, lost
from newsletter.workflow.checking.mended_links import links_of
from newsletter.workflow.content.titles import titled
from newsletter.workflow.context import Context

SECONDS = 30.0  # for all links of an issue together


@dataclass(frozen=True, slots=True)
class Trial:
    """The last trial of an issue's links, held against the links as they are now."""

    row: TrialRow
    running: bool
    findings: list[Finding]
    answered: int
    nowhere: int
    untried: int  # no answer in time, or a host that may not be asked
    new: int  # not there when it was asked for

    @property
    def over(self) -> bool:
        return self.row.tried_at is not None

    @property
    def offline(self) -> bool:
        """No address at all could be tried."""
        return self.untried > 0 == self.answered + self.nowhere


def ask(ctx: Context, issue: IssueRow, standing: Sequence[Link], who: Person) -> None:
    """Has the links tried; whoever keeps the schedule does it."""
    require(who.name, who.roles, Action.EDIT)
    links = as_led(standing, links_of(ctx, issue))
    addresses = dict.fromkeys(each.address for each in links)
    with writing(ctx.engine) as connection:
        link_trials.ask(connection, issue.id, addresses, person_id=who.id, now=ctx.clock.now())


def carry_out(ctx: Context, issue_id: int, *, limits: Limits | None = None) -> None:
    """Only hosts that lie open on the Internet are asked (gathering.network)."""
    with reading(ctx.engine) as connection:
        row = link_trials.find(connection, issue_id)
    if row is None or row.tried_at is not None:
        return
    found = reach(row.addresses, limits=limits, seconds=SECONDS)
    silent = {address: each.value for address, each in found.items() if each is not Reached.ANSWERED}
    with writing(ctx.engine) as connection:
        link_trials.keep(connection, row, silent, ctx.clock.now())


def trial_of(ctx: Context, issue: IssueRow, standing: Sequence[Link], library: Library) -> Trial | None:
    """What is known of the links as they are now, with the titles of articles; None where nobody has asked."""
    with reading(ctx.engine) as connection:
        row = link_trials.find(connection, issue.id)
    if row is None:
        return None
    came = dict.fromkeys(row.addresses, Reached.ANSWERED)
    came |= {address: Reached(word) for address, word in (row.silent or {}).items()}
    links = as_led(standing, links_of(ctx, issue))
    now = {each.address for each in links}
    counts = Counter(came.get(address) for address in now)
    return Trial(
        row,
        running=row.running(ctx.clock.now()),
        findings=[titled(each, library) for each in lost(links, came)],
        answered=counts[Reached.ANSWERED],
        nowhere=sum(counts[each] for each in LOST),
        untried=counts[Reached.UNTRIED],
        new=counts[None],
    )
