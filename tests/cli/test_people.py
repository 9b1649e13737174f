"""What the command line does with people: counting, taking copies, ending subscriptions, erasing."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from newsletter.cli.audience import app
from newsletter.clock import FixedClock
from newsletter.errors import UsageError
from tests.workflow.office import lay, office


@pytest.fixture
def folder(tmp_path: Path, clock: FixedClock) -> Path:
    with office(lay(tmp_path / "ws"), clock) as ws:
        return ws.context.folder


def run(folder: Path, *arguments: str, stdin: str | None = None) -> str:
    done = CliRunner().invoke(app, [*arguments, "--workspace", str(folder)], input=stdin)
    if isinstance(done.exception, Exception):
        raise done.exception
    return f"{done.exit_code}: {done.output}"


@pytest.mark.parametrize("command", [["count"], ["list"], ["export", "all.csv"]])
def test_an_empty_rule_is_not_everybody(folder: Path, command: list[str]) -> None:
    with pytest.raises(UsageError, match="rule is empty"):
        run(folder, *command, " ")


def test_a_person_is_erased_only_where_somebody_says_yes(folder: Path) -> None:
    astrid = ("erase", "astrid.berg@npf.example", "--as", "ana")
    assert run(folder, *astrid, stdin="n\n").startswith("1: ")
    assert "astrid.berg" in run(folder, "list", "--as", "ana")
    run(folder, *astrid, "--yes")
    assert "astrid.berg" not in run(folder, "list", "--as", "ana")
