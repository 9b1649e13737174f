"""`newsletter schedule` as people meet it, and two real processes at one planned moment."""

from __future__ import annotations

import json
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner

from newsletter.cli.program import app
from newsletter.clock import FixedClock
from newsletter.errors import UsageError
from newsletter.model.issue import IssueState
from newsletter.workflow.approving.freeze import submit
from newsletter.workflow.scheduling.agenda import agenda, plan_issue, unplan_issue, with_planned
from newsletter.workflow.scheduling.deciding import zone_for
from tests.cli.test_commands import PROGRAM
from tests.workflow.office import ISSUE, approved, lay, office
from tests.workflow.test_real_send import mail_server, smtp

RECURRENCE = '\nrecurrence:\n  rule: FREQ=MONTHLY;BYDAY=1TU\n  at: "09:00"\n  zone: Africa/Cairo\n'


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    found = lay(tmp_path / "ws", **smtp(2525))
    file = found / "campaigns/news/campaign.yaml"
    text = file.read_text()
    file.write_text(text[: text.index("\nrecurrence:")] + RECURRENCE if "\nrecurrence:" in text else text + RECURRENCE)
    return found


def test_it_lists_what_comes_next_in_the_campaigns_zone_and_in_utc(folder: Path) -> None:
    listed = CliRunner().invoke(app, ["schedule", "list", "--workspace", str(folder), "--json", "-n", "14"])
    assert listed.exit_code == 0, listed.output
    found = json.loads(listed.stdout)["next"]
    assert len(found) == 14
    for entry in found:
        local, utc = (datetime.fromisoformat(entry[name]) for name in ("local", "utc"))
        assert (local, local.hour, local.weekday(), entry["zone"]) == (utc, 9, 1, "Africa/Cairo")
    assert len({entry["utc"][11:13] for entry in found}) == 2  # summer time and winter time
    plain = CliRunner().invoke(app, ["schedule", "list", "--workspace", str(folder)])
    assert "Africa/Cairo" in plain.stdout


def test_a_rule_that_cannot_be_read_is_named_by_its_place(folder: Path) -> None:
    file = folder / "campaigns/news/campaign.yaml"
    file.write_text(file.read_text().replace("BYDAY=1TU", "BYDAY=1XX"))
    listed = CliRunner().invoke(app, ["schedule", "list", "--workspace", str(folder)])
    assert listed.exit_code == 1
    assert "campaigns/news/campaign.yaml:" in listed.stderr
    assert "Traceback" not in listed.stderr


def test_planning_unscheduling_and_planning_again(folder: Path, clock: FixedClock) -> None:
    with office(folder, clock) as ws:
        ctx = ws.context
        ana = ctx.person("ana")
        entry = plan_issue(ctx, ws.issue(ISSUE), "2026-12-01 09:00", ana)
        assert (entry.zone, entry.utc) == ("Africa/Cairo", datetime(2026, 12, 1, 7, 0, tzinfo=UTC))
        approved(ws)
        assert ws.issue(ISSUE).state is IssueState.SCHEDULED
        [planned] = agenda(ctx).planned
        assert (planned.issue, planned.utc) == (ISSUE, entry.utc)

        assert unplan_issue(ctx, ws.issue(ISSUE), ana)  # it stays approved
        assert (ws.issue(ISSUE).state, agenda(ctx).planned) == (IssueState.APPROVED, [])

        plan_issue(ctx, ws.issue(ISSUE), "2026-12-02 09:00", ana)
        assert ws.issue(ISSUE).state is IssueState.DRAFT  # another time is another edition
        submit(ctx, ws.issue(ISSUE), ana)
        assert ws.issue(ISSUE).state is IssueState.IN_REVIEW
        assert [each.note for each in agenda(ctx).planned] == ["needs an approval before"]

        assert not unplan_issue(ctx, ws.issue(ISSUE), ana)
        assert ctx.draft("news", "2026-12").planned is None
        for wrong in ("2026-11-01 09:00", "tomorrow", "2026-12-01"):
            with pytest.raises(UsageError):
                plan_issue(ctx, ws.issue(ISSUE), wrong, ana)
        with pytest.raises(UsageError, match="nothing to remove"):
            unplan_issue(ctx, ws.issue(ISSUE), ana)


def test_a_scheduled_issue_does_not_leave_at_its_old_time(folder: Path, clock: FixedClock) -> None:
    with office(folder, clock) as ws:
        plan_issue(ws.context, ws.issue(ISSUE), "2026-12-01 09:00", ws.context.person("ana"))
        approved(ws)
        plan_issue(ws.context, ws.issue(ISSUE), "2026-12-03 09:00", ws.context.person("ana"))
        row = ws.issue(ISSUE)
        assert (row.state, row.planned_at) == (IssueState.DRAFT, None)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("sections: []\n", "planned: 2026-12-01 09:00\nsections: []\n"),
        ("# Mine.\ntitle: X\nsections: []\n", "# Mine.\nplanned: 2026-12-01 09:00\ntitle: X\nsections: []\n"),
        ("planned: 2026-11-01 08:00  # Tuesday\ntitle: X\n", "planned: 2026-12-01 09:00  # Tuesday\ntitle: X\n"),
        ("title: X\nplanned:\nsections: []\n", "title: X\nplanned: 2026-12-01 09:00\nsections: []\n"),
        ("title: X\nplanned: '2026-11-01 08:00'", "title: X\nplanned: 2026-12-01 09:00"),
        ("", "planned: 2026-12-01 09:00\n"),
    ],
)
def test_only_the_planned_line_of_a_draft_changes(before: str, after: str) -> None:
    assert with_planned(before, "2026-12-01 09:00") == after
    assert "planned" not in with_planned(after, None)


def test_two_real_processes_at_one_planned_moment(tmp_path: Path) -> None:
    """Planned 20 minutes ago, approved an hour ago; two programs begin at once. Everybody gets one."""
    now = datetime.now(UTC).replace(second=0, microsecond=0)
    with mail_server() as server:
        folder = lay(tmp_path / "ws", **smtp(server.port))
        with office(folder, FixedClock(now - timedelta(hours=1))) as ws:
            local = (now - timedelta(minutes=20)).astimezone(zone_for(ws.context, "news")).replace(tzinfo=None)
            plan_issue(ws.context, ws.issue(ISSUE), f"{local:%Y-%m-%d %H:%M}", ws.context.person("ana"))
            approved(ws)
            assert ws.issue(ISSUE).state is IssueState.SCHEDULED
        command = [*PROGRAM, "schedule", "run", "--once", "--workspace", str(folder)]
        both = [subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) for _ in range(2)]
        ends = [(process.communicate(timeout=60), process.returncode) for process in both]
        assert [code for _, code in ends] == [0, 0], ends
        assert len(server.accepted) == 3
        with office(folder, FixedClock(now)) as ws:
            assert ws.issue(ISSUE).state is IssueState.SENT
