"""The command line as people meet it: real processes, exit codes, one clear sentence for a mistake."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.workflow.office import ARTICLE

pytestmark = pytest.mark.xdist_group("commands")  # one workspace for all

PROGRAM = [sys.executable, "-c", "from newsletter.cli import main; main()"]


def run(*arguments: str, folder: Path, stdin: str | None = None) -> subprocess.CompletedProcess[str]:
    env = {name: value for name, value in os.environ.items() if name in ("PATH", "HOME", "LANG")}
    return subprocess.run(
        [*PROGRAM, *arguments], cwd=folder, env=env, input=stdin, capture_output=True, text=True, timeout=120
    )


@pytest.fixture(scope="module")
def started(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace made by `newsletter init`, with one plain-text article gathered."""
    folder = tmp_path_factory.mktemp("cli")
    assert run("init", "ws", folder=folder).returncode == 0
    (folder / "ws/campaigns/news/articles/counter.txt").write_text(ARTICLE + " The counter is for everybody who comes.")
    done = run("gather", "news", "--key", "2026-12", folder=folder / "ws")
    assert done.returncode == 0, done.stderr
    assert "newsletter submit news/2026-12" in done.stdout
    return folder / "ws"


def test_the_way_of_a_newcomer_from_an_empty_folder_to_messages(started: Path) -> None:
    for command in (["submit", "news/2026-12"], ["approve", "news/2026-12"]):
        done = run(*command, folder=started)
        assert done.returncode == 0, done.stderr
    sent = run("send", "news/2026-12", "--rehearse", "--yes", folder=started)
    assert sent.returncode == 0, sent.stderr
    assert "audience 3 = pending 0 + sending 0 + accepted 3" in sent.stdout
    assert len(list((started / "outbox/new").iterdir())) == 3
    again = run("send", "news/2026-12", "--rehearse", "--yes", folder=started)
    assert "nothing is done twice" in again.stdout
    status = json.loads(run("status", "news/2026-12", "--json", folder=started).stdout)
    assert status["runs"][0]["states"]["accepted"] == 3
    found = json.loads(run("deliveries", "--search", "berg", "--json", folder=started).stdout)
    assert [row["state"] for row in found] == ["accepted"]
    export = run("deliveries", "news/2026-12", "--export", "who.csv", folder=started)
    assert export.returncode == 0
    assert len((started / "who.csv").read_text(encoding="utf-8-sig").splitlines()) == 4


def test_reading_commands_print_json(started: Path) -> None:
    counted = json.loads(run("audience", "count", "news", "--json", folder=started).stdout)
    assert counted["recipients"] == 3
    rule = 'institution.region == "Africa"'
    assert json.loads(run("audience", "count", rule, "--json", folder=started).stdout)["contacts"] == 1
    listed = json.loads(run("audience", "list", rule, "--json", folder=started).stdout)
    assert [row["institution"] for row in listed] == ["Southcoast Health Insurance"]
    assert json.loads(run("doctor", "--json", folder=started).stdout)[0]["ok"] is True


def test_previews_are_written_with_inert_links(started: Path, tmp_path: Path) -> None:
    done = run("render", "news/2026-12", "--out", str(tmp_path), folder=started)
    assert done.returncode == 0, done.stderr
    assert {path.name for path in tmp_path.glob("en.*")} == {"en.html", "en.txt", "en.eml"}
    assert b"A counter opens" in (tmp_path / "en.eml").read_bytes()


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["gather", "nws"], 2, "did you mean 'news'?"),
        (["submit", "news"], 2, "campaign/key"),
        (["submit", "news/2031-01"], 2, "newsletter gather news"),
        (["approve", "news/2026-12", "--as", "nobody"], 2, "There is no person 'nobody'"),
        (["send", "news/2026-12", "--test", "x@elsewhere.example"], 2, "test_addresses"),
        (["audience", "count", 'institution.regoin == "Africa"'], 1, "institution.region"),
        (["audience", "import", "contcts"], 2, "contacts"),
        (["deliveries", "news/2026-12", "--state", "lost"], 2, "There is no state 'lost'"),
        (["nonsense"], 2, "No such command"),
    ],
)
def test_a_mistake_is_one_clear_sentence_and_an_exit_code(
    started: Path, arguments: list[str], code: int, words: str
) -> None:
    done = run(*arguments, folder=started)
    assert done.returncode == code, done.stderr
    assert words in done.stderr
    assert "Traceback" not in done.stderr


def test_a_folder_that_is_no_workspace_says_how_to_make_one(tmp_path: Path) -> None:
    done = run("status", folder=tmp_path)
    assert done.returncode == 2
    assert "newsletter init" in done.stderr


def test_init_never_overwrites(started: Path) -> None:
    done = run("init", str(started), folder=started)
    assert done.returncode == 2
    assert "is not empty" in done.stderr


def test_the_number_must_be_typed_by_somebody(started: Path) -> None:
    run("submit", "news/2026-12", folder=started)
    run("approve", "news/2026-12", folder=started)
    (started / "campaigns/news/articles/later.txt").write_text(
        "Later\n\nSomething came later.\n\nIt is written here now."
    )
    assert run("gather", "news", "--key", "2026-12", folder=started).returncode == 0
    run("submit", "news/2026-12", folder=started)
    run("approve", "news/2026-12", folder=started)
    done = run("send", "news/2026-12", "--rehearse", folder=started, stdin="")
    assert done.returncode == 2
    assert "--yes" in done.stderr


def test_every_command_explains_itself_with_an_example(tmp_path: Path) -> None:
    for command in (["gather"], ["check"], ["render"], ["submit"], ["approve"], ["send"], ["status"], ["deliveries"]):
        shown = run(*command, "--help", folder=tmp_path)
        assert shown.returncode == 0
        assert f"newsletter {command[0]} " in shown.stdout


def test_schemas_are_written_for_editors(started: Path) -> None:
    assert run("schema", folder=started).returncode == 0
    schema = json.loads((started / ".newsletter/schema/campaign.json").read_text())
    assert "publication" in schema["properties"]


def test_help_waits_for_nothing_heavy() -> None:
    code = "import sys, newsletter.cli.program; print(*{'sqlalchemy', 'pydantic', 'jinja2'} & sys.modules.keys())"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "\n"
