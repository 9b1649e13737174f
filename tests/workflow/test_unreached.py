"""A statutory notice that a contact's server refuses goes to the institution's next contact in a later run."""

from __future__ import annotations

from pathlib import Path

from newsletter.app import Workspace
from newsletter.clock import FixedClock
from newsletter.workflow.approving.approve import approve
from newsletter.workflow.approving.freeze import submit
from newsletter.workflow.results.unreached import Unreached, unreached
from tests.cli.test_commands import run
from tests.fakes.smtp import FakeSmtp, Fault
from tests.workflow.office import ISSUE, approved, carry, lay, office
from tests.workflow.test_real_send import mail_server, smtp

DEAD = "550 5.1.1 no such user"
CONTACTS = """Institution,Email,First name,Last name,Role,Language,Publications
NPF,first@npf.example,Ana,First,liaison officer,en,
NPF,second@npf.example,Ben,Second,deputy,en,
NPF,third@npf.example,Cy,Third,general mailbox,en,
SHI,only@shi.example,Di,Only,liaison officer,en,
"""


def statutory(folder: Path, port: int) -> Path:
    lay(folder, **smtp(port))
    publications = folder / "subscribers/publications.yaml"
    publications.write_text(publications.read_text().replace("kind: news", "kind: statutory"))
    campaign = folder / "campaigns/news/campaign.yaml"
    copies = "copies: institution\nroles: [liaison officer, deputy, general mailbox]\n"
    lines = [line for line in campaign.read_text().splitlines() if not line.startswith(("copies:", "roles:"))]
    campaign.write_text("\n".join(lines) + "\n" + copies)
    (folder / "subscribers/contacts.csv").write_text(CONTACTS)
    return folder


def faults(server: FakeSmtp, *replies: str | None) -> None:
    server.faults += [Fault("rcpt", reply) if reply else None for reply in replies]


def later_run(ws: Workspace) -> int:
    number = submit(ws.context, ws.issue(ISSUE), ws.context.person("ana")).recipients
    approve(ws.context, ws.issue(ISSUE), ws.context.person("luc"))
    return number


def test_the_next_contact_by_role_gets_a_notice_that_was_refused(tmp_path: Path, clock: FixedClock) -> None:
    with mail_server() as server:
        folder = statutory(tmp_path / "ws", server.port)
        with office(folder, clock) as ws:
            assert unreached(ws.context, ws.issue(ISSUE)) == []
            approved(ws)
            faults(server, DEAD, DEAD)
            assert "rejected 2" in carry(ws, rehearse=False)
            assert unreached(ws.context, ws.issue(ISSUE)) == [
                Unreached("NPF", "Northland Pension Fund", DEAD, "Ben Second", "deputy"),
                Unreached("SHI", "Southcoast Health Insurance", DEAD),
            ]
            told = run("status", ISSUE, folder=folder).stdout
            assert "Nobody was reached at 2 institutions:" in told
            assert f"Northland Pension Fund ({DEAD}): next would be Ben Second, deputy" in told
            assert f"Southcoast Health Insurance ({DEAD}): there is nobody else: write a letter" in told
            assert f"newsletter submit {ISSUE}" in told
            assert "@" not in told

            assert later_run(ws) == 1
            faults(server, DEAD)
            assert "rejected 1" in carry(ws, rehearse=False)
            assert [each.next_contact for each in unreached(ws.context, ws.issue(ISSUE))] == ["Cy Third", None]
            assert later_run(ws) == 1
            assert "accepted 1" in carry(ws, rehearse=False)
            assert [recipient for _, recipient in server.envelopes] == ["<third@npf.example>"]
            assert [each.institution for each in unreached(ws.context, ws.issue(ISSUE))] == ["SHI"]
            assert later_run(ws) == 0


def test_an_institution_that_was_reached_gets_no_second_copy(tmp_path: Path, clock: FixedClock) -> None:
    with mail_server() as server:
        folder = statutory(tmp_path / "ws", server.port)
        with office(folder, clock) as ws:
            approved(ws)
            assert "accepted 2" in carry(ws, rehearse=False)
            assert unreached(ws.context, ws.issue(ISSUE)) == []
            assert later_run(ws) == 0


def test_news_is_not_passed_on(tmp_path: Path, clock: FixedClock) -> None:
    with mail_server() as server:
        folder = lay(tmp_path / "ws", **smtp(server.port))
        campaign = folder / "campaigns/news/campaign.yaml"
        campaign.write_text(campaign.read_text() + "copies: institution\nroles: [liaison officer]\n")
        with office(folder, clock) as ws:
            approved(ws)
            faults(server, DEAD, DEAD)
            assert "rejected 2" in carry(ws, rehearse=False)
            assert unreached(ws.context, ws.issue(ISSUE)) == []
            assert later_run(ws) == 0
