"""`newsletter demo`: the main job on the demo workspace, and what happened."""

from __future__ import annotations

import time
from pathlib import Path

from newsletter.app import Workspace, open_workspace
from newsletter.cli.output import heading, note, say
from newsletter.cli.sending import run_send, show_plan
from newsletter.clock import SystemClock
from newsletter.store import editions, ledger, runs
from newsletter.store.engine import reading
from newsletter.workflow.approving.approve import approve
from newsletter.workflow.approving.freeze import submit
from newsletter.workflow.content.gather import gather_issue
from newsletter.workflow.people.contacts import import_file
from newsletter.workflow.sending.plan import plan_send
from newsletter.workspace.demo import lay_demo, next_month
from newsletter.workspace.schemas import write_schemas

CAMPAIGN, AUTHOR, APPROVER, STEWARD = "monthly", "ana", "luc", "ana"


def run_demo(folder: Path) -> None:
    """Lays the workspace where it is missing, and takes the digest to the outbox; a second time it only says so."""
    started = time.monotonic()
    today = SystemClock().now().date()
    if not (folder / "newsletter.toml").exists():
        lay_demo(folder, today)
        write_schemas(folder)
        say(f"The demo workspace is laid in {folder}.")
    with open_workspace(folder) as ws:
        ws.context.renderer.warm()
        ctx = ws.context
        keys = [path.rsplit("/", 1)[1][:-5] for path in ctx.documents.list(f"campaigns/{CAMPAIGN}/2*.yaml")]
        key = max(keys, default="{:04}-{:02}".format(*next_month(today)))
        if (run := _complete(ws, key)) is not None:
            with reading(ctx.engine) as connection:
                sums = ledger.run_sums(connection, run)
            say(f"The rehearsal of {CAMPAIGN}/{key} is complete; nothing is done twice.")
            say(sums.line)
            return
        _main_job(ws, key, started)
    _where_to_look(folder, key)


def _complete(ws: Workspace, key: str) -> int | None:
    """The run of the rehearsal that is done."""
    for issue in ws.issues(CAMPAIGN):
        if issue.key == key:
            with reading(ws.context.engine) as connection:
                done = [r.id for r in runs.of_issue(connection, issue.id) if r.rehearsal and r.state.value == "done"]
            return done[-1] if done else None
    return None


def _main_job(ws: Workspace, key: str, started: float) -> None:
    ctx = ws.context
    for mapping in ("institutions", "contacts"):
        report = import_file(ctx, mapping, None, ctx.person(STEWARD))
        say(f"Audience: {mapping}: {report.added:,} added, {report.unchanged:,} unchanged, {report.refused:,} refused.")
    gathered = gather_issue(ctx, CAMPAIGN, key, ctx.person(AUTHOR))
    for problem in gathered.problems:
        note(f"left out: {problem}")
    say(f"Gathered: {gathered.articles} articles in {len(gathered.languages)} languages into {gathered.path}.")
    issue = ws.issue(f"{CAMPAIGN}/{key}")
    note("Compiling ...")
    submitted = submit(ctx, issue, ctx.person(AUTHOR), now=True)
    edition = submitted.edition
    say(f"Frozen: edition {edition.number} in {', '.join(edition.languages)}, hash {edition.hash[:12]}.")
    approver = ctx.person(APPROVER)
    approve(ctx, ws.issue(issue.name), approver)
    say(f"Approved by {approver.name} for {submitted.recipients:,} recipients.")
    plan = plan_send(ctx, ws.issue(issue.name), rehearse=True)
    show_plan(plan)
    run_send(ctx, plan, approver)
    variants = sum(_variants(ws, edition.id, language) for language in edition.languages)
    count = submitted.count
    heading("What happened")
    say(
        f"{gathered.articles} articles, {len(edition.languages)} languages, {variants} variants, "
        f"{count.institutions:,} institutions, {count.recipients:,} contacts and messages, "
        f"{time.monotonic() - started:.1f} s."
    )


def _variants(ws: Workspace, edition_id: int, language: str) -> int:
    with reading(ws.context.engine) as connection:
        return len(editions.compiled_language(connection, editions.get(connection, edition_id), language).variants)


def _where_to_look(folder: Path, key: str) -> None:
    heading("Where to look")
    say(f"  messages      {folder}/outbox/new/*.eml (open one with a mail program)")
    say(f"  the record    newsletter deliveries {CAMPAIGN}/{key} --workspace {folder}")
    say(f"  the draft     {folder}/campaigns/{CAMPAIGN}/{key}.yaml (edit it, then submit and approve again)")
    say(f"  the studio    newsletter demo --directory {folder} (opens it again)")
