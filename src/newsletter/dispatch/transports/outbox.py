"""The practice folder: each message becomes a file in a Maildir, and reaches nobody.

A file is complete or absent: it is written and synced in tmp/, renamed into new/, and the folder is synced. Its name
is that of the delivery and its run, so a probe is exact, and a message written again is the same file.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from newsletter.dispatch.transports.base import (
    ChannelState,
    Doubtful,
    Outcome,
    Outgoing,
    TransportRefused,
    Unmade,
    tell,
)
from newsletter.model.delivery import AttemptState
from newsletter.settings import OutboxSettings

BATCH = 100


def file_name(run: int, delivery: int) -> str:
    return f"run-{run}-delivery-{delivery:07}.eml"


def make_outbox(name: str, settings: OutboxSettings, folder: Path) -> Outbox:
    return Outbox(name, folder / settings.folder)


@dataclass(frozen=True, slots=True)
class Outbox:
    name: str
    folder: Path
    batch: int = BATCH
    connections: int = 1
    rehearsal: bool = True

    async def open(self) -> OutboxChannel:
        try:
            for part in ("tmp", "new", "cur"):
                (self.folder / part).mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise TransportRefused(
                f"The outbox {self.folder} cannot be written: {error.strerror}. "
                f"Check the folder's permissions, or name another in [transports.{self.name}]."
            ) from error
        return OutboxChannel(self.folder)

    async def probe(self, attempts: Sequence[Doubtful], /) -> Mapping[int, Outcome]:
        """Exact: the file is there (read or not), or the message was never written."""
        return await asyncio.to_thread(self._look, attempts)

    def _look(self, attempts: Sequence[Doubtful]) -> dict[int, Outcome]:
        there = {entry.name.partition(":")[0] for part in ("new", "cur") for entry in _entries(self.folder / part)}
        return {
            each.attempt: Outcome(each.attempt, AttemptState.ACCEPTED, file_name(each.run, each.delivery))
            if file_name(each.run, each.delivery) in there
            else Outcome(each.attempt, AttemptState.UNSENT, "not in the outbox")
            for each in attempts
        }


@dataclass(frozen=True, slots=True)
class OutboxChannel:
    folder: Path

    async def send(self, batch: Sequence[Outgoing], /) -> Sequence[Outcome]:
        return await asyncio.to_thread(self._write_all, batch)

    async def close(self) -> None:
        """There is nothing to close."""

    def _write_all(self, batch: Sequence[Outgoing]) -> list[Outcome]:
        outcomes = [self._write(message) for message in batch]
        try:
            _sync_folder(self.folder / "new")
        except OSError as error:  # what was renamed may or may not survive a power loss
            return [_in_doubt(each, tell(str(error))) for each in outcomes]
        return outcomes

    def _write(self, message: Outgoing) -> Outcome:
        if not message.fresh():
            return Outcome(message.attempt, AttemptState.UNSENT, "held back: the intent was too old")
        name = file_name(message.run, message.delivery)
        try:
            content = message.as_bytes()
            _write_synced(self.folder / "tmp" / name, content)
            os.replace(self.folder / "tmp" / name, self.folder / "new" / name)
        except Unmade as error:
            return Outcome(message.attempt, AttemptState.REJECTED, str(error))
        except OSError as error:
            reply = tell(f"The outbox cannot be written: {error.strerror}")
            return Outcome(message.attempt, AttemptState.DEFERRED, reply, channel=ChannelState.BROKEN)
        return Outcome(message.attempt, AttemptState.ACCEPTED, name)


def _in_doubt(outcome: Outcome, reply: str) -> Outcome:
    if outcome.state is not AttemptState.ACCEPTED:
        return outcome
    return replace(outcome, state=AttemptState.UNCONFIRMED, reply=reply, channel=ChannelState.BROKEN)


def _write_synced(path: Path, content: bytes) -> None:
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as stream:
        stream.write(content)
        stream.flush()
        os.fsync(stream.fileno())


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _entries(folder: Path) -> list[os.DirEntry[str]]:
    return list(os.scandir(folder)) if folder.is_dir() else []
