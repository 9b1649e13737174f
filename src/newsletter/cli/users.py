"""`newsletter users`: staff and their sign-in, where no administrator can reach the studio."""

from __future__ import annotations

from typing import Annotated

import typer

from newsletter.cli.options import HERE, Folder, Json, opened
from newsletter.cli.output import as_json, say, table

app = typer.Typer(help="Staff: who they are, what they may do, how they sign in.", no_args_is_help=True)


@app.command("list")
def show(workspace: Folder = HERE, json: Json = False) -> None:
    """Who there is, and their roles."""
    from newsletter.store import people
    from newsletter.store.engine import reading

    with opened(workspace) as ws, reading(ws.context.engine) as connection:
        found = people.everybody(connection)
    if json:
        as_json([{"name": each.slug, "full_name": each.name, "roles": list(each.roles)} for each in found])
        return
    table(["name", "full name", "roles"], [[each.slug, each.name, ", ".join(each.roles)] for each in found])


@app.command()
def add(
    name: Annotated[str, typer.Argument(help="The full name.")],
    address: Annotated[str, typer.Argument(help="The email address.")],
    role: Annotated[list[str], typer.Option(help="reader, author, steward, approver or admin; may be repeated.")],
    workspace: Folder = HERE,
) -> None:
    """Add somebody, and print the link with which they set a password.

    newsletter users add "Ana Ribeiro" ana@example.org --role author --role steward
    """
    from newsletter.workflow.people import staff

    with opened(workspace) as ws:
        by = ws.context.person(None)
        person = staff.add_person(ws.context, name, address, role, by)
        token = staff.invite(ws.context, person.id, by)
        say(f"{person.name} is {person.slug}. {_link(ws.context.settings.studio_url)}{token}")


@app.command()
def link(
    name: Annotated[str, typer.Argument(help="The short name, as `users list` shows it.")], workspace: Folder = HERE
) -> None:
    """Print a link with which somebody sets a new password; it works once, for three days."""
    from newsletter.workflow.people import staff

    with opened(workspace) as ws:
        person = ws.context.person(name)
        token = staff.invite(ws.context, person.id, ws.context.person(None))
        say(f"{_link(ws.context.settings.studio_url)}{token}")


@app.command()
def roles(
    name: Annotated[str, typer.Argument(help="The short name.")],
    role: Annotated[list[str], typer.Option(help="All roles that they have from now on.")],
    workspace: Folder = HERE,
) -> None:
    """Set what somebody may do."""
    from newsletter.workflow.people import staff

    with opened(workspace) as ws:
        staff.set_roles(ws.context, ws.context.person(name).id, role, ws.context.person(None))
        say(f"{name}: {', '.join(role)}.")


def _link(studio: str) -> str:
    return f"Sign-in link: {studio.rstrip('/')}/welcome/"
