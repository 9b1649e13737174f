"""Setting up and looking around: init, demo, serve, doctor, schema, backup, restore, db."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from newsletter.cli.options import HERE, As, Folder, Json, opened
from newsletter.cli.output import as_json, counted, heading, note, say, table

if TYPE_CHECKING:
    from newsletter.app import Workspace
    from newsletter.workflow.context import Context

app = typer.Typer()
db = typer.Typer(help="The database.", no_args_is_help=True)


@app.command()
def demo(
    directory: Annotated[Path, typer.Option(help="Where the demo workspace is laid.")] = Path("demo"),
    serve: Annotated[bool, typer.Option("--serve/--no-serve", help="Open the studio afterwards.")] = True,
    port: Annotated[int, typer.Option(help="The port of the studio.")] = 8025,
) -> None:
    """Run the main job on the demo workspace: gather, compile, approve, send into the outbox.

    newsletter demo
    newsletter demo --no-serve
    """
    from newsletter.cli.demo import run_demo

    run_demo(directory)
    if serve:
        with opened(directory) as ws:
            _serve(ws, Door(port=port, demo=True))


@app.command()
def init(
    directory: Annotated[Path, typer.Argument(help="The folder; made if it is not there.", metavar="DIR")],
) -> None:
    """Make a new workspace, ready to send: template, campaign, example contacts, every file explained.

    newsletter init my-newsletter
    """
    from newsletter.workflow.people.contacts import import_file
    from newsletter.workflow.upkeep.init import lay_starter, said

    lay_starter(directory)
    with opened(directory) as ws:
        person = ws.context.person(None)
        reports = [import_file(ws.context, name, None, person) for name in ("institutions", "contacts")]
    say(said(directory, reports[-1].added))


@app.command()
def serve(
    workspace: Folder = HERE,
    host: Annotated[str, typer.Option(help="The address to listen at; other machines reach 0.0.0.0.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="The port.")] = 8025,
    only: Annotated[str, typer.Option(help="studio, or public: the recipients' pages.")] = "all",
) -> None:
    """Serve the studio and the recipients' pages, and keep the schedule.

    newsletter serve
    newsletter serve --only public --host 0.0.0.0 --port 8026
    """
    with opened(workspace) as ws:
        _serve(ws, Door(host, port, only))


@app.command()
def doctor(workspace: Folder = HERE, json: Json = False) -> None:
    """Check settings, keys, database and transports, and say what to do; exit 1 where something is wrong."""
    from newsletter.workflow.upkeep.doctor import examine

    findings = examine(workspace)
    if json:
        as_json(findings)
    else:
        table(["", "what", "found"], [("ok" if each.ok else "!!", each.what, each.found) for each in findings])
        for each in findings:
            if each.mend:
                note(f"{each.what}: {each.mend}")
    if not all(each.ok for each in findings):
        raise typer.Exit(1)


@app.command()
def schema(workspace: Folder = HERE) -> None:
    """Write JSON Schemas to .newsletter/schema, so that editors complete and check the YAML files."""
    from newsletter.workspace.schemas import write_schemas

    for path in write_schemas(workspace):
        say(str(path))


@app.command()
def backup(
    file: Annotated[Path, typer.Argument(help="The archive to write, .tar.gz.")], workspace: Folder = HERE
) -> None:
    """Put definitions, keys and database into one file, of one moment; sends may go on meanwhile.

    It holds addresses and keys: keep it where the database may be kept. For PostgreSQL it needs pg_dump.

        newsletter backup monday.tar.gz
    """
    from newsletter.workflow.upkeep.backup import back_up

    with opened(workspace) as ws:
        say(f"{back_up(ws.context, file)} holds the workspace. Back: newsletter restore {file} FOLDER")


@app.command()
def restore(
    file: Annotated[Path, typer.Argument(help="What `newsletter backup` wrote.")],
    folder: Annotated[Path, typer.Argument(help="A new folder.")],
) -> None:
    """Bring a backup back, into a new folder (PostgreSQL: into the empty database of DATABASE_URL).

    Nothing leaves by itself: open sends come back paused, planned ones held, and an administrator confirms first
    (`newsletter db confirm`), because what was sent since the backup is not known to it.
    """
    from newsletter.workflow.upkeep.backup import restore as bring_back

    stopped = bring_back(file, folder, url=os.environ.get("DATABASE_URL"))
    say(f"Restored into {folder}; {counted(stopped, 'send')} paused or held.")
    note(f"Look at it first: newsletter status --workspace {folder}")


@db.command("upgrade")
def upgrade(workspace: Folder = HERE) -> None:
    """Make or upgrade the schema of the database."""
    from newsletter.store.migrate import HEAD, current

    with opened(workspace) as ws:
        say(f"The schema is {current(ws.context.engine)}; this program knows {HEAD}.")


@db.command("confirm")
def confirm(workspace: Folder = HERE, as_: As = None) -> None:
    """Say that this database is no copy: from now on it sends as the settings say.

    newsletter db confirm --as noor
    """
    from newsletter.workflow.sending.origin import confirm_origin

    with opened(workspace) as ws:
        confirm_origin(ws.context, ws.context.person(as_))
        say("Confirmed: real sends leave from this database with these settings.")


@dataclass(frozen=True, slots=True)
class Door:
    """Where the web server listens, and what it shows."""

    host: str = "127.0.0.1"
    port: int = 8025
    only: str = "all"
    demo: bool = False


def _serve(ws: Workspace, door: Door) -> None:
    from newsletter.cli.logs import catch_all, start_logging
    from newsletter.schedule import kept
    from newsletter.web.serving import address, is_loopback, led_here, make_app, serve
    from newsletter.workflow.people.staff import nobody_signs_in

    tell = start_logging(ws.context.settings.log_format, heading)
    catch_all()
    ws.context.renderer.warm()  # its process is shared by all requests
    at = address(door.host, door.port)
    if door.only == "public":
        tell(f"Recipients' pages at {at}/ (Ctrl-C ends)")
        serve(make_app(ws, only=door.only), host=door.host, port=door.port)
        return
    led_here(ws.context, door.host, door.port)
    with kept(ws.context) as waking:
        app = make_app(ws, only=door.only, demo=door.demo and is_loopback(door.host), wake=waking.wake)
        tell(f"The studio is at {at}/ (Ctrl-C ends)")
        if not door.demo and nobody_signs_in(ws.context):
            tell(_first_step(ws.context, at))
        serve(app, host=door.host, port=door.port)


def _first_step(ctx: Context, at: str) -> str:
    """The link alone lets in, so it is told to people and never kept in logs."""
    from newsletter.workflow.people.staff import first_link

    if ctx.settings.log_format != "text":
        return "Nobody can sign in yet: `newsletter users add` makes a link for the first administrator."
    return f"Nobody can sign in yet. This link makes the first administrator, once: {at}/welcome/{first_link(ctx)}"
