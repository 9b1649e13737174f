"""Options that many commands share."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from newsletter.app import Workspace

Folder = Annotated[Path, typer.Option("--workspace", help="The workspace folder.", show_default="the current folder")]
As = Annotated[str | None, typer.Option("--as", help="Who acts, by name in newsletter.toml.", show_default="local")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]
HERE = Path()


@contextmanager
def opened(folder: Path) -> Iterator[Workspace]:
    """The workspace; imported here, so that `--help` stays quick."""
    from newsletter.app import open_workspace

    with open_workspace(folder) as workspace:
        yield workspace
