"""Programs as people start them, each a process of its own: `newsletter worker` and `newsletter serve`."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

from newsletter import schedule
from newsletter.app import open_workspace
from newsletter.cli import keeping, worker, workspace
from newsletter.jobs import shared
from newsletter.web import serving

__all__ = ["keeping", "open_workspace", "serving"]  # imported before the fork, as each would do it for itself


def work(folder: str, database: str | None) -> None:
    _live(folder, database, lambda: worker.worker(Path(folder)))


def serve(folder: str, database: str | None, port: int) -> None:
    _live(folder, database, lambda: workspace.serve(Path(folder), port=port, host="127.0.0.1", only="studio"))


def log_of(folder: str | Path) -> Path:
    """What the programs of a workspace say."""
    return Path(folder) / "programs.log"


def _live(folder: str, database: str | None, program: Callable[[], None]) -> None:
    schedule.TICK = timedelta(seconds=1)  # instead of 30, so that a test is short
    shared.AGAIN = shared.POLL = 1.0  # instead of 5
    if database is not None:
        os.environ["DATABASE_URL"] = database
    log = os.open(log_of(folder), os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    for stream in (sys.stdout, sys.stderr):
        os.dup2(log, stream.fileno())
    program()
