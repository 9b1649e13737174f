"""From articles to an approved edition: gather, check, render, submit, approve."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from newsletter.cli.options import HERE, As, Folder, Json, opened
from newsletter.cli.output import as_json, counted, heading, note, say, table
from newsletter.errors import Problem, ProblemsFound

app = typer.Typer()
Issue = Annotated[str, typer.Argument(help="campaign/key, for example monthly/2026-12", metavar="ISSUE")]


@app.command()
def gather(
    campaign: Annotated[str, typer.Argument(help="The campaign's folder name", metavar="CAMPAIGN")],
    key: Annotated[str | None, typer.Option(help="The issue's key; else the next one by the recurrence.")] = None,
    strict: Annotated[bool, typer.Option("--strict", help="Change nothing where any file is malformed.")] = False,
    workspace: Folder = HERE,
    as_: As = None,
    json: Json = False,
) -> None:
    """Fill or refresh the draft of the next issue.

    What people changed in the draft by hand survives.

        newsletter gather monthly
        newsletter gather monthly --key 2026-12 --strict
    """
    with opened(workspace) as ws:
        from newsletter.workflow.content.gather import gather_issue
        from newsletter.workflow.drafts.keys import next_key

        ctx = ws.context
        try:
            report = gather_issue(ctx, campaign, key or next_key(ctx, campaign), ctx.person(as_), strict=strict)
        except ProblemsFound as error:
            raise ProblemsFound([*error.problems, Problem("Nothing was changed.")]) from error
        if json:
            as_json(report)
        else:
            for problem in report.problems:
                note(f"left out: {problem}")
            for notice in report.notices:
                note(notice)
            added = ", ".join(f"{number} in {section}" for section, number in report.added.items() if number)
            there = f"{counted(report.articles, 'article')} in {counted(len(report.languages), 'language')}"
            say(f"{report.path}: {there}; new: {added or 'none'}")
            say(f"Next: newsletter submit {report.path.removeprefix('campaigns/').removesuffix('.yaml')}")
    if report.problems and not report.articles:
        raise typer.Exit(1)


@app.command()
def check(
    issue: Annotated[str | None, typer.Argument(help="campaign/key; else all definitions", metavar="[ISSUE]")] = None,
    links: Annotated[bool, typer.Option("--links", help="Try where the issue's links lead, too.")] = False,
    workspace: Folder = HERE,
    json: Json = False,
) -> None:
    """Validate definitions, and preflight an issue; exit 1 on errors.

    newsletter check
    newsletter check monthly/2026-12
    newsletter check monthly/2026-12 --links
    """
    with opened(workspace) as ws:
        from newsletter.workflow.checking.check import check_composed, check_definitions, check_links

        if issue is None:
            findings = check_definitions(ws.context)
        else:
            findings = check_composed(ws.context, issue, lambda: ws.compose(issue).composition)
            if links and not any(finding.error for finding in findings):
                lost, untried = check_links(ws.context, ws.compose(issue).composition)
                findings += lost
                if untried:
                    note(untried)
    if json:
        as_json(findings)
    else:
        for finding in findings:
            say(str(finding))
        errors = sum(finding.error for finding in findings)
        sums = f"{counted(errors, 'error')}, {counted(len(findings) - errors, 'warning')}"
        say(sums if findings else "Nothing to mend.")
    if any(finding.error for finding in findings):
        raise typer.Exit(1)


@app.command()
def render(
    issue: Issue,
    out: Annotated[Path, typer.Option(help="The folder to write to.")],
    language: Annotated[str | None, typer.Option(help="One language; else all.")] = None,
    recipient: Annotated[
        str | None, typer.Option(help="A contact's address, or `worst`; else the public profile.")
    ] = None,
    workspace: Folder = HERE,
) -> None:
    """Write messages as html, txt and eml files; their personal links are inert.

    newsletter render monthly/2026-12 --out previews
    newsletter render monthly/2026-12 --out previews --language fr --recipient worst
    """
    with opened(workspace) as ws:
        from newsletter.workflow.checking.files import write_previews

        written = write_previews(ws.compose(issue), out, language=language, recipient=recipient)
        for path in written:
            say(str(path))


@app.command()
def submit(
    issue: Issue,
    now: Annotated[bool, typer.Option("--now", help="Plan it for at once, not for the draft's time.")] = False,
    workspace: Folder = HERE,
    as_: As = None,
    json: Json = False,
) -> None:
    """Freeze the issue as an edition and ask for approval.

    newsletter submit monthly/2026-12 --as ana
    """
    with opened(workspace) as ws:
        from newsletter.workflow.approving.freeze import submit as freeze

        ctx = ws.context
        done = freeze(ctx, ws.issue(issue), ctx.person(as_), now=now)
        if json:
            as_json({"edition": done.edition.number, "hash": done.edition.hash, "count": done.count, "new": done.new})
            return
        languages = ", ".join(done.edition.languages)
        state = "frozen" if done.new else "unchanged"
        say(f"Edition {done.edition.number} of {issue} {state} ({languages}); hash {done.edition.hash[:12]}.")
        say(f"It would go to {done.recipients:,} contacts (audience: {done.count.institutions:,} institutions).")
        say(f"Next: newsletter approve {issue} --as PERSON")


@app.command()
def approve(
    issue: Issue,
    language: Annotated[str | None, typer.Option(help="Sign off one language only.")] = None,
    changes: Annotated[str | None, typer.Option(help="Ask for changes instead, saying which.")] = None,
    workspace: Folder = HERE,
    as_: As = None,
    json: Json = False,
) -> None:
    """Approve the latest edition, with its number of recipients.

    newsletter approve monthly/2026-12 --as luc
    newsletter approve monthly/2026-12 --as luc --changes "The date in the lead is wrong."
    """
    with opened(workspace) as ws:
        from newsletter.workflow.approving.approve import approve as give
        from newsletter.workflow.approving.approve import ask_for_changes

        ctx = ws.context
        person = ctx.person(as_)
        if changes is not None:
            ask_for_changes(ctx, ws.issue(issue), person, changes)
            say(f"{issue} goes back to its authors.")
            return
        standing = give(ctx, ws.issue(issue), person, language=language)
        if json:
            as_json({"edition": standing.edition.number, "approved": standing.approved, "missing": standing.missing})
        elif standing.missing:
            say(f"Noted. Edition {standing.edition.number} still lacks {' and '.join(standing.missing)}.")
        else:
            say(f"Edition {standing.edition.number} of {issue} is approved by {person.name}.")
            say(f"Next: newsletter send {issue} (or --rehearse, into the outbox)")


@app.command()
def issues(
    campaign: Annotated[str | None, typer.Argument(help="One campaign; else all")] = None,
    workspace: Folder = HERE,
    json: Json = False,
) -> None:
    """List the issues with their states."""
    with opened(workspace) as ws:
        from newsletter.workflow.scheduling.agenda import with_hopes

        rows = with_hopes(ws.context, ws.issues(campaign))
    if json:
        as_json(rows)
        return
    heading("Issues")
    columns = ["issue", "state", "planned (UTC)", ""]
    table(columns, [(row.name, row.state.value, row.planned_at or "", row.note or "") for row in rows])
