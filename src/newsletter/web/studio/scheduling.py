"""Schedule and send: a time, now with a window to take it back, a rehearsal, proofs, a later run."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Form
from fastapi.responses import Response

from newsletter.errors import NewsletterError, UsageError
from newsletter.i18n import Listed, say, say_many
from newsletter.model.issue import IN_WORDS, IssueState
from newsletter.model.permission import Action
from newsletter.store.issues import IssueRow
from newsletter.web.studio.desk import At, Desk, allowed
from newsletter.web.studio.issues import ThisIssue
from newsletter.workflow.approving.approve import latest_edition
from newsletter.workflow.approving.freeze import submit, to_serve
from newsletter.workflow.results.overview import find_row
from newsletter.workflow.scheduling import agenda, launching
from newsletter.workflow.scheduling.deciding import zone_for
from newsletter.workflow.sending.testing import send_tests
from newsletter.workflow.sending.waves import waves

router = APIRouter(prefix="/issues/{campaign}/{key}/schedule")

When = Annotated[str, Form()]
Typed = Annotated[str, Form()]


@router.get("")
def schedule_page(at: At, issue: ThisIssue) -> Response:
    return _page(at, issue)


@router.get("/meaning")
def meaning(at: At, issue: ThisIssue, when: str = "") -> Response:
    """What a time that somebody is choosing means; a fragment."""
    return at.page("schedule_meaning.html", meant=_meant(at, issue, when))


@router.get("/window")
def window(at: At, issue: ThisIssue) -> Response:
    """How long it can still be taken back; a fragment that asks again until the schedule has taken over."""
    left = _left(at, issue)
    page = at.page("schedule_window.html", issue=issue, left=left, found=launching.outlook(at.ctx, issue))
    if issue.state is not IssueState.SCHEDULED:
        page.headers["hx-redirect"] = f"/issues/{issue.name}/progress"
    return page


@router.post("/plan", dependencies=[allowed(Action.EDIT)])
def plan(at: At, issue: ThisIssue, when: When = "", typed: Typed = "") -> Response:
    """A time for the issue: approved ones keep their approval where no other time was approved."""
    try:
        if _keeps_approval(at, issue):
            launching.send_at(at.ctx, issue, at.person, when, typed=typed)
            at.studio.wake()
            return at.go(f"/issues/{issue.name}/schedule", say("Scheduled: it leaves at the time below by itself."))
        entry = agenda.plan_issue(at.ctx, issue, when, at.person)
    except NewsletterError as error:
        return _page(at, issue, at.say(error), when=when)
    said = say("The time is set; %(note)s.", note=entry.note) if entry.note else say("The time is set.")
    return at.go(f"/issues/{issue.name}/schedule", said)


@router.post("/send", dependencies=[allowed(Action.APPROVE)])
def send(at: At, issue: ThisIssue, typed: Typed = "", approved_time: Annotated[bool, Form()] = False) -> Response:
    """Now, after the window; or at the time that was approved."""
    try:
        if approved_time:
            launching.send_as_approved(at.ctx, issue, at.person, typed=typed)
        else:
            launching.send_now(at.ctx, issue, at.person, typed=typed)
    except NewsletterError as error:
        return _page(at, issue, at.say(error), typed=typed)
    at.studio.wake()
    return at.go(f"/issues/{issue.name}/schedule")


@router.post("/undo", dependencies=[allowed(Action.PAUSE)])
def undo(at: At, issue: ThisIssue) -> Response:
    try:
        launching.take_back(at.ctx, issue, at.person)
    except NewsletterError as error:
        return _page(at, issue, at.say(error))
    return at.go(f"/issues/{issue.name}/schedule", say("Taken back: nothing has left. The approval still holds."))


@router.post("/unplan", dependencies=[allowed(Action.EDIT)])
def unplan(at: At, issue: ThisIssue) -> Response:
    try:
        agenda.unplan_issue(at.ctx, issue, at.person)
    except NewsletterError as error:
        return _page(at, issue, at.say(error))
    return at.go(f"/issues/{issue.name}/schedule", say("No time is planned any more."))


@router.post("/rehearse", dependencies=[allowed(Action.APPROVE)])
def rehearse(at: At, issue: ThisIssue) -> Response:
    try:
        launching.rehearse(at.ctx, issue, at.person)
    except NewsletterError as error:
        return _page(at, issue, at.say(error))
    at.studio.wake()
    return at.go(f"/issues/{issue.name}/progress", say("The rehearsal has begun. It reaches nobody."))


@router.post("/proofs", dependencies=[allowed(Action.EDIT)])
def proofs(at: At, issue: ThisIssue) -> Response:
    """Every language to who asks, marked as a test."""
    try:
        if at.person.address is None:
            raise UsageError(
                say("You have no address yet, so there is nowhere to send the proofs: add it to your account.")
            )
        made = at.studio.editions.whole(at.ctx, issue).composition
        tested = send_tests(at.ctx, made, [at.person.address], at.person)
        if not all(each.went for each in tested):  # the server's words may hold an address: they stand in no URL
            raise NewsletterError(
                say("Not all proofs went out: %(tested)s.", tested=Listed(each.told for each in tested))
            )
    except NewsletterError as error:
        return _page(at, issue, at.say(error))
    said = say_many(
        len(tested), "%(num)s proof, marked [Test], went to you.", "%(num)s proofs, marked [Test], went to you."
    )
    return at.go(f"/issues/{issue.name}/schedule", said)


@router.post("/later", dependencies=[allowed(Action.EDIT)])
def later(at: At, issue: ThisIssue) -> Response:
    """Asks for approval of a run to whoever has not been served: new members, mended addresses, a late language."""
    try:
        if issue.state is not IssueState.SENT:
            raise UsageError(
                say(
                    "%(issue)s is %(state)s: a later run is for issues that were sent.",
                    issue=issue.name,
                    state=IN_WORDS[issue.state],
                )
            )
        submitted = submit(at.ctx, issue, at.person, now=True)
    except NewsletterError as error:
        return _page(at, issue, at.say(error))
    said = say_many(
        submitted.recipients,
        "A run to %(num)s contact not yet served waits for approval.",
        "A run to %(num)s contacts not yet served waits for approval.",
    )
    return at.go(f"/issues/{issue.name}/approval", said)


@router.get("/unserved")
def unserved(at: At, issue: ThisIssue) -> Response:
    """How many the approved version would still serve; a fragment, as counting takes a moment."""
    edition = latest_edition(at.ctx, issue)
    number, as_of = at.studio.counted.get(
        ("unserved", edition.id), at.ctx.clock.now(), lambda: to_serve(at.ctx, issue, edition)
    )
    zone = zone_for(at.ctx, issue.campaign).key
    return at.page("schedule_unserved.html", number=number, as_of=as_of, zone_name=zone)


@router.get("/waves")
def waves_shown(at: At, issue: ThisIssue) -> Response:
    """Who gets the latest version when, by time zone; a fragment, empty where all get it at once."""
    found = waves(at.ctx, latest_edition(at.ctx, issue))
    return at.page("schedule_waves.html", waves=found, zone_name=zone_for(at.ctx, issue.campaign).key)


def _keeps_approval(at: Desk, issue: IssueRow) -> bool:
    found = launching.outlook(at.ctx, issue)
    free = found.ready and found.approved_for is None and found.transport is not None
    return issue.stored is IssueState.APPROVED and free and at.may(Action.APPROVE)


def _meant(at: Desk, issue: IssueRow, when: str) -> agenda.Entry | None:
    try:
        return launching.meaning(at.ctx, issue.campaign, when) if when else None
    except UsageError:
        return None


def _left(at: Desk, issue: IssueRow) -> int:
    """Seconds until a scheduled issue leaves; more than the window's is a planned time."""
    if issue.state is not IssueState.SCHEDULED or issue.planned_at is None:
        return 0
    return max(0, round((issue.planned_at - at.ctx.clock.now()).total_seconds()))


def _page(at: Desk, issue: IssueRow, failure: str = "", *, when: str = "", typed: str = "") -> Response:
    fresh = find_row(at.ctx, issue.campaign, issue.key) or issue
    [shown] = agenda.with_hopes(at.ctx, [fresh])
    zone = zone_for(at.ctx, issue.campaign)
    local = shown.planned_at.astimezone(zone).replace(tzinfo=None) if shown.planned_at else None
    return at.page(
        "schedule.html",
        422 if failure else 200,
        issue=shown,
        title=at.ctx.campaign(issue.campaign).title,
        found=launching.outlook(at.ctx, fresh),
        zone_name=zone.key,
        local=local,
        surprise=agenda.surprise(local, zone) if local else None,
        left=_left(at, fresh),
        now=at.ctx.clock.now(),
        window=int(launching.WINDOW.total_seconds()),
        failure_text=failure,
        when=when or (f"{local:%Y-%m-%dT%H:%M}" if local else ""),
        meant=_meant(at, issue, when),
        typed=typed,
    )
