"""The schedule."""

from __future__ import annotations

import typer

app = typer.Typer(help="What falls due, and when.", no_args_is_help=True)


@app.command("list")
def list_() -> None:
    """List the next firings."""
