"""What falls due, and when: list."""

from __future__ import annotations

from typing import Annotated

import typer

from newsletter.cli.options import HERE, Folder, Json, opened
from newsletter.cli.output import as_json, heading, note, table

app = typer.Typer(help="What falls due, and when.", no_args_is_help=True)


@app.callback()
def group() -> None:
    """A group even while it has one command."""


@app.command("list")
def list_(
    number: Annotated[int, typer.Option("--number", "-n", min=1, max=100, help="Firings a campaign.")] = 3,
    workspace: Folder = HERE,
    json: Json = False,
) -> None:
    """List the next firings, in the campaign's zone and in UTC.

    newsletter schedule list -n 12
    """
    with opened(workspace) as ws:
        from newsletter.workflow.recurring import recurring, upcoming

        found, problems = recurring(ws.context)
        rows = sorted((each for one in found for each in upcoming(ws.context, one, number)), key=lambda row: row.utc)
    for problem in problems:
        note(str(problem))
    if json:
        as_json({"next": rows})
    else:
        heading("Next")
        cells = [
            (f"{row.local:%Y-%m-%d %H:%M}", row.zone, f"{row.utc:%Y-%m-%d %H:%M} UTC", row.action, row.issue, row.note)
            for row in rows
        ]
        table(["local time", "zone", "UTC", "what", "issue", ""], cells)
    if problems:
        raise typer.Exit(1)
