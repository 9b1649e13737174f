"""A copied database never sends; with redirect_all_to everything goes to one address (invariant 10)."""

from __future__ import annotations

from pathlib import Path

import pytest

from newsletter.clock import FixedClock
from newsletter.model.permission import NotAllowed
from newsletter.store.engine import reading
from newsletter.store.tables import audit
from newsletter.workflow.sending.control import control
from newsletter.workflow.sending.launch import launch
from newsletter.workflow.sending.origin import Copied, confirm_origin, strange
from newsletter.workflow.sending.plan import plan_send
from newsletter.workflow.sending.send import send
from tests.workflow.office import ISSUE, add_contacts, approved, carry, lay, office
from tests.workflow.test_real_send import mail_server, smtp

ADMIN = '\n[people.noor]\nname = "Noor"\nroles = ["admin"]\n'


def moved(folder: Path, old: str, new: str) -> None:
    settings = folder / "newsletter.toml"
    settings.write_text(settings.read_text().replace(old, new))


def test_a_copy_launches_nothing_until_an_administrator_confirms(tmp_path: Path, clock: FixedClock) -> None:
    with mail_server() as server:
        parts = smtp(server.port)
        folder = lay(tmp_path / "ws", top=parts["top"], tables=parts["tables"] + ADMIN)
        with office(folder, clock) as ws:
            approved(ws)
            carry(ws, rehearse=False)
            add_contacts(folder, ws, "dora@npf.example")
            approved(ws)
        moved(folder, "https://news.example.org", "https://staging.example.org")
        with office(folder, clock) as ws:
            with pytest.raises(Copied, match=r"news\.example\.org, and the settings say .*staging"):
                carry(ws, rehearse=False)
            carry(ws)  # a rehearsal reaches nobody
            with pytest.raises(NotAllowed):
                confirm_origin(ws.context, ws.context.person("luc"))
            assert len(server.accepted) == 3
            confirm_origin(ws.context, ws.context.person("noor"))
            assert "accepted 1" in carry(ws, rehearse=False)
            with reading(ws.context.engine) as connection:
                assert any(row.action == "origin confirmed" for row in connection.execute(audit.select()))


def test_a_copy_made_in_mid_send_does_not_go_on(tmp_path: Path, clock: FixedClock) -> None:
    with mail_server() as server:
        folder = lay(tmp_path / "ws", **smtp(server.port))
        with office(folder, clock) as ws:
            approved(ws)
            run = launch(ws.context, plan_send(ws.context, ws.issue(ISSUE)), ws.context.person("luc"))
        moved(folder, f"port = {server.port}", f"port = {server.port + 1}")
        with office(folder, clock) as ws:
            assert isinstance(strange(ws.context), Copied)
            with pytest.raises(Copied):
                send(ws.context, run)
            control(ws.context, ws.issue(ISSUE), "cancel", ws.context.person("luc"))
        assert server.accepted == []


def test_on_staging_everything_goes_to_one_address(tmp_path: Path, clock: FixedClock) -> None:
    with mail_server() as server:
        parts = smtp(server.port)
        folder = lay(
            tmp_path / "ws", top=f'{parts["top"]}\nredirect_all_to = "trial@example.org"', tables=parts["tables"]
        )
        with office(folder, clock) as ws:
            approved(ws)
            assert "accepted 3" in carry(ws, rehearse=False)
            assert strange(ws.context) is None
    assert {recipient for _, recipient in server.envelopes} == {"<trial@example.org>"}
    assert all(b"To: " in each and b"trial@example.org" in each.split(b"\r\n\r\n")[0] for each in server.accepted)
