"""What deploy/ starts is what the program knows."""

from __future__ import annotations

import configparser
import shlex
from pathlib import Path

import pytest
import typer
import yaml

from newsletter.cli.program import app

DEPLOY = Path(__file__).parents[2] / "deploy"
UNITS = sorted((DEPLOY / "systemd").glob("*.service"))


def understood(arguments: list[str]) -> None:
    """Parses a command as the program would, without running it."""
    group = typer.main.get_command(app)
    context = group.make_context("newsletter", list(arguments))
    name, command, rest = group.resolve_command(context, [*context._protected_args, *context.args])  # type: ignore[attr-defined]
    command.make_context(name, rest, parent=context)


def test_the_services_of_the_compose_file_are_commands_of_the_program() -> None:
    services = yaml.safe_load((DEPLOY / "compose.yaml").read_text())["services"]
    commands = {name: service["command"] for name, service in services.items() if name != "database"}
    assert set(commands) == {"studio", "public", "worker"}
    for command in commands.values():
        understood(command)
    for service in commands:
        assert services[service]["stop_grace_period"] == "30s"
    assert services["worker"]["deploy"]["replicas"] == 2


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.name)
def test_the_units_start_commands_of_the_program_and_let_them_finish(unit: Path) -> None:
    parsed = configparser.ConfigParser(interpolation=None)
    parsed.optionxform = str  # type: ignore[assignment, method-assign]
    parsed.read(unit)
    program, *arguments = shlex.split(parsed["Service"]["ExecStart"])
    assert program.endswith("/newsletter")
    understood(arguments)
    assert int(parsed["Service"]["TimeoutStopSec"]) > 20, "stop_within, if nothing else is said"


def test_a_command_that_is_not_there_would_be_noticed() -> None:
    with pytest.raises(Exception, match="No such"):
        understood(["serve", "--onlie", "public"])
