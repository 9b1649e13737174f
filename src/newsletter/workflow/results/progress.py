"""How far a send is, and who got it: read at a glance while it runs, and person by person afterwards.

Sums come from an index alone, so they may be read every second; what reads every row of a run (languages, domains) is
asked for apart.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import func, select, tuple_

from newsletter.errors import UsageError
from newsletter.i18n import say
from newsletter.model.delivery import DeliveryState, RunState, Sums
from newsletter.store import editions, ledger, runs
from newsletter.store.engine import reading
from newsletter.store.issues import IssueRow
from newsletter.store.people import Person
from newsletter.store.runs import RunRow
from newsletter.store.tables import delivery
from newsletter.workflow.context import Context
from newsletter.workflow.people.deliveries import DeliveryRow, listed
from newsletter.workflow.results.unreached import Unreached, nobody_reached

PAGE = 100
DOMAINS = 12
CAUSES = 12
UNREACHED = 200
STATES = tuple(each.value for each in DeliveryState)


@dataclass(frozen=True, slots=True)
class Now:
    """A run at a moment."""

    run: RunRow
    sums: Sums
    at: datetime

    @property
    def live(self) -> bool:
        return self.run.state in (RunState.LAUNCHING, RunState.SENDING)

    @property
    def done(self) -> int:
        return self.sums.audience - self.sums.open

    @property
    def seconds(self) -> float:
        return max(1.0, ((self.run.done_at or self.at) - self.run.launched_at).total_seconds())

    @property
    def rate(self) -> float:
        """Messages a minute, since the launch."""
        tried = self.done - self.sums[DeliveryState.SKIPPED]
        return 60 * tried / self.seconds

    @property
    def left(self) -> int | None:
        """Minutes, by the rate so far; none where nothing has moved."""
        return None if not self.rate or not self.sums.open else max(1, round(self.sums.open / self.rate))

    @property
    def bar(self) -> list[tuple[str, int, float, float]]:
        """State, number, start and width in percent of the audience: what is done first."""
        order = ("accepted", "rejected", "unconfirmed", "sending", "pending", "skipped")
        found, start = [], 0.0
        for state in order:
            number = self.sums[DeliveryState(state)]
            width = 100 * number / max(1, self.sums.audience)
            if number:
                found.append((state, number, round(start, 3), round(width, 3)))
            start += width
        return found


@dataclass(frozen=True, slots=True)
class Cause:
    """Deliveries that ended the same way, and what can be done about it."""

    state: str
    reason: str
    number: int
    advice: str


def runs_of(ctx: Context, issue: IssueRow) -> list[RunRow]:
    with reading(ctx.engine) as connection:
        return runs.of_issue(connection, issue.id)


def chosen(found: Sequence[RunRow], number: int | None) -> RunRow | None:
    """The run of a number; else the one under way, else the last real one, else the last."""
    if number is not None:
        return next((run for run in found if run.number == number), None)
    real = [run for run in found if not run.rehearsal]
    open_ = [run for run in found if run.state in (RunState.LAUNCHING, RunState.SENDING, RunState.PAUSED)]
    return next(iter([*reversed(open_), *reversed(real), *reversed(found)]), None)


def now(ctx: Context, run_id: int) -> Now:
    with reading(ctx.engine) as connection:
        return Now(runs.get(connection, run_id), ledger.run_sums(connection, run_id), ctx.clock.now())


# Why


def causes(ctx: Context, run_id: int) -> list[Cause]:
    """What was refused, is unknown or left out, by cause: the same reply for two addresses is one cause."""
    told = (DeliveryState.REJECTED, DeliveryState.UNCONFIRMED, DeliveryState.SKIPPED)
    statement = (
        select(delivery.c.state, delivery.c.reason, func.count().label("number"))
        .where(delivery.c.run_id == run_id, delivery.c.state.in_([state.value for state in told]))
        .group_by(delivery.c.state, delivery.c.reason)
    )
    counted: Counter[tuple[str, str]] = Counter()
    with reading(ctx.engine) as connection:
        for row in connection.execute(statement):
            counted[row.state, same_reply(row.reason or "")] += row.number
    return [Cause(*key, number, advice(*key)) for key, number in counted.most_common(CAUSES)]


_OWN = re.compile(r"<[^<>\s]*>|\S+@\S+|\b[0-9A-Za-z]*\d[0-9A-Za-z]{9,}\b")


def same_reply(reason: str) -> str:
    """A reply without what is one message's own: its address, its number in the server's queue."""
    return re.sub(r"\s+", " ", _OWN.sub("…", reason)).strip()


# By the enhanced status code (RFC 3463), else the reply code (RFC 5321); the first that fits.
_ADVICE = {
    r"gave up": say("The server did not take it for days. Ask the institution, or try again."),
    r"\b5\.1\.[0136]\b|user unknown|no such user|does not exist": say(
        "The address is dead: ask for another, mend it, then try again."
    ),
    r"\b[45]\.2\.2\b|mailbox full|quota": say(
        "The mailbox is full: try again in a few days, or write to another contact."
    ),
    r"\b5\.7\.\d+\b|spam|blocked|policy|denied": say(
        "The server refuses the sender: show its words to whoever looks after your mail domain (SPF, DKIM, DMARC)."
    ),
    r"\b5\.3\.4\b|\b552\b|too large|size": say("The message is too large for that server: make it smaller."),
    r"\b5\.4\.\d\b|\b5\.1\.2\b|dns|domain": say("The domain takes no mail: look whether it is spelt right."),
    r"\b55[0134]\b|\b5\.\d+\.\d+\b": say("The server refused it for good: its words say why."),
}


def advice(state: str, reason: str) -> str:
    """What to do, in one sentence; empty where nothing is to be done."""
    if state == DeliveryState.UNCONFIRMED.value:
        return say("Nobody knows whether it arrived: ask one of the recipients, then decide below.")
    if state == DeliveryState.SKIPPED.value:
        return say("Left out on purpose.") if "address" not in reason else say("Add an address, then make a later run.")
    found = (text for pattern, text in _ADVICE.items() if re.search(pattern, reason, re.IGNORECASE))
    return next(found, say("The server's words say why; try again once it is mended."))


# Who


Numbers = dict[str, dict[str, int]]  # name -> state -> number


def breakdown(ctx: Context, run_id: int) -> tuple[Numbers, Numbers]:
    """By language and by domain (the largest), those with the most contacts first. Reads every row of the run."""
    of = (delivery.c.language, delivery.c.domain, delivery.c.state)
    statement = select(*of, func.count().label("number")).where(delivery.c.run_id == run_id).group_by(*of)
    languages: dict[str, Counter[str]] = defaultdict(Counter)
    domains: dict[str, Counter[str]] = defaultdict(Counter)
    with reading(ctx.engine) as connection:
        for language, domain, state, number in connection.execute(statement):
            languages[language or ""][state] += number
            domains[domain or ""][state] += number
    return _largest(languages, None), _largest(domains, DOMAINS)


def _largest(found: dict[str, Counter[str]], limit: int | None) -> Numbers:
    ranked = sorted(found.items(), key=lambda pair: (-pair[1].total(), pair[0]))
    return {name: dict(numbers) for name, numbers in ranked[:limit]}


def page(
    ctx: Context,
    run_id: int,
    person: Person | None,
    *,
    state: str = "",
    after: tuple[str, int] | None = None,
    contacts: Sequence[int] | None = None,
    size: int = PAGE,
) -> tuple[list[DeliveryRow], tuple[str, int] | None]:
    """Deliveries of a run in order of state and id, and where the next page begins.

    `contacts`: of these alone, as a search found them.
    """
    where = [delivery.c.run_id == run_id]
    if state:
        if state not in STATES:
            raise UsageError(say("There is no state %(state)r.", state=state))
        where.append(delivery.c.state == state)
    if after is not None:
        where.append(delivery.c.id > after[1] if state else tuple_(delivery.c.state, delivery.c.id) > tuple_(*after))
    if contacts is not None:
        where.append(delivery.c.contact_id.in_(contacts))
    order = [delivery.c.id] if state else [delivery.c.state, delivery.c.id]
    rows = listed(ctx, where, order, size + 1, person)
    more = rows[size - 1] if len(rows) > size else None
    return rows[:size], (more.state, more.id) if more else None


def every(ctx: Context, run_id: int, person: Person | None, *, state: str = "") -> Iterator[DeliveryRow]:
    """All of them, read in pages."""
    after: tuple[str, int] | None = None
    while True:
        rows, after = page(ctx, run_id, person, state=state, after=after, size=1_000)
        yield from rows
        if after is None:
            return


def those_of(ctx: Context, run_id: int, ids: Sequence[int]) -> list[int]:
    """Of some deliveries those that belong to a run."""
    statement = select(delivery.c.id).where(delivery.c.id.in_(ids), delivery.c.run_id == run_id)
    with reading(ctx.engine) as connection:
        return list(connection.scalars(statement))


def rejected(ctx: Context, run_id: int) -> list[int]:
    """The deliveries of a run that were refused."""
    statement = select(delivery.c.id).where(
        delivery.c.run_id == run_id, delivery.c.state == DeliveryState.REJECTED.value
    )
    with reading(ctx.engine) as connection:
        return list(connection.scalars(statement))


def unreached(ctx: Context, issue: IssueRow, run: RunRow) -> list[Unreached]:
    """Institutions that nobody reached, in all real runs; of a rehearsal, in itself. Reads every row of them."""
    with reading(ctx.engine) as connection:
        edition = editions.get(connection, run.edition_id)
        of = [run] if run.rehearsal else [each for each in runs.of_issue(connection, issue.id) if not each.rehearsal]
    found = nobody_reached(ctx, edition, of)[:UNREACHED]
    return [replace(each, reason=same_reply(each.reason)) for each in found]
