"""Edition -> launch -> dispatch: one message per contact, through the transport that the approval names."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Protocol
from zoneinfo import ZoneInfo

from newsletter.audience.count import Count
from newsletter.audience.select import recipients
from newsletter.audience.sql import field_columns
from newsletter.dispatch import launch as launching
from newsletter.dispatch.engine import dispatch
from newsletter.dispatch.lock import launch_lock
from newsletter.dispatch.post import Letter, Post, Progress, Report
from newsletter.dispatch.signals import stop_on_signals
from newsletter.dispatch.transports import make_transport
from newsletter.dispatch.transports.base import Transport
from newsletter.errors import NewsletterError, UsageError
from newsletter.i18n import Listed, Moment, say
from newsletter.message import mime, splice
from newsletter.message.envelope import DeliveryData, Personal
from newsletter.message.mime import Template
from newsletter.message.parts import Tree
from newsletter.message.tree import bind_tree
from newsletter.model.approval import NotApproved
from newsletter.model.campaign import Canary
from newsletter.model.contact import NAME_FIELDS, full_name
from newsletter.model.delivery import RunState
from newsletter.model.issue import IN_WORDS, IssueState, Step
from newsletter.model.permission import Action, require
from newsletter.settings import OutboxSettings, provider_secret
from newsletter.store import editions, issues, runs
from newsletter.store.editions import EditionRow
from newsletter.store.engine import reading, writing
from newsletter.store.issues import IssueRow
from newsletter.store.ledger import Claimed, Watch
from newsletter.store.ledger.layout import NO_WAVES
from newsletter.store.people import Person
from newsletter.store.runs import RunRow
from newsletter.tokens import KeyRing
from newsletter.workflow.approving.approve import latest_edition, standing
from newsletter.workflow.approving.freeze import count_for, to_serve
from newsletter.workflow.audience import frozen_rule
from newsletter.workflow.composing.envelopes import restore
from newsletter.workflow.context import Context
from newsletter.workflow.sending.origin import check_origin
from newsletter.workflow.sending.waves import by_zone

DKIM_KEY = "NEWSLETTER_DKIM_KEY"
LOOK = 0.2  # seconds between looks whether a thread is to stop


class Stopping(Protocol):
    """Says whether a dispatch is to drain; a `threading.Event` does."""

    def is_set(self) -> bool: ...


@dataclass(frozen=True, slots=True)
class Plan:
    """What a send would do, for people to read before they say yes."""

    issue: IssueRow
    edition: EditionRow
    rehearsal: bool
    transport: str
    count: Count
    recipients: int  # whom this run would reach: in a later run, those not served yet
    approved: int | None  # the number that was approved; a rehearsal reaches nobody and is not held to it
    open_run: RunRow | None  # a run that was begun and is not done: it goes on
    complete: RunRow | None  # a rehearsal of this very edition that is done
    seen: int = 0  # the number of the issue's latest run


class LaunchedMeanwhile(NewsletterError):
    """Another run of the issue was launched since the plan was made; nothing was done."""


def plan_send(ctx: Context, issue: IssueRow, *, rehearse: bool = False) -> Plan:
    """NotApproved where the edition lacks an approval; UsageError where nothing says how to send.

    A run that was begun goes on with its own edition, whatever was frozen since: its approval was looked at when it
    was launched.
    """
    edition = latest_edition(ctx, issue)
    transport = _transport_name(ctx, edition, rehearse)
    rehearsal = isinstance(ctx.settings.transports[transport], OutboxSettings)
    with reading(ctx.engine) as connection:
        begun = runs.of_issue(connection, issue.id)
        mine = [run for run in begun if run.rehearsal == rehearsal and (not rehearsal or run.edition_id == edition.id)]
        open_run = next((run for run in mine if run.state not in (RunState.DONE, RunState.CANCELLED)), None)
        if open_run is not None:
            edition, transport = editions.get(connection, open_run.edition_id), open_run.transport
    now = standing(ctx, edition)
    if now.missing and open_run is None:
        raise NotApproved(
            say(
                "Edition %(number)s of %(issue)s lacks %(missing)s: `newsletter approve %(issue)s --as PERSON`.",
                number=edition.number,
                issue=issue.name,
                missing=Listed(now.missing, "and"),
            )
        )
    done = [each for each in mine if each.state is RunState.DONE]
    complete = done[-1] if rehearsal and done else None
    count = count_for(ctx, issue, edition)
    return Plan(
        issue=issue,
        edition=edition,
        rehearsal=rehearsal,
        transport=transport,
        count=count,
        recipients=count.recipients if rehearsal else to_serve(ctx, issue, edition),
        approved=None if rehearsal else now.approved,
        open_run=open_run,
        complete=complete,
        seen=max((each.number for each in begun), default=0),
    )


def launch(
    ctx: Context,
    plan: Plan,
    person: Person,
    on_progress: Callable[[int, int], None] | None = None,
    *,
    early: bool = False,
) -> int:
    """Begins a run, or finishes the launch of the one that was begun; says its id. LaunchHeld needs a person.

    `early`: now, although another time was approved; else that is a UsageError.
    """
    require(person.name, person.roles, Action.APPROVE)
    if not early:
        _check_time(ctx, plan)
    if not plan.rehearsal:
        check_origin(ctx)
    with launch_lock(ctx.engine, plan.issue.id):
        if plan.open_run is None:
            _check_unchanged(ctx, plan)
        try:
            run_id = _launch(ctx, plan, person, on_progress)
        except launching.LaunchHeld as error:
            if not plan.rehearsal:
                with writing(ctx.engine) as connection:
                    issues.step(
                        connection, plan.issue, Step.HOLD, person_id=person.id, now=ctx.clock.now(), note=str(error)
                    )
            raise
        if not plan.rehearsal:
            with writing(ctx.engine) as connection:
                issues.launched(connection, plan.issue.id, person_id=person.id, now=ctx.clock.now())
        return run_id


def _launch(ctx: Context, plan: Plan, person: Person, on_progress: Callable[[int, int], None] | None) -> int:
    paper = _layout(ctx, plan)
    if plan.open_run is not None:
        run_id = plan.open_run.id
    else:
        run_id = launching.begin(ctx.engine, run_of(ctx, plan, person), clock=ctx.clock)
        _check_still(ctx, plan, run_id)
    launching.lay_out(ctx.engine, run_id, paper, clock=ctx.clock, approved=plan.approved, on_progress=on_progress)
    return run_id


def _check_time(ctx: Context, plan: Plan) -> None:
    """What was approved for a time to come does not leave before it by mistake."""
    planned = plan.edition.definition["planned"]
    if plan.rehearsal or plan.open_run is not None or planned == "now":
        return
    if (at := datetime.fromisoformat(planned)) > ctx.clock.now():
        raise UsageError(
            say(
                "%(issue)s was approved for %(time)s, and leaves then while `newsletter serve` runs. To send it "
                "before: newsletter send %(issue)s --now.",
                issue=plan.issue.name,
                time=Moment(at.astimezone(ZoneInfo(ctx.settings.time_zone)), ctx.settings.time_zone),
            )
        )


def _check_still(ctx: Context, plan: Plan, run_id: int) -> None:
    """The run has begun: from here on nobody takes the issue out of the schedule; who did so before is heard."""
    if plan.rehearsal:
        return
    with writing(ctx.engine) as connection:
        now = issues.lock(connection, plan.issue.id)
    if (now.stored, now.planned_at) != (plan.issue.stored, plan.issue.planned_at):
        launching.discard(ctx.engine, run_id)
        raise LaunchedMeanwhile(
            say("%(issue)s was changed or taken out of the schedule meanwhile: nothing left.", issue=plan.issue.name)
        )


def _check_unchanged(ctx: Context, plan: Plan) -> None:
    """Somebody else, or the schedule, may have launched since the plan was made."""
    with reading(ctx.engine) as connection:
        latest = max((each.number for each in runs.of_issue(connection, plan.issue.id)), default=0)
    if latest != plan.seen:
        raise LaunchedMeanwhile(
            say("%(issue)s has been launched meanwhile: see `newsletter status %(issue)s`.", issue=plan.issue.name)
        )


def send(
    ctx: Context,
    run_id: int,
    on_progress: Callable[[Progress], None] | None = None,
    *,
    linger: bool = False,
    stopping: Stopping | None = None,
) -> Report:
    """Dispatches a run until nothing is due. Ctrl-C and SIGTERM drain; in a thread `stopping` does."""
    with reading(ctx.engine) as connection:
        run = runs.get(connection, run_id)
        edition = editions.get(connection, run.edition_id)
    if not run.rehearsal:
        check_origin(ctx)
    post = Post(
        ctx.engine,
        make_transport(run.transport, ctx.settings.transports[run.transport], ctx.folder),
        composer(ctx, run, edition),
        ctx.clock,
        on_progress,
        ctx.settings.stop_within,
        canary=_watch(edition, run),
        limits=ctx.settings.transports[run.transport].limits,
        redirect=None if run.rehearsal else ctx.settings.redirect_all_to,
    )

    async def main() -> Report:
        stop = asyncio.Event()
        if stopping is None:
            with stop_on_signals(stop):
                return await dispatch(post, run_id, stop=stop, linger=linger)
        watching = asyncio.create_task(_follow(stopping, stop))
        try:
            return await dispatch(post, run_id, stop=stop, linger=linger)
        finally:
            watching.cancel()

    return asyncio.run(main())


async def _follow(stopping: Stopping, stop: asyncio.Event) -> None:
    while not stopping.is_set():
        await asyncio.sleep(LOOK)
    stop.set()


def composer(ctx: Context, run: RunRow, edition: EditionRow) -> Callable[[Claimed], Letter]:
    """What makes a delivery's message; a variant is read and compiled to bytes when it is first needed."""
    keys = KeyRing({run.token_key: ctx.secrets.key_ring.keys[run.token_key]})
    personal = Personal(keys, ctx.settings.public_url)

    @lru_cache(maxsize=512)
    def template(language: str, variant: int) -> Template:
        with reading(ctx.engine) as connection:
            compiled = editions.variant(connection, edition.id, language, variant)
            envelope = restore(connection, edition.languages[language]["envelope"])
        return mime.compile(compiled, envelope, edition.languages[language]["fields"])

    join = signing(ctx)

    def letter(row: Claimed) -> Letter:
        variant = template(row.language, row.variant)
        values = tuple(row.field_values)
        name = name_in(dict(zip(variant.fields, values, strict=True)))
        data = personal.delivery(row.id, row.address, row.due_at, values, name=name)
        return Letter(variant, data, join, variant.envelope.sender.address, ready=join is splice.message)

    return letter


def signing(ctx: Context) -> Callable[[Template, DeliveryData], bytes]:
    """What makes the bytes of a message: the splice, signed where the workspace signs for itself."""
    settings = ctx.settings.dkim
    if settings is None:
        return splice.message
    key = provider_secret(DKIM_KEY)
    if key is None:
        raise UsageError(
            say(
                "[dkim] in newsletter.toml wants the private key (PEM) in the environment as %(name)s.",
                name=DKIM_KEY,
            )
        )
    from newsletter.message.dkim import signer  # dkimpy is an extra

    sign = signer(settings.domain, settings.selector, key)
    return lambda template, data: sign(splice.message(template, data))


def name_in(values: dict[str, object]) -> str:
    """As the To field shows it."""
    return full_name(*(str(values[path]) for path in NAME_FIELDS if values.get(path)))


def transport_for(ctx: Context, name: str) -> Transport:
    return make_transport(name, ctx.settings.transports[name], ctx.folder)


def _transport_name(ctx: Context, edition: EditionRow, rehearse: bool) -> str:
    """The first that the approved edition names; for a rehearsal, an outbox."""
    named = list(edition.definition["transports"])
    if rehearse or not named:
        outboxes = [name for name, each in ctx.settings.transports.items() if isinstance(each, OutboxSettings)]
        if not outboxes:
            raise UsageError(say('There is no outbox to rehearse into: add [transports.outbox] kind = "outbox".'))
        if not rehearse and ctx.settings.send_with:
            raise UsageError(
                say(
                    "Edition %(number)s was frozen before send_with named a transport, so its approval names "
                    "none: submit and approve it again.",
                    number=edition.number,
                )
            )
        if not rehearse:
            raise UsageError(
                say(
                    "No transport is named for real sends. Rehearse into the outbox with --rehearse, or set "
                    'up a mail server in newsletter.toml and name it: send_with = ["smtp"].'
                )
            )
        return outboxes[0]
    if named[0] not in ctx.settings.transports:
        raise UsageError(
            say("The approved edition names the transport %(name)r, which newsletter.toml lacks now.", name=named[0])
        )
    return str(named[0])


def run_of(ctx: Context, plan: Plan, person: Person) -> launching.Launch:
    """The run that a plan begins; NotApproved where the issue's state forbids a real one."""
    if not plan.rehearsal and plan.issue.state not in (IssueState.APPROVED, IssueState.SCHEDULED, IssueState.SENT):
        raise NotApproved(
            say(
                "%(issue)s is %(state)s: only an approved issue can be sent.",
                issue=plan.issue.name,
                state=IN_WORDS[plan.issue.state],
            )
        )
    campaign, canary = ctx.campaign(plan.issue.campaign), _canary(plan.edition)
    return launching.Launch(
        issue_id=plan.issue.id,
        edition_id=plan.edition.id,
        publication=plan.edition.definition["publication"],
        statutory=plan.edition.definition["statutory"],
        transport=plan.transport,
        rehearsal=plan.rehearsal,
        token_key=ctx.secrets.key_ring.current,
        due_at=ctx.clock.now(),
        launched_by=person.id,
        give_up_after=campaign.give_up_after or ctx.settings.give_up_after,
        approved=plan.approved,
        canary=None if plan.rehearsal or canary is None else canary.first(plan.recipients),
    )


def _canary(edition: EditionRow) -> Canary | None:
    told = edition.definition.get("canary")
    return None if told is None else Canary.model_validate(told)


def _watch(edition: EditionRow, run: RunRow) -> Watch | None:
    canary = None if run.rehearsal else _canary(edition)
    return None if canary is None else Watch(canary.wait, canary.stop_at)


def _layout(ctx: Context, plan: Plan) -> launching.Plan:
    edition = plan.edition
    rule = frozen_rule(ctx, edition)
    return launching.Plan(
        audience=recipients(rule, ctx.fields),
        values={
            language: field_columns(about["fields"], language, ctx.fields)
            for language, about in edition.languages.items()
        },
        variants={language: _variant(language, about) for language, about in edition.languages.items()},
        due=lambda launched: NO_WAVES if plan.rehearsal else by_zone(ctx, edition, launched),
    )


def _variant(language: str, about: object) -> launching.Variant:
    assert isinstance(about, dict)
    root = about["tree"]
    return int(root["variant"]) if "variant" in root else bind_tree(Tree(root), about["fields"], language)
