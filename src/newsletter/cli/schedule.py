"""What falls due, and when: list, add, remove, run."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from newsletter.cli.issues import Issue
from newsletter.cli.options import HERE, As, Folder, Json, opened
from newsletter.cli.output import as_json, heading, note, say, table

if TYPE_CHECKING:
    from newsletter.workflow.scheduling.agenda import Entry

app = typer.Typer(help="What falls due, and when.", no_args_is_help=True)


@app.command("list")
def list_(
    number: Annotated[int, typer.Option("--number", "-n", min=1, max=100, help="Firings a campaign.")] = 3,
    workspace: Folder = HERE,
    json: Json = False,
) -> None:
    """List what comes next, what is planned, and what was not done; in the campaign's zone and in UTC.

    Exit 1 where a campaign's recurrence cannot be read.

        newsletter schedule list -n 12
    """
    with opened(workspace) as ws:
        from newsletter.workflow.scheduling.agenda import agenda

        found = agenda(ws.context, number)
    for problem in found.problems:
        note(problem)
    if json:
        as_json(found)
    else:
        _show("Next", found.next, "No campaign falls due by itself: `recurrence:` in its campaign.yaml.")
        _show("Planned issues", found.planned)
        _show("Not done", found.undone)
    if found.problems:
        raise typer.Exit(1)


@app.command()
def add(
    issue: Issue,
    when: Annotated[str, typer.Argument(help="Local time in the campaign's zone: 2026-12-01 09:00", metavar="WHEN")],
    workspace: Folder = HERE,
    as_: As = None,
    json: Json = False,
) -> None:
    """Plan when an issue is sent: the time is written into its draft. It is part of what is approved.

    newsletter schedule add monthly/2026-12 "2026-12-01 09:00" --as ana
    """
    with opened(workspace) as ws:
        from newsletter.workflow.scheduling.agenda import plan_issue

        entry = plan_issue(ws.context, ws.issue(issue), when, ws.context.person(as_))
    if json:
        as_json(entry)
        return
    say(f"{issue} is planned for {entry.local:%Y-%m-%d %H:%M} ({entry.zone}), {entry.utc:%Y-%m-%d %H:%M} UTC.")
    if entry.note:
        note(entry.note)
    say("The time is part of what is approved, so it needs an approval now; that schedules it.")
    say(f"Next: newsletter submit {issue}, then newsletter approve {issue} --as PERSON")


@app.command()
def remove(issue: Issue, workspace: Folder = HERE, as_: As = None) -> None:
    """Unschedule an issue: it stays approved, and leaves when somebody sends it.

    Of an issue that is not scheduled, the planned time is taken out of the draft.

        newsletter schedule remove monthly/2026-12
    """
    with opened(workspace) as ws:
        from newsletter.workflow.scheduling.agenda import unplan_issue

        unscheduled = unplan_issue(ws.context, ws.issue(issue), ws.context.person(as_))
    if unscheduled:
        say(f"{issue} is not scheduled any more; it stays approved.")
        say(f"Next: newsletter send {issue}, or newsletter schedule add {issue} WHEN")
    else:
        say(f"{issue} has no planned time any more; it needs a new approval: newsletter submit {issue}")


@app.command()
def run(
    once: Annotated[bool, typer.Option("--once", help="Do what is due now, and end.")] = False,
    workspace: Folder = HERE,
) -> None:
    """Keep the schedule until Ctrl-C, as `newsletter serve` does.

    Any number of these may run at once: each firing and each launch happens once.

        newsletter schedule run
        newsletter schedule run --once          # for cron
    """
    with opened(workspace) as ws:
        from newsletter.cli.keeping import keep, once_through

        once_through(ws.context) if once else keep(ws.context)


def _show(title: str, entries: list[Entry], otherwise: str = "") -> None:
    if not entries:
        if otherwise:
            say(otherwise)
        return
    heading(title)
    rows = [
        (f"{each.local:%Y-%m-%d %H:%M}", each.zone, f"{each.utc:%Y-%m-%d %H:%M}", each.what, each.issue, each.note)
        for each in entries
    ]
    table(["local time", "zone", "UTC", "what", "issue", ""], rows)
