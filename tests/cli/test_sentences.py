"""What commands say of mistakes and of changes, in words that name what to do."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Literal

import pytest
from pydantic import BaseModel, Field
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError, IntegrityError

from newsletter.app import Workspace
from newsletter.cli.output import counted
from newsletter.clock import FixedClock
from newsletter.errors import ProblemsFound, UsageError
from newsletter.loading import load_yaml
from newsletter.model.campaign import Campaign
from newsletter.store.engine import open_engine, sentence_of, writing
from newsletter.workflow.checking.check import check_composed
from newsletter.workflow.results.status import changed_since
from newsletter.workflow.scheduling.agenda import agenda, plan_issue, with_hopes
from newsletter.workflow.upkeep import doctor
from newsletter.workflow.upkeep.init import said
from tests.cli.test_commands import run
from tests.workflow.office import ISSUE, approved, lay, office

ARTICLE = "campaigns/news/articles/counter.en.txt"
BROKEN = "---\ntitle: Broken\ndate: never\n---\nText.\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return lay(tmp_path / "ws")


@pytest.fixture
def ws(folder: Path, clock: FixedClock) -> Iterator[Workspace]:
    with office(folder, clock) as opened:
        yield opened


# Databases


@pytest.mark.parametrize("url", ["nonsense", "nonsense://u:secret@h/x", "postgresql://u:secret@h:port/x"])
def test_a_url_that_is_no_database_is_named_without_being_told(url: str) -> None:
    with pytest.raises(UsageError, match="DATABASE_URL is no database address") as refused:
        open_engine(url)
    assert "secret" not in str(refused.value)


def test_a_missing_driver_is_named_with_the_extra_that_brings_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "psycopg", None)
    with pytest.raises(UsageError, match=r"newsletter\[postgresql\]"):
        open_engine("postgresql://u:secret@h/x")


def test_a_dead_database_is_one_sentence_for_doctor_too(folder: Path) -> None:
    settings = (folder / "newsletter.toml").read_text()
    (folder / "newsletter.toml").write_text('database = "postgresql://nobody@127.0.0.1:1/none"\n' + settings)
    found = next(each for each in doctor.examine(folder) if each.what == "database")
    assert not found.ok
    assert found.found.startswith("The database cannot be used: ")
    assert "sqlalche.me" not in found.found
    assert "DATABASE_URL" in found.mend


def test_the_details_of_a_database_error_are_left_out() -> None:
    class Told(Exception):
        diag = type("Diag", (), {"message_primary": "duplicate key value"})

    error = IntegrityError("INSERT", {}, Told("duplicate key value\nDETAIL: (address)=(ana@example.org)"))
    assert sentence_of(error) == "The database cannot be used: duplicate key value"
    assert sentence_of(ValueError("another")) is None


def test_a_database_error_says_the_first_line(ws: Workspace) -> None:
    with pytest.raises(DBAPIError) as raised, writing(ws.context.engine) as connection:
        connection.execute(text("SELECT * FROM nowhere"))
    assert sentence_of(raised.value) == "The database cannot be used: no such table: nowhere"


# Checks


def test_a_malformed_article_of_an_issue_is_an_error_with_its_line(folder: Path, ws: Workspace) -> None:
    (folder / "campaigns/news/articles/broken.en.md").write_text(BROKEN)
    found = [each for each in check_composed(ws.context, ISSUE, lambda: ws.compose(ISSUE).composition) if each.error]
    assert [(each.code, each.where.file, each.where.line) for each in found] == [
        ("article", "campaigns/news/articles/broken.en.md", 3)
    ]


def test_an_issue_whose_only_article_is_malformed_is_checked_all_the_same(folder: Path, ws: Workspace) -> None:
    (folder / ARTICLE).unlink()
    (folder / "campaigns/news/articles/counter.en.md").write_text(BROKEN)
    found = check_composed(ws.context, ISSUE, lambda: ws.compose(ISSUE).composition)
    assert {each.code for each in found} == {"article", "definition"}


def test_check_prints_json_where_a_template_is_wrong(folder: Path, ws: Workspace) -> None:
    template = next(folder.glob("templates/*.txt"))
    template.write_text(template.read_text() + "{% if %}")
    done = run("check", ISSUE, "--json", folder=folder)
    assert done.returncode == 1
    found = json.loads(done.stdout)
    assert [each["code"] for each in found] == ["template"]
    assert found[0]["where"]["file"] == f"templates/{template.name}"
    assert found[0]["where"]["line"]


def test_a_strict_gather_says_that_nothing_was_changed(folder: Path, ws: Workspace) -> None:
    (folder / "campaigns/news/articles/broken.en.md").write_text(BROKEN)
    before = (folder / f"campaigns/{ISSUE}.yaml").read_bytes()
    done = run("gather", "news", "--key", "2026-12", "--strict", folder=folder)
    assert done.returncode == 1
    assert "broken.en.md" in done.stderr
    assert "Nothing was changed." in done.stderr
    assert (folder / f"campaigns/{ISSUE}.yaml").read_bytes() == before


def test_a_misspelt_campaign_is_told_the_nearest(folder: Path, ws: Workspace) -> None:
    assert "did you mean 'news'?" in run("status", "nwes/2026-12", folder=folder).stderr


# Plans


def test_a_planned_time_is_seen_before_anybody_approves_it(ws: Workspace) -> None:
    plan_issue(ws.context, ws.issue(ISSUE), "2031-12-01 09:00", ws.context.person("ana"))
    (row,) = with_hopes(ws.context, ws.issues())
    assert row.planned_at is not None
    assert row.note == "planned, not approved"
    (entry,) = agenda(ws.context).planned
    assert (entry.utc, entry.what, entry.note) == (row.planned_at, "draft", "planned, not approved")


def test_planning_says_which_approval_falls(ws: Workspace) -> None:
    approved(ws)
    ana = ws.context.person("ana")
    first = plan_issue(ws.context, ws.issue(ISSUE), "2031-12-01 09:00", ana)
    again = plan_issue(ws.context, ws.issue(ISSUE), "2031-12-02 09:00", ana)
    assert first.note == "the approval of edition 1 no longer holds"
    assert again.note is None


# Changes


def test_status_says_when_the_files_have_changed_since(folder: Path, ws: Workspace) -> None:
    assert changed_since(ws.context, ws.issue(ISSUE)) is None
    approved(ws)
    assert changed_since(ws.context, ws.issue(ISSUE)) is None
    draft = folder / f"campaigns/{ISSUE}.yaml"
    draft.write_text(draft.read_text() + "subject: {en: Another subject}\n")
    told = "the files have changed since edition 1: submit again to send what they say now"
    assert changed_since(ws.context, ws.issue(ISSUE)) == told
    assert told in run("status", ISSUE, folder=folder).stdout
    template = next(folder.glob("templates/*.txt"))
    template.write_text(template.read_text() + "{% if %}")
    assert "newsletter check news/2026-12" in (changed_since(ws.context, ws.issue(ISSUE)) or "")


# Words


class Smtp(BaseModel, extra="forbid"):
    kind: Literal["smtp"]
    port: int = 25


class Box(BaseModel, extra="forbid"):
    kind: Literal["box"]


class Document(BaseModel, extra="forbid"):
    transports: dict[str, Annotated[Smtp | Box, Field(discriminator="kind")]] = {}
    size: int | None = None


@pytest.mark.parametrize(
    ("document", "words"),
    [
        ("transports: {smtp: {kind: smtp, prt: 5}}", "transports.smtp.prt is not known here: did you mean 'port'?"),
        ("transports: {smtp: {kind: smtp, port: x}}", "transports.smtp.port must be a whole number"),
        ("transports: {smtp: {kind: smpt}}", "transports.smtp.kind is 'smpt': did you mean 'smtp'?"),
        ("transports: {smtp: {}}", "transports.smtp.kind is missing"),
        ("size: x", "size must be a whole number"),
        ("transports: 5", "transports must hold names and values"),
    ],
)
def test_mistakes_in_a_file_are_plain_sentences_without_tags(document: str, words: str) -> None:
    with pytest.raises(ProblemsFound) as found:
        load_yaml(document, "some.yaml", Document)
    assert [each.message for each in found.value.problems] == [words]


def test_no_definition_is_answered_in_the_words_of_the_library() -> None:
    with pytest.raises(ProblemsFound) as found:
        load_yaml("title: [1]\nsections: 5\nlanguages: en\nsubject: x\n", "campaign.yaml", Campaign)
    assert not re.search("Input should|valid dictionary", str(found.value))


def test_numbers_and_nouns_agree() -> None:
    assert [counted(number, "article") for number in (0, 1, 2)] == ["0 articles", "1 article", "2 articles"]


def test_every_example_of_a_help_stands_on_its_own_line(tmp_path: Path) -> None:
    shown = [line.strip(" │") for line in io.StringIO(run("render", "--help", folder=tmp_path).stdout)]
    assert "newsletter render monthly/2026-12 --out previews" in [line.strip() for line in shown]


def test_init_names_the_commands_of_the_readme() -> None:
    readme = (Path(__file__).parents[2] / "README.md").read_text()
    way = re.search(r"```sh\n(newsletter gather .*?)```", readme, re.DOTALL)
    assert way is not None
    for command in way.group(1).splitlines():
        assert command in said(Path("ws"), 3)
