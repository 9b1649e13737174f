"""Progress and who got it: live while a run is sent, then contact by contact; and what people decide about it."""

from __future__ import annotations

import asyncio
import csv
import io
from collections.abc import AsyncIterator, Iterator
from datetime import datetime
from itertools import islice
from typing import Annotated, Any

from fastapi import APIRouter, Form
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import Response, StreamingResponse

from newsletter.errors import NewsletterError, UsageError
from newsletter.i18n import say, say_many
from newsletter.model.permission import Action
from newsletter.store.issues import IssueRow
from newsletter.store.runs import RunRow
from newsletter.web.studio.desk import At, Desk, allowed
from newsletter.web.studio.issues import ThisIssue
from newsletter.workflow.people import lookup
from newsletter.workflow.people.deliveries import cells, columns, settle
from newsletter.workflow.results import progress
from newsletter.workflow.results.overview import find_row
from newsletter.workflow.scheduling.deciding import zone_for
from newsletter.workflow.sending.control import control
from newsletter.workflow.sending.holding import held

router = APIRouter(prefix="/issues/{campaign}/{key}/progress")

EVERY = 1.0  # seconds between two looks at the sums
AT_ONCE = 0.5  # seconds in which a cancelled run leaves out what waited; housekeeping does the rest
STREAM = 180  # looks in one stream: then the browser asks again, signed in or not
MOVED = {
    "pause": say("The send is paused."),
    "resume": say("The send is resumed."),
    "cancel": say("The send is cancelled."),
}
SETTLED = {
    "accepted": say("as arrived"),
    "rejected": say("as refused"),
    "resend": say("to be sent again"),
    "retry": say("to be tried again"),
}
Run = Annotated[int | None, Form()]


@router.get("")
def progress_page(at: At, issue: ThisIssue, run: int | None = None, state: str = "", after: str = "") -> Response:
    return _page(at, issue, run, state=state, after=after)


@router.post("")
def search(at: At, issue: ThisIssue, asked: Annotated[str, Form()], run: Run = None) -> Response:
    """Contacts by name, institution, domain or address; what is typed stands in no address."""
    return _page(at, issue, run, asked=asked)


@router.get("/now")
def now(at: At, issue: ThisIssue, run: int, state: str = "") -> Response:
    """The sums, for browsers that cannot be told of changes; a fragment."""
    html, going = _look(at, issue, run, state)
    return Response(html, media_type="text/html", headers={} if going else {"x-over": "1"})


@router.get("/events")
def live(at: At, issue: ThisIssue, run: int, state: str = "") -> Response:
    """Server-sent events: the sums whenever they change, and `over` once the page must be read again."""

    async def events() -> AsyncIterator[str]:
        before = ""
        for _ in range(STREAM):
            html, going = await run_in_threadpool(_look, at, issue, run, state)
            if html != before:
                yield "data: " + html.replace("\n", "\ndata: ") + "\n\n"
                before = html
            else:
                yield ": still here\n\n"
            if not going:
                yield "event: over\ndata: over\n\n"
                return
            await asyncio.sleep(EVERY)

    return StreamingResponse(events(), media_type="text/event-stream", headers={"x-accel-buffering": "no"})


@router.get("/breakdown")
def breakdown(at: At, issue: ThisIssue, run: int) -> Response:
    """Languages and domains; a fragment, as every row of the run is read."""
    chosen = _run(at, issue, run)
    (languages, domains), as_of = at.studio.counted.get(
        ("breakdown", chosen.id), at.ctx.clock.now(), lambda: progress.breakdown(at.ctx, chosen.id)
    )
    return at.page(
        "progress_breakdown.html", languages=languages, domains=domains, **_counted(at, issue, chosen, as_of)
    )


@router.get("/unreached")
def unreached(at: At, issue: ThisIssue, run: int) -> Response:
    """Institutions that nobody reached; a fragment."""
    chosen = _run(at, issue, run)
    rows, as_of = at.studio.counted.get(
        ("unreached", chosen.id), at.ctx.clock.now(), lambda: progress.unreached(at.ctx, issue, chosen)
    )
    return at.page("progress_unreached.html", rows=rows, **_counted(at, issue, chosen, as_of))


@router.get("/export.csv")
def export(at: At, issue: ThisIssue, run: int, state: str = "") -> Response:
    """Every delivery of a run; addresses are masked for who may not see them."""
    id_ = _run(at, issue, run).id
    if state and state not in progress.STATES:
        raise UsageError(say("There is no state %(state)r.", state=state))

    def lines() -> Iterator[str]:
        yield "\ufeff" + _csv([columns()])
        rows = progress.every(at.ctx, id_, at.person, state=state)
        while some := list(islice(rows, 500)):  # each piece costs a change of threads
            yield _csv([cells(row) for row in some])

    name = f"{issue.campaign}-{issue.key}-run-{run}{f'-{state}' if state else ''}.csv"
    headers = {"content-disposition": f'attachment; filename="{name}"'}
    return StreamingResponse(lines(), media_type="text/csv; charset=utf-8", headers=headers)


@router.post("/control", dependencies=[allowed(Action.PAUSE)])
def move(at: At, issue: ThisIssue, what: Annotated[str, Form()], run: Run = None) -> Response:
    """Pause, resume, cancel: at once."""
    if what not in MOVED:
        raise UsageError(say("A send is paused, resumed or cancelled, not %(what)r.", what=what))
    try:
        control(at.ctx, issue, what, at.person, within=AT_ONCE)
    except NewsletterError as error:
        return _page(at, issue, run, failure=at.say(error))
    at.studio.wake()
    where = f"?run={run}" if run is not None else ""
    return at.go(f"/issues/{issue.name}/progress{where}", MOVED[what])


@router.post("/settle", dependencies=[allowed(Action.SETTLE)])
def decide(
    at: At,
    issue: ThisIssue,
    run: Annotated[int, Form()],
    decision: Annotated[str, Form()],
    delivery: Annotated[list[int] | None, Form()] = None,
    state: Annotated[str, Form()] = "",
) -> Response:
    """What became of unconfirmed deliveries; or another try of refused ones, of all of them at once where asked."""
    every = decision == "retry-all"
    decision = "retry" if every else decision
    try:
        chosen = _run(at, issue, run).id
        mine = progress.rejected(at.ctx, chosen) if every else progress.those_of(at.ctx, chosen, delivery or [])
        if not mine:
            raise UsageError(say("Tick at least one message."))
        moved = settle(at.ctx, mine, decision, at.person)
    except NewsletterError as error:
        return _page(at, issue, run, state=state, failure=at.say(error))
    at.studio.wake()
    said = _settled(len(moved), len(mine) - len(moved), SETTLED[decision])
    return at.go(f"/issues/{issue.name}/progress?run={run}&state={state}", said)


def _settled(moved: int, left: int, how: str) -> str:
    done = say_many(moved, "%(num)s marked %(how)s.", "%(num)s marked %(how)s.", how=how)
    rest = say_many(
        left,
        "%(num)s could not be: we may not write to them, or somebody else decided.",
        "%(num)s could not be: we may not write to them, or somebody else decided.",
    )
    return say("%(done)s %(rest)s", done=done, rest=rest) if left else done


def _page(
    at: Desk,
    issue: IssueRow,
    number: int | None,
    *,
    state: str = "",
    after: str = "",
    asked: str = "",
    failure: str = "",
) -> Response:
    fresh = find_row(at.ctx, issue.campaign, issue.key) or issue
    found = progress.runs_of(at.ctx, issue)
    run = progress.chosen(found, number)
    common: dict[str, Any] = {
        "issue": fresh,
        "title": at.ctx.campaign(issue.campaign).title,
        "runs": found,
        "run": run,
        "failure_text": failure,
        "zone_name": zone_for(at.ctx, issue.campaign).key,
    }
    if run is None:
        return at.page("progress.html", 422 if failure else 200, **common)
    contacts = lookup.contacts(at.ctx, asked) if asked.strip() else None
    rows, following = progress.page(at.ctx, run.id, at.person, state=state, after=_place(after), contacts=contacts)
    return at.page(
        "progress.html",
        422 if failure else 200,
        **common,
        held=held(at.ctx, run, common["zone_name"]),
        now=progress.now(at.ctx, run.id),
        causes=progress.causes(at.ctx, run.id),
        rows=rows,
        following=f"{following[0]}-{following[1]}" if following else "",
        state_chosen=state,
        after=after,
        asked=asked,
        states=progress.STATES,
    )


def _place(after: str) -> tuple[str, int] | None:
    state, _, id_ = after.partition("-")
    return (state, int(id_)) if state in progress.STATES and id_.isascii() and id_.isdigit() else None


def _run(at: Desk, issue: IssueRow, number: int) -> RunRow:
    run = progress.chosen(progress.runs_of(at.ctx, issue), number)
    if run is None:
        raise UsageError(say("There is no run %(number)s of %(issue)s.", number=number, issue=issue.name))
    return run


def _look(at: Desk, issue: IssueRow, number: int, shown: str) -> tuple[str, bool]:
    """The sums, and whether the page around them still fits: the run goes on in the state that the page was shown in,
    so that its buttons (pause, resume) are those of now."""
    seen = progress.now(at.ctx, _run(at, issue, number).id)
    return _drawn(at, issue, seen), seen.live and shown in ("", seen.run.state.value)


def _drawn(at: Desk, issue: IssueRow, seen: progress.Now) -> str:
    zone = zone_for(at.ctx, issue.campaign).key
    page = at.page("progress_now.html", now=seen, issue=issue, zone_name=zone, held=held(at.ctx, seen.run, zone))
    return bytes(page.body).decode()


def _counted(at: Desk, issue: IssueRow, run: RunRow, as_of: datetime) -> dict[str, Any]:
    return {"rehearsal": run.rehearsal, "as_of": as_of, "zone_name": zone_for(at.ctx, issue.campaign).key}


def _csv(rows: list[list[str]]) -> str:
    text = io.StringIO()
    csv.writer(text).writerows(rows)
    return text.getvalue()
