"""A program that sends, without a web server."""

from __future__ import annotations

import typer

from newsletter.cli.options import HERE, Folder, opened

app = typer.Typer()


@app.command()
def worker(workspace: Folder = HERE) -> None:
    """Keep the schedule and send, as `newsletter serve` does, without a web server.

    On PostgreSQL any number of these run at once, on any number of machines. SIGTERM or Ctrl-C finishes what is
    under way; a second one ends at once.

        DATABASE_URL=postgresql://news@db/news newsletter worker
    """
    from newsletter.cli.keeping import keep

    with opened(workspace) as ws:
        keep(ws.context, alone=True)
