"""The practice folder."""

from __future__ import annotations

import asyncio
import mailbox
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest

from newsletter.dispatch.transports import make_transport
from newsletter.dispatch.transports.base import Doubtful, Outgoing, Probing, TransportRefused
from newsletter.dispatch.transports.outbox import Outbox, file_name
from newsletter.model.delivery import AttemptState
from newsletter.settings import OutboxSettings
from tests.dispatch.transports.contract import AWKWARD, Behaviour, Rig, TransportContract, plain


class OutboxRig:
    plays = frozenset({Behaviour.ACCEPT})

    def __init__(self, folder: Path) -> None:
        self.transport = Outbox("outbox", folder)

    def next(self, behaviour: Behaviour) -> None:
        assert behaviour is Behaviour.ACCEPT

    def message(self, number: int, content: bytes) -> Outgoing:
        return plain(number, content)

    def received(self) -> Sequence[bytes]:
        return [file.read_bytes() for file in sorted((self.transport.folder / "new").iterdir())]

    def expected(self, message: Outgoing) -> bytes:
        return message.as_bytes()


class TestOutboxKeepsTheContract(TransportContract):
    @asynccontextmanager
    async def rig(self, folder: Path) -> AsyncIterator[Rig]:
        yield OutboxRig(folder / "outbox")


def send(folder: Path, *messages: Outgoing) -> list[AttemptState]:
    async def play() -> list[AttemptState]:
        channel = await Outbox("outbox", folder).open()
        return [each.state for each in await channel.send(messages)]

    return asyncio.run(play())


def doubtful(delivery: int) -> Doubtful:
    return Doubtful(1000 + delivery, delivery, 1, None, datetime(2026, 11, 24, tzinfo=UTC))


def test_a_mail_reader_opens_it(tmp_path: Path) -> None:
    send(tmp_path, plain(1))
    assert [each["Subject"] for each in mailbox.Maildir(tmp_path, create=False)] == ["=?utf-8?q?D=C3=A9cembre?="]


def test_a_message_written_again_is_the_same_file(tmp_path: Path) -> None:
    send(tmp_path, plain(1))
    send(tmp_path, plain(1))
    assert [file.name for file in (tmp_path / "new").iterdir()] == ["run-1-delivery-0000001.eml"]


def test_what_cannot_be_made_is_rejected_and_the_others_go_out(tmp_path: Path) -> None:
    broken = plain(1, splice=lambda template, data: template + data)
    assert send(tmp_path, broken, plain(2)) == [AttemptState.REJECTED, AttemptState.ACCEPTED]


def test_the_probe_is_exact(tmp_path: Path) -> None:
    """There, there and read by a mail reader, half written, not there."""
    send(tmp_path, plain(1), plain(2))
    read = tmp_path / "new" / file_name(1, 2)
    read.rename(tmp_path / "cur" / f"{read.name}:2,S")
    (tmp_path / "tmp" / file_name(1, 3)).write_bytes(AWKWARD[:10])
    transport = Outbox("outbox", tmp_path)
    assert isinstance(transport, Probing)
    found = asyncio.run(transport.probe([doubtful(number) for number in (1, 2, 3, 4)]))
    assert {key: each.state for key, each in found.items()} == {
        1001: AttemptState.ACCEPTED,
        1002: AttemptState.ACCEPTED,
        1003: AttemptState.UNSENT,
        1004: AttemptState.UNSENT,
    }


def test_a_full_disk_puts_off(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("newsletter.dispatch.transports.outbox.os.replace", full)
    assert send(tmp_path, plain(1)) == [AttemptState.DEFERRED]


def test_a_folder_that_did_not_reach_the_disk_is_in_doubt(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def failing(*_: object) -> None:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr("newsletter.dispatch.transports.outbox._sync_folder", failing)
    held = plain(2, fresh=lambda: False)
    assert send(tmp_path, plain(1), held) == [AttemptState.UNCONFIRMED, AttemptState.UNSENT]


def test_a_folder_that_cannot_be_made_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    transport = make_transport("practice", OutboxSettings(kind="outbox", folder="file"), tmp_path)
    with pytest.raises(TransportRefused, match=r"The outbox .*file cannot be written: Not a directory"):
        asyncio.run(transport.open())
