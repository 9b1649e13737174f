"""Who is written to: count, list, import, segments."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from newsletter.cli.options import HERE, As, Folder, Json, opened
from newsletter.cli.output import as_json, heading, note, progress, say, table
from newsletter.errors import UsageError

app = typer.Typer(help="Institutions, contacts, segments, do-not-mail list.", no_args_is_help=True)


def _told(rule: str) -> str:
    """An empty rule is a slip of the shell more often than a wish for everybody."""
    if not rule.strip():
        raise UsageError("The rule is empty: write 'true' for everybody.")
    return rule


@app.command()
def count(
    what: Annotated[str, typer.Argument(help="A campaign, or a rule in quotes", metavar="CAMPAIGN|RULE")],
    workspace: Folder = HERE,
    json: Json = False,
) -> None:
    """Count an audience, and explain the number.

    newsletter audience count monthly
    newsletter audience count 'institution.region == "Africa"'
    """
    with opened(workspace) as ws:
        if what not in ws.context.campaigns:
            number = ws.audience(_told(what)).count()
            as_json({"rule": what, "contacts": number}) if json else say(f"{number:,} contacts: {what}")
            return
        counted = ws.audience_of(what)
    if json:
        as_json(counted)
        return
    heading(f"{what}: {counted.recipients:,} contacts at {counted.institutions:,} institutions")
    rows: list[tuple[str, int]] = [("entitled", counted.entitled)]
    rows += [(f"  {rule}", -number) for rule, number in counted.left_out.items()]
    rows += [("matched", counted.matched), ("  no address", -counted.no_address)]
    rows += [(f"  suppressed: {reason}", -number) for reason, number in counted.suppressed.items()]
    rows += [("  no edition in their language", -counted.no_edition), ("  covered by another copy", -counted.covered)]
    rows += [("recipients", counted.recipients)]
    rows += [(f"  in {language}", number) for language, number in counted.languages.items()]
    table(["", "contacts"], [row for row in rows if row[1] or not row[0].startswith(" ")])
    if counted.institutions_unreached:
        say(f"{counted.institutions_unreached} institutions that nobody reaches:")
        for each in counted.unreached:
            say(f"  {each.code}  {each.name}")


@app.command("list")
def list_(
    rule: Annotated[str, typer.Argument(help="A rule in quotes", metavar="RULE")] = "true",
    limit: Annotated[int, typer.Option(help="At most so many.")] = 50,
    workspace: Folder = HERE,
    as_: As = None,
    json: Json = False,
) -> None:
    """List contacts for whom a rule holds.

    newsletter audience list 'contact.role == "press"'
    """
    with opened(workspace) as ws:
        from newsletter.workflow.people.contacts import list_contacts

        rows = list_contacts(ws.context, _told(rule), ws.context.person(as_), limit=limit)
    if json:
        as_json(rows)
        return
    columns = ["contact", "name", "role", "institution", "language", "address"]
    table(columns, [(r.code, r.name, r.role, r.institution, r.language, r.address) for r in rows])


@app.command("import")
def import_(
    mapping: Annotated[str, typer.Argument(help="A name in subscribers/imports/, or a preset: mailchimp/cleaned")],
    file: Annotated[Path | None, typer.Argument(help="CSV or XLSX; else the mapping's own")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would happen; change nothing.")] = False,
    workspace: Folder = HERE,
    as_: As = None,
    json: Json = False,
) -> None:
    """Import institutions, contacts or a do-not-mail list; refused rows are kept in a file with their reason.

    newsletter audience import contacts members.xlsx --dry-run
    newsletter audience import mailchimp/unsubscribed export.csv
    """
    with opened(workspace) as ws:
        from newsletter.workflow.people.contacts import import_file

        with progress("Importing") as update:
            report = import_file(
                ws.context,
                mapping,
                file,
                ws.context.person(as_),
                dry_run=dry_run,
                on_progress=lambda done: update(done, 0),
            )
    if json:
        as_json(report)
    else:
        would = "would be " if dry_run else ""
        say(
            f"{report.rows:,} rows: {would}added {report.added:,}, updated {report.updated:,}, "
            f"unchanged {report.unchanged:,}, refused {report.refused:,}. Read as {report.read_as}."
        )
        for line, reason in report.refusals:
            note(f"line {line}: {reason}")
        if report.refused_file:
            note(f"Refused rows with their reasons: {report.refused_file}")
    if report.rows and report.refused == report.rows:
        raise typer.Exit(1)


@app.command()
def segments(workspace: Folder = HERE, json: Json = False) -> None:
    """List the segments with their numbers of contacts."""
    with opened(workspace) as ws:
        rows = [(name, ws.audience(spec.rule).count(), spec.rule) for name, spec in ws.context.segments.items()]
    if json:
        as_json([{"name": name, "contacts": number, "rule": rule} for name, number, rule in rows])
        return
    table(["segment", "contacts", "rule"], rows)


@app.command()
def suppress(
    address: Annotated[str, typer.Argument(help="The address")],
    scope: Annotated[str, typer.Option(help="address, news, or publication:NAME")] = "news",
    lift: Annotated[bool, typer.Option("--lift", help="Take it off the list again.")] = False,
    workspace: Folder = HERE,
    as_: As = None,
) -> None:
    """Put an address on the do-not-mail list, or take it off."""
    if scope not in ("address", "news") and not scope.startswith("publication:"):
        raise UsageError(f"A scope is address, news or publication:NAME, not {scope!r}.")
    with opened(workspace) as ws:
        from newsletter.workflow.people.contacts import suppress as change

        say(change(ws.context, address, scope, ws.context.person(as_), lift=lift))


@app.command()
def export(
    file: Annotated[Path, typer.Argument(help="The CSV file to write")],
    rule: Annotated[str, typer.Argument(help="A rule in quotes", metavar="RULE")] = "true",
    workspace: Folder = HERE,
    as_: As = None,
) -> None:
    """Write contacts as CSV, fit for spreadsheets and for importing again.

    newsletter audience export contacts.csv 'institution.region == "Africa"'
    """
    with opened(workspace) as ws:
        from newsletter.workflow.people.rights import export as write

        number = write(ws.context, file, _told(rule), ws.context.person(as_))
    say(f"{number:,} contacts in {file}.")


@app.command()
def unsubscribe(
    address: Annotated[str, typer.Argument(help="The address")],
    publication: Annotated[str | None, typer.Option(help="One publication; else all.")] = None,
    workspace: Folder = HERE,
    as_: As = None,
) -> None:
    """End the subscriptions of a contact who asks for it; statutory notices still come.

    newsletter audience unsubscribe someone@example.org --as ana
    """
    with opened(workspace) as ws:
        from newsletter.workflow.people.rights import end_subscriptions

        say(end_subscriptions(ws.context, address, publication, ws.context.person(as_)))


@app.command()
def erase(
    address: Annotated[str, typer.Argument(help="The address")],
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    workspace: Folder = HERE,
    as_: As = None,
) -> None:
    """Erase the contacts of an address for good; the record of what was sent keeps its sums.

    newsletter audience erase someone@example.org --as ana
    """
    if not yes:
        typer.confirm("Erase for good?", abort=True)
    with opened(workspace) as ws:
        from newsletter.workflow.people.rights import erase_contacts

        number = erase_contacts(ws.context, address, ws.context.person(as_))
    say(f"{number} contacts erased.")
