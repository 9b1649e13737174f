"""A real send through a mail server, and the later run to those not yet served."""

from __future__ import annotations

import asyncio
import base64
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from sqlalchemy import update

from newsletter.clock import FixedClock
from newsletter.dispatch.launch import AudienceChanged
from newsletter.errors import UsageError
from newsletter.model.issue import IssueState
from newsletter.store.engine import writing
from newsletter.store.tables import contact
from newsletter.workflow.approving.approve import approve
from newsletter.workflow.approving.freeze import submit
from newsletter.workflow.people.deliveries import settle
from newsletter.workflow.results.status import status_of
from newsletter.workflow.sending.launch import launch
from newsletter.workflow.sending.plan import plan_send
from tests.fakes.smtp import FakeSmtp, Fault
from tests.workflow.office import ISSUE, add_contacts, approved, carry, lay, office


@contextmanager
def mail_server() -> Iterator[FakeSmtp]:
    """The fake server in a thread of its own, because a send runs its own event loop."""
    server, ready, loop = FakeSmtp(), threading.Event(), asyncio.new_event_loop()
    ended = asyncio.Event()

    async def main() -> None:
        async with server.running():
            ready.set()
            await ended.wait()

    thread = threading.Thread(target=loop.run_until_complete, args=(main(),))
    thread.start()
    ready.wait()
    try:
        yield server
    finally:
        loop.call_soon_threadsafe(ended.set)
        thread.join()
        loop.close()


def smtp(port: int) -> dict[str, str]:
    table = f'\n[transports.smtp]\nkind = "smtp"\nhost = "127.0.0.1"\nport = {port}\ntls = "none"\nconnections = 1\n'
    return {"top": 'send_with = ["smtp"]', "tables": table}


def test_everybody_gets_one_and_a_new_member_gets_hers_later(tmp_path: Path, clock: FixedClock) -> None:
    with mail_server() as server:
        folder = lay(tmp_path / "ws", **smtp(server.port))
        with office(folder, clock) as ws:
            approved(ws)
            assert "accepted 3" in carry(ws, rehearse=False)
            assert ws.issue(ISSUE).state is IssueState.SENT
            assert len({recipient for _, recipient in server.envelopes}) == len(server.accepted) == 3

            add_contacts(folder, ws, "dora@npf.example")
            submit(ws.context, ws.issue(ISSUE), ws.context.person("ana"))
            approve(ws.context, ws.issue(ISSUE), ws.context.person("luc"))
            assert "audience 1 = " in carry(ws, rehearse=False)
            assert [recipient for _, recipient in server.envelopes][3:] == ["<dora@npf.example>"]


def test_a_late_language_reaches_those_who_waited_for_it(tmp_path: Path, clock: FixedClock) -> None:
    with mail_server() as server:
        folder = lay(tmp_path / "ws", **smtp(server.port))
        settings = folder / "newsletter.toml"
        settings.write_text(settings.read_text().replace('languages = ["en"]', 'languages = ["en", "fr"]'))
        campaign = folder / "campaigns/news/campaign.yaml"
        campaign.write_text(campaign.read_text().replace("subject: {", "subject: {fr: 'Nouvelles', "))
        english = folder / "campaigns/news/articles/counter.en.txt"
        text = english.read_text()
        english.rename(english.with_name("counter.fr.txt"))
        with office(folder, clock) as ws:
            approved(ws)
            assert "accepted 0" in carry(ws, rehearse=False)
            assert {row.reason for row in ws.deliveries(ISSUE)} == {"no edition in en"}
            english.write_text(text)
        with office(folder, clock) as ws:
            submit(ws.context, ws.issue(ISSUE), ws.context.person("ana"))
            approve(ws.context, ws.issue(ISSUE), ws.context.person("luc"))
            assert "accepted 3" in carry(ws, rehearse=False)
        assert len(server.accepted) == 3


def test_a_refused_address_once_mended_is_tried_again_by_a_person(tmp_path: Path, clock: FixedClock) -> None:
    with mail_server() as server:
        server.faults = [Fault("rcpt", "550 no such user here"), None, None]
        folder = lay(tmp_path / "ws", **smtp(server.port))
        with office(folder, clock) as ws:
            approved(ws)
            assert "accepted 2 + rejected 1" in carry(ws, rehearse=False)
            [refused] = ws.deliveries(ISSUE, state="rejected")
            assert "550 no such user here" in str(refused.reason)
            with writing(ws.context.engine) as connection:
                mended = {"address": "mended@npf.example", "address_key": "mended", "domain": "npf.example"}
                connection.execute(update(contact).where(contact.c.code == refused.contact).values(mended))
            assert settle(ws.context, [refused.id], "retry", ws.context.person("luc")) == [refused.id]
            assert "accepted 3 + rejected 0" in carry(ws, rehearse=False)
            assert server.envelopes[-1][1] == "<mended@npf.example>"


def test_a_launch_far_off_the_approved_count_is_held(tmp_path: Path, clock: FixedClock) -> None:
    folder = lay(tmp_path / "ws", **smtp(2525))
    with office(folder, clock) as ws:
        approved(ws)
        add_contacts(folder, ws, *(f"new{number}@npf.example" for number in range(6)))
        with pytest.raises(AudienceChanged, match="9 recipients now, and 3 were approved"):
            carry(ws, rehearse=False)
        assert not status_of(ws.context, ws.issue(ISSUE)).runs
        assert ws.issue(ISSUE).state is IssueState.HELD


def test_a_rehearsal_before_the_real_send_takes_nothing_from_it(tmp_path: Path, clock: FixedClock) -> None:
    with mail_server() as server:
        with office(lay(tmp_path / "ws", **smtp(server.port)), clock) as ws:
            approved(ws)
            assert "accepted 3" in carry(ws, rehearse=True)
            assert server.accepted == []
            assert "accepted 3" in carry(ws, rehearse=False)
        assert len(server.accepted) == 3


def test_messages_are_signed_where_the_workspace_signs_for_itself(
    tmp_path: Path, clock: FixedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    dkim = pytest.importorskip("dkim")
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption())
    public = base64.b64encode(key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo))
    tables = '\n[dkim]\ndomain = "example.org"\nselector = "s1"\n'
    folder = lay(tmp_path / "ws", tables=tables)
    with office(folder, clock) as ws:
        approved(ws)
        with pytest.raises(UsageError, match="NEWSLETTER_DKIM_KEY"):
            carry(ws)
        monkeypatch.setenv("NEWSLETTER_DKIM_KEY", pem.decode())
        assert "accepted 3" in carry(ws)
    for path in (folder / "outbox/new").iterdir():
        message = path.read_bytes()
        assert dkim.verify(message, dnsfunc=lambda *_, **__: b"v=DKIM1; k=rsa; p=" + public)
        assert b"list-unsubscribe-post" in message.partition(b"\r\n\r\n")[0].lower()


def test_what_is_approved_for_later_leaves_before_only_where_that_is_said(tmp_path: Path, clock: FixedClock) -> None:
    with mail_server() as server:
        folder = lay(tmp_path / "ws", **smtp(server.port))
        with office(folder, clock) as ws:
            draft = folder / "campaigns/news/2026-12.yaml"
            draft.write_text(draft.read_text() + "planned: 2026-12-01 09:00\n")
            approved(ws)
            with pytest.raises(UsageError, match=r"was approved for 2026-12-01 .* --now"):
                carry(ws, rehearse=False)
            assert server.accepted == []
            plan = plan_send(ws.context, ws.issue(ISSUE))
            launch(ws.context, plan, ws.context.person("luc"), early=True)
            assert "accepted 3" in carry(ws, rehearse=False)
