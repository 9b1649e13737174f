"""A small workspace for tests of the steps: the starter with an article, two people, and a clock that stands still."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from newsletter.app import Workspace, open_workspace
from newsletter.clock import FixedClock
from newsletter.workflow.approving.approve import approve
from newsletter.workflow.approving.freeze import submit
from newsletter.workflow.people.contacts import import_file
from newsletter.workflow.sending.launch import launch
from newsletter.workflow.sending.plan import plan_send
from newsletter.workflow.sending.send import send
from newsletter.workflow.upkeep.init import lay_starter

ISSUE = "news/2026-12"
ARTICLE = "A counter opens\n\nA counter opens\n\nIt opens at eight.\n\nIt stands in the main street."
PEOPLE = """
[people.ana]
name = "Ana"
address = "ana@example.org"
roles = ["author", "steward"]

[people.luc]
name = "Luc"
roles = ["approver"]
"""


def lay(folder: Path, *, top: str = "", tables: str = "") -> Path:
    """The starter with an article, Ana who writes and Luc who approves; `top` and `tables` go into newsletter.toml."""
    lay_starter(folder)
    (folder / "campaigns/news/articles/counter.en.txt").write_text(ARTICLE, encoding="utf-8")
    settings = (folder / "newsletter.toml").read_text().replace("approve_own = true", f"approve_own = false\n{top}")
    (folder / "newsletter.toml").write_text(settings + PEOPLE + tables)
    return folder


@contextmanager
def office(folder: Path, clock: FixedClock, environment: dict[str, str] | None = None) -> Iterator[Workspace]:
    with open_workspace(folder, clock=clock, environment=environment or {}) as ws:
        if not ws.issues():
            steward = ws.context.person("ana")
            for mapping in ("institutions", "contacts"):
                import_file(ws.context, mapping, None, steward)
            ws.gather("news", key="2026-12", person="ana")
        yield ws


def approved(ws: Workspace) -> None:
    submit(ws.context, ws.issue(ISSUE), ws.context.person("ana"))
    approve(ws.context, ws.issue(ISSUE), ws.context.person("luc"))


def carry(ws: Workspace, *, rehearse: bool = True) -> str:
    """Launches and dispatches; says the sum line."""
    plan = plan_send(ws.context, ws.issue(ISSUE), rehearse=rehearse)
    run = launch(ws.context, plan, ws.context.person("luc"))
    return send(ws.context, run).sums.line


def add_contacts(folder: Path, ws: Workspace, *addresses: str) -> None:
    lines = "".join(f"NPF,{address},New,Person,deputy,en,news\n" for address in addresses)
    file = folder / "more.csv"
    file.write_text("Institution,Email,First name,Last name,Role,Language,Publications\n" + lines)
    import_file(ws.context, "contacts", file, ws.context.person("ana"))
