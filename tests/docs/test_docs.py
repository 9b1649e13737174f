"""The documents say what is there: their commands run, their examples load, their links lead somewhere."""

from __future__ import annotations

import importlib.util
import json
import os
import re
import shlex
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from datetime import date
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import typer.main
from pydantic import BaseModel, TypeAdapter
from ruamel.yaml import YAML

from newsletter.cli.program import app
from newsletter.gathering.frontmatter import Front
from newsletter.model.campaign import Audience, Campaign
from newsletter.model.draft import Draft
from newsletter.model.mapping import ImportMapping
from newsletter.model.publication import Segments
from newsletter.settings import Settings
from newsletter.workspace.demo import lay_demo
from tests.faults.scenarios import SCENARIOS

ROOT = Path(__file__).parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])
NAMES = [str(page.relative_to(ROOT)) for page in PAGES]
WRITTEN = [name for name in NAMES if not name.startswith("docs/reference/")]
FENCE = re.compile(r"^```(\w*)\n(.*?)^```", re.DOTALL | re.MULTILINE)
LINK = re.compile(r"!?\[(?:[^\]\[]|\[[^\]]*\])*\]\(([^)\s]+)\)")


def read(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def fenced(name: str, language: str) -> list[str]:
    return [text for kind, text in FENCE.findall(read(name)) if kind == language]


# The newcomer's way


def test_the_first_campaign_of_the_readme_runs_as_written(tmp_path: Path) -> None:
    newcomer = read("README.md").partition("<!-- newcomer:")[2].partition("\n## ")[0]
    blocks = [text for kind, text in FENCE.findall(newcomer) if kind == "sh"]
    assert len(blocks) == 4
    done = run_script("".join(blocks), tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "audience 3 = pending 0 + sending 0 + accepted 3" in done.stdout
    messages = list((tmp_path / "my-newsletter/outbox/new").glob("*.eml"))
    assert len(messages) == 3
    assert all(b"Pension age rises to 66 in Northland" in message.read_bytes() for message in messages)


def run_script(script: str, folder: Path) -> subprocess.CompletedProcess[str]:
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    return subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script],
        cwd=folder,
        env={**os.environ, "PATH": path},
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_python_example_runs_as_written(tmp_path: Path) -> None:
    lay_demo(tmp_path / "demo", date(2026, 11, 24))
    [example] = fenced("README.md", "python")
    shown = example + '\n    print(message.subject, len(message.as_bytes()) > 10_000, "dir" in message.html)\n'
    done = subprocess.run([sys.executable, "-c", shown], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("Lettre mensuelle")
    assert done.stdout.endswith("True True\n")


# Commands


def command_lines() -> Iterator[tuple[str, str]]:
    """Every line of code in the documents that calls the program."""
    for name in WRITTEN:
        for line in read(name).splitlines():
            found = (
                [line.strip()] if line.strip().startswith("newsletter ") else re.findall(r"`(newsletter [^`]+)`", line)
            )
            yield from ((name, each.split("  #")[0]) for each in found)


@cache
def program() -> Any:
    return typer.main.get_command(app)


@pytest.mark.parametrize(("name", "line"), sorted(set(command_lines())))
def test_commands_and_options_exist(name: str, line: str) -> None:
    if line.count('"') % 2:
        pytest.skip("broken over two lines")
    words = shlex.split(line)[1:]
    command = program()
    while words and hasattr(command, "commands"):
        if words[0].startswith("--") or "|" in words[0]:
            break
        assert words[0] in command.commands, f"{name}: there is no command {words[0]!r}"
        command = command.commands[words.pop(0)]
    known = {each for parameter in command.params for each in (*parameter.opts, *parameter.secondary_opts)}
    for word in words:
        if word.startswith("--") and word not in ("--help", "--install-completion"):
            assert word in known, f"{name}: {line!r} has no option {word}"


@pytest.mark.parametrize("name", WRITTEN)
def test_make_targets_exist(name: str) -> None:
    targets = set(re.findall(r"^([a-z-]+):", read("Makefile"), re.MULTILINE))
    assert set(re.findall(r"(?:`|^ {4})make ([a-z]+)", read(name), re.MULTILINE)) <= targets


# Examples


def load(text: str) -> Any:
    return YAML(typ="safe", pure=True).load(text)


def test_the_yaml_of_the_guides_loads() -> None:
    kinds: list[tuple[str, Any]] = [
        ("# subscribers/imports/", ImportMapping),
        ("# subscribers/segments.yaml", Segments),
        ("title: News", Campaign),
        ("sections:", Draft),
        ("audience:", dict[str, Audience]),
    ]
    seen = 0
    for name in WRITTEN:
        for text in fenced(name, "yaml"):
            kind = next(kind for beginning, kind in kinds if text.startswith(beginning))
            TypeAdapter(kind).validate_python(load(text))
            seen += 1
    assert seen >= 6


def test_the_settings_of_the_guides_load() -> None:
    seen = [Settings.model_validate(tomllib.loads(text)) for name in WRITTEN for text in fenced(name, "toml")]
    assert len(seen) >= 4


def test_the_front_matter_of_the_guide_loads() -> None:
    [article] = fenced("docs/guides/campaign.md", "markdown")
    front: BaseModel = Front.model_validate(load(article.split("---")[1]))
    assert "event" in front.model_fields_set


# Links


@pytest.mark.parametrize("name", NAMES)
def test_links_lead_somewhere(name: str) -> None:
    for link in LINK.findall(FENCE.sub("", read(name))):
        if "://" in link:
            continue
        target, _, anchor = link.partition("#")
        there = (ROOT / name).parent / target if target else ROOT / name
        assert there.exists(), f"{name} refers to {link}"
        if anchor:
            assert anchor in anchors(there.read_text(encoding="utf-8")), f"{name} refers to {link}"


def anchors(text: str) -> set[str]:
    headings = re.findall(r"^#+ (.+)$", FENCE.sub("", text), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


# What is derived


def tool(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, ROOT / "tools" / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


def test_the_reference_is_up_to_date() -> None:
    pages = tool("reference").pages()
    there = {path.name for path in (ROOT / "docs/reference").glob("*.md")}
    assert there == set(pages)
    old = [name for name, text in pages.items() if read(f"docs/reference/{name}") != text]
    assert not old, f"run: python tools/reference.py ({', '.join(old)})"


def test_decisions_are_listed_and_numbered_once() -> None:
    pages = sorted(path.name for path in (ROOT / "docs/decisions").glob("[0-9]*.md"))
    numbers = [page.split("-")[0] for page in pages]
    assert len(numbers) == len(set(numbers))
    assert sorted(re.findall(r"\(([0-9][^)]+)\)", read("docs/decisions/README.md"))) == pages


def test_every_dependency_has_its_reason() -> None:
    wanted = tomllib.loads(read("pyproject.toml"))["project"]["dependencies"]
    reasons = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "docs/decisions").glob("[0-9]*.md"))
    names = [re.split(r"[<>=\[ ]", each)[0] for each in wanted]
    assert [name for name in names if name not in reasons] == []


def test_the_ledger_table_names_statements_that_are_there() -> None:
    rows = [row for row in read("docs/architecture.md").splitlines() if re.match(r"\| \d+ \|", row)]
    assert len(rows) == 10
    for row in rows:
        last = row.split("|")[-2]
        for file, name in re.findall(r"`(\w+\.py)` `(\w+)`", last):
            assert re.search(rf"\b{name}\b", read(f"src/newsletter/store/ledger/{file}")), f"{file}: {name}"


def test_what_the_readme_says_of_faults_was_measured_and_is_what_the_page_shows() -> None:
    verdicts = json.loads(read("benchmarks/faults.json"))
    assert {each["scenario"] for each in verdicts} == set(SCENARIOS)
    assert all(each["lost"] == each["doubled"] == 0 and each["unconfirmed"] <= each["allowed"] for each in verdicts)
    assert sum(each["kills"] for each in verdicts) >= 200
    rows = [[cell.strip() for cell in line.split("|")[1:-1]] for line in read("docs/reliability.md").splitlines()]
    shown = {row[0]: row[2:] for row in rows if row and row[0] in SCENARIOS}
    columns = ("kills", "sent", "lost", "doubled", "unconfirmed", "allowed")
    assert shown == {each["scenario"]: [f"{each[name]:,}" for name in columns] for each in verdicts}


def test_the_tests_that_the_page_on_reliability_names_are_there() -> None:
    named = re.findall(r"`(tests/\S+\.py)::(\w+)`", read("docs/reliability.md"))
    assert len(named) > 15
    assert [each for each in named if f"def {each[1]}(" not in read(each[0])] == []
