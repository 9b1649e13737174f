"""Programs of a fleet, each a process of its own: `newsletter worker` and `newsletter serve` on one PostgreSQL."""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

from newsletter import schedule
from newsletter.app import open_workspace
from newsletter.cli import keeping, worker, workspace
from newsletter.web import serving

__all__ = ["keeping", "open_workspace", "serving"]  # imported before the fork, as each would do it for itself


def work(folder: str, database: str) -> None:
    _live(database, lambda: worker.worker(Path(folder)))


def serve(folder: str, database: str, port: int) -> None:
    _live(database, lambda: workspace.serve(Path(folder), port=port, host="127.0.0.1", only="studio"))


def _live(database: str, program: Callable[[], None]) -> None:
    schedule.TICK = timedelta(seconds=2)  # instead of 30, so that a test is short
    os.environ["DATABASE_URL"] = database
    program()
