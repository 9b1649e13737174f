"""All commands, put together."""

from __future__ import annotations

import typer

from newsletter.cli import audience, documents, issues, runs, schedule, users, worker, workspace

app = typer.Typer(
    help="Newsletters and email campaigns for organisations whose members are institutions.",
    no_args_is_help=True,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
for commands in (workspace.app, documents.app, issues.app, runs.app, worker.app):
    app.registered_commands.extend(commands.registered_commands)
app.add_typer(audience.app, name="audience")
app.add_typer(schedule.app, name="schedule")
app.add_typer(users.app, name="users")
app.add_typer(workspace.db, name="db")
