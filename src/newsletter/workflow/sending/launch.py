"""Edition -> launch: a run with a delivery for each contact, laid out once its approval has been looked at again."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from zoneinfo import ZoneInfo

from newsletter.audience.select import recipients
from newsletter.audience.sql import field_columns
from newsletter.dispatch import launch as launching
from newsletter.dispatch.lock import launch_lock
from newsletter.errors import NewsletterError, UsageError
from newsletter.i18n import Moment, say
from newsletter.message.parts import Tree
from newsletter.message.tree import bind_tree
from newsletter.model.approval import NotApproved
from newsletter.model.campaign import Canary
from newsletter.model.issue import IN_WORDS, IssueState, Step
from newsletter.model.permission import Action, require
from newsletter.store import issues, runs
from newsletter.store.editions import EditionRow
from newsletter.store.engine import reading, writing
from newsletter.store.ledger.layout import NO_WAVES
from newsletter.store.people import Person
from newsletter.workflow.audience import frozen_rule
from newsletter.workflow.context import Context
from newsletter.workflow.sending.origin import check_origin
from newsletter.workflow.sending.plan import Plan
from newsletter.workflow.sending.waves import by_zone


class LaunchedMeanwhile(NewsletterError):
    """Another run of the issue was launched since the plan was made; nothing was done."""


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
    campaign, canary = ctx.campaign(plan.issue.campaign), canary_of(plan.edition)
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


def canary_of(edition: EditionRow) -> Canary | None:
    told = edition.definition.get("canary")
    return None if told is None else Canary.model_validate(told)


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
