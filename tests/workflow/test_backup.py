"""A backup brings back everything of its moment, and sends nothing by itself."""

from __future__ import annotations

import shutil
import stat
import tarfile
from pathlib import Path

import pytest

from newsletter.app import Workspace, open_workspace
from newsletter.clock import FixedClock
from newsletter.errors import UsageError
from newsletter.model.delivery import RunState
from newsletter.store import runs
from newsletter.store.engine import reading
from newsletter.workflow.results.status import status_of
from newsletter.workflow.sending.control import control
from newsletter.workflow.sending.launch import launch
from newsletter.workflow.sending.origin import Copied, confirm_origin
from newsletter.workflow.sending.plan import plan_send
from newsletter.workflow.sending.send import send
from newsletter.workflow.upkeep.backup import back_up, restore
from tests.servers import PostgresServer, missing
from tests.workflow.office import ISSUE, add_contacts, approved, lay, office
from tests.workflow.test_real_send import mail_server, smtp


def launched(ws: Workspace) -> int:
    approved(ws)
    return launch(ws.context, plan_send(ws.context, ws.issue(ISSUE)), ws.context.person("luc"))


def test_what_left_after_the_backup_leaves_no_second_time_by_itself(tmp_path: Path, clock: FixedClock) -> None:
    with mail_server() as server:
        folder = lay(tmp_path / "ws", **smtp(server.port))
        with office(folder, clock) as ws:
            run = launched(ws)
            file = back_up(ws.context, tmp_path / "monday.tar.gz")
            assert "accepted 3" in send(ws.context, run).sums.line
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
        assert restore(file, tmp_path / "back") == 1
        with open_workspace(tmp_path / "back", clock=clock, environment={}) as ws:
            with reading(ws.context.engine) as connection:
                again = runs.get(connection, run)
            assert again.state is RunState.PAUSED
            assert "Restored from a backup of 2026-11-24 10:00 UTC" in (again.reason or "")
            assert "pending 3" in str(status_of(ws.context, ws.issue(ISSUE)).runs[0].sums)
            with pytest.raises(Copied, match="a backup of 2026-11-24"):
                send(ws.context, run)
            confirm_origin(ws.context, ws.context.person(None))
            control(ws.context, ws.issue(ISSUE), "cancel", ws.context.person("luc"))
        assert len(server.accepted) == 3


def test_a_postgresql_database_comes_back_too(tmp_path: Path, clock: FixedClock, postgres: PostgresServer) -> None:
    if shutil.which("pg_dump") is None:
        missing("postgresql", "pg_dump is not here: apt-get install postgresql-client")
    url, empty = postgres.new_database(), postgres.new_database()
    with office(lay(tmp_path / "ws"), clock, {"DATABASE_URL": url}) as ws:
        add_contacts(tmp_path / "ws", ws, "dora@npf.example")
        file = back_up(ws.context, tmp_path / "monday.tar.gz")
        before = ws.audience_of("news")
    with pytest.raises(UsageError, match="DATABASE_URL"):
        restore(file, tmp_path / "back")
    with pytest.raises(UsageError, match="not empty"):
        restore(file, tmp_path / "back", url=url)
    restore(file, tmp_path / "back", url=empty)
    with open_workspace(tmp_path / "back", clock=clock, environment={"DATABASE_URL": empty}) as ws:
        assert ws.audience_of("news") == before


def test_what_is_no_backup_changes_nothing(tmp_path: Path) -> None:
    (tmp_path / "note.txt").write_text("hello")
    with pytest.raises(UsageError, match="no backup"):
        restore(tmp_path / "note.txt", tmp_path / "back")
    with tarfile.open(tmp_path / "evil.tar.gz", "w:gz") as archive:
        archive.add(tmp_path / "note.txt", "../escaped.txt")
    with pytest.raises(UsageError, match="no backup"):
        restore(tmp_path / "evil.tar.gz", tmp_path / "back")
    (tmp_path / "full").mkdir()
    (tmp_path / "full/x").touch()
    with pytest.raises(UsageError, match="not empty"):
        restore(tmp_path / "note.txt", tmp_path / "full")
    assert sorted(each.name for each in tmp_path.iterdir()) == ["evil.tar.gz", "full", "note.txt"]
