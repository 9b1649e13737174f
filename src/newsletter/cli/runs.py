"""From an approved edition to messages: send, status, deliveries, pause, resume, cancel."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from newsletter.cli.issues import Issue
from newsletter.cli.options import HERE, As, Folder, Json, opened
from newsletter.cli.output import as_json, heading, note, say, table
from newsletter.errors import UsageError

app = typer.Typer()


@app.command()
def send(
    issue: Issue,
    rehearse: Annotated[bool, typer.Option("--rehearse", help="Into the outbox: reaches nobody.")] = False,
    test: Annotated[list[str] | None, typer.Option(help="Send a marked test to this address instead.")] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask for the number.")] = False,
    now: Annotated[bool, typer.Option("--now", help="Although it was approved for a later time.")] = False,
    workspace: Folder = HERE,
    as_: As = None,
) -> None:
    """Launch an approved edition and send it; once begun, go on where it was.

    It says who gets it and who is left out, and wants the number typed.

        newsletter send monthly/2026-12 --rehearse
        newsletter send monthly/2026-12 --test ana@example.org
        newsletter send monthly/2026-12 --as luc
    """
    with opened(workspace) as ws:
        from newsletter.cli.sending import run_send, show_plan
        from newsletter.workflow.sending.plan import plan_send
        from newsletter.workflow.sending.testing import send_tests

        ctx = ws.context
        person = ctx.person(as_)
        row = ws.issue(issue)
        if test:
            tested = send_tests(ctx, ws.compose(row).composition, test, person)
            for each in tested:
                say(str(each))
            raise typer.Exit(0 if all(each.went for each in tested) else 1)
        plan = plan_send(ctx, row, rehearse=rehearse)
        if plan.complete is not None:
            say(f"The rehearsal of edition {plan.edition.number} of {issue} is complete; nothing is done twice.")
            return
        show_plan(plan)
        if not yes and plan.open_run is None:
            _confirm(plan.recipients)
        ended = run_send(ctx, plan, person, early=now)
    raise typer.Exit(0 if ended else 1)


@app.command()
def status(
    issue: Annotated[str | None, typer.Argument(help="campaign/key; else all", metavar="[ISSUE]")] = None,
    workspace: Folder = HERE,
    json: Json = False,
) -> None:
    """Show progress, states and sums: audience = pending + sending + accepted + rejected + unconfirmed + skipped.

    Of a statutory notice it lists the institutions that nobody was reached at, and who there would be next.

    newsletter status monthly/2026-12 --json
    """
    with opened(workspace) as ws:
        from newsletter.cli.sending import show_unreached
        from newsletter.workflow.results.status import changed_since, status_of
        from newsletter.workflow.results.unreached import unreached

        names = [issue] if issue else [row.name for row in ws.issues()]
        found = [status_of(ws.context, ws.issue(name)) for name in names]
        if issue:
            row = ws.issue(issue)
            nobody = tuple(unreached(ws.context, row))
            found = [replace(found[0], changed=changed_since(ws.context, row), unreached=nobody)]
    if json:
        as_json(found[0] if issue else found)
        return
    for each in found:
        heading(f"{each.issue}: {each.state}")
        if each.edition:
            say(f"  {each.edition}")
        if each.changed:
            say(f"  {each.changed}")
        for run in each.runs:
            say(f"  {run.title}: {run.state}; {run.sums}")
            for line in run.causes:
                say(f"    {line}")
        show_unreached(each)
    if not found:
        say("There is no issue yet: newsletter gather CAMPAIGN")


@app.command()
def deliveries(
    issue: Annotated[str | None, typer.Argument(help="campaign/key; else all", metavar="[ISSUE]")] = None,
    state: Annotated[str | None, typer.Option(help="Only these, for example unconfirmed.")] = None,
    search: Annotated[str | None, typer.Option(help="A name, institution, domain or address.")] = None,
    export: Annotated[Path | None, typer.Option(help="Write them as CSV.")] = None,
    settle: Annotated[str | None, typer.Option(help="accepted, rejected, resend (may arrive twice) or retry.")] = None,
    ids: Annotated[list[int] | None, typer.Option("--id", help="Only these deliveries.")] = None,
    workspace: Folder = HERE,
    as_: As = None,
    json: Json = False,
) -> None:
    """Show who got it: "did we send it to X?"

    newsletter deliveries monthly/2026-12 --state unconfirmed
    newsletter deliveries --search example.org
    newsletter deliveries monthly/2026-12 --state unconfirmed --settle accepted --as luc
    """
    with opened(workspace) as ws:
        from newsletter.workflow.people import deliveries as listing

        person = ws.context.person(as_)
        rows = listing.deliveries(ws.context, issue, state=state, search=search, person=person)
        if ids:
            rows = [row for row in rows if row.id in ids]
        if settle:
            chosen = [row.id for row in rows]
            moved = listing.settle(ws.context, chosen, settle, person)
            say(f"{len(moved)} of {len(chosen)} deliveries settled as {settle}.")
            return
    if export:
        with open(export, "w", encoding="utf-8-sig", newline="") as stream:
            listing.export(rows, stream)
        say(f"{len(rows):,} deliveries in {export}; cells that look like formulas are guarded by an apostrophe.")
    elif json:
        as_json(rows)
    else:
        columns = ["id", "issue", "contact", "institution", "lang", "state", "reason or reply"]
        cells = [
            (
                row.id,
                row.issue + (" (rehearsal)" if row.rehearsal else ""),
                row.name or row.role or row.contact,
                row.institution,
                row.language,
                row.state,
                row.reason or row.reply,
            )
            for row in rows
        ]
        table(columns, cells)


def _control(workspace: Path, issue: str, as_: str | None, what: str) -> None:
    with opened(workspace) as ws:
        from newsletter.workflow.sending.control import control

        say(control(ws.context, ws.issue(issue), what, ws.context.person(as_)))


@app.command()
def pause(issue: Issue, workspace: Folder = HERE, as_: As = None) -> None:
    """Stop a send at once; what is under way is finished."""
    _control(workspace, issue, as_, "pause")


@app.command()
def resume(issue: Issue, workspace: Folder = HERE, as_: As = None) -> None:
    """Let a paused send go on; `newsletter send` carries it."""
    _control(workspace, issue, as_, "resume")


@app.command()
def cancel(issue: Issue, workspace: Folder = HERE, as_: As = None) -> None:
    """End a send; who was waiting is left out."""
    _control(workspace, issue, as_, "cancel")


def _confirm(number: int) -> None:
    """The number must be typed: nobody sends to thousands by habit."""
    if not sys.stdin.isatty():
        raise UsageError("Nobody is there to type the number: confirm with --yes.")
    typed = typer.prompt(f"Type {number} to send")
    digits = "".join(sign for sign in str(typed) if sign.isdigit())
    if not digits or int(digits) != number:
        raise UsageError("That is another number: nothing was sent.")
    note("")
