"""What deploy/ starts is what the program knows."""

from __future__ import annotations

import configparser
import re
import shlex
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import typer
import yaml

from newsletter.cli.program import app
from newsletter.settings import KEYS, load_settings
from newsletter.web.operations import TOKEN
from newsletter.workflow.sending.send import DKIM_KEY
from tests.servers import missing

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


class Override(yaml.SafeLoader):
    """Compose's own mark for a list that takes another's place instead of adding to it."""


Override.add_constructor("!override", lambda loader, node: loader.construct_sequence(node))


def laid_over(*names: str) -> dict[str, Any]:
    """The services as Compose lays one file over another, as far as ours need it."""
    found: dict[str, Any] = {}
    for name in names:
        document = yaml.load((DEPLOY / name).read_text(), Override)
        for service, values in document["services"].items():
            there = found.setdefault(service, {})
            environment = {**there.get("environment", {}), **values.get("environment", {})}
            found[service] = {**there, **values, "environment": environment}
    return found


def test_over_it_the_documents_file_takes_the_folder_away() -> None:
    services = laid_over("compose.yaml", "compose.documents.yaml")
    assert set(services) == {"database", "studio", "public", "worker"}
    for name, service in services.items():
        if name != "database":
            assert service["read_only"] is True
            assert service["environment"]["NEWSLETTER_DOCUMENTS"] == "database"
            assert service["environment"]["DATABASE_URL"].startswith("postgresql://")
            assert service["volumes"] == ["outbox:/outbox"]
            understood(service["command"])
    volumes = yaml.load((DEPLOY / "compose.documents.yaml").read_text(), Override)["volumes"]
    assert set(volumes) == {"outbox"}
    assert "/outbox" in (DEPLOY / "Containerfile").read_text(), "else its owner could not write there"


def test_commands_named_in_comments_are_commands() -> None:
    for file in (DEPLOY / "compose.yaml", DEPLOY / "compose.documents.yaml"):
        for said in re.findall(r"docker compose run --rm studio (.+?)(?:  |$)", file.read_text(), re.MULTILINE):
            understood(shlex.split(said))


def test_every_variable_that_is_named_is_one_that_the_program_reads(tmp_path: Path) -> None:
    (tmp_path / "newsletter.toml").write_text("")
    own = {*KEYS, TOKEN, DKIM_KEY}
    for file in (each for each in DEPLOY.rglob("*") if each.is_file()):
        for name in re.findall(r"NEWSLETTER_[A-Z_]+", file.read_text()):
            if name not in own and not re.fullmatch(r"NEWSLETTER_[A-Z]+_PASSWORD", name):
                value = {"NEWSLETTER_DOCUMENTS": "database", "NEWSLETTER_LOG_FORMAT": "json"}[name]
                settings = load_settings(tmp_path, {name: value})
                assert getattr(settings, name.removeprefix("NEWSLETTER_").lower()) == value


def test_systemd_knows_every_word_of_the_units(tmp_path: Path) -> None:
    if shutil.which("systemd-analyze") is None:
        missing("systemd", "systemd-analyze is not here: apt-get install systemd")
    for unit in UNITS:
        program = unit.read_text().replace("/opt/newsletter/bin/newsletter", "/bin/true")
        (tmp_path / unit.name.replace("@", "@1")).write_text(program)
    named = sorted(str(each) for each in tmp_path.iterdir())
    done = subprocess.run(
        ["systemd-analyze", "verify", *named], capture_output=True, text=True, timeout=60, check=False
    )
    said = [line for line in done.stderr.splitlines() if str(tmp_path) in line]
    assert (said, done.returncode) == ([], 0)


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
