"""A mail server that does as it is told: which reply, loss or silence, at which step of which message."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

CLOSE = "close"  # ends the connection
RESET = "reset"  # ends it with a reset
SILENCE = "silence"  # never answers
PART = "part:"  # before the part of a reply after which the connection ends


@dataclass(frozen=True)
class Fault:
    """At this step (connect, ehlo, auth, mail, rcpt, data, body, dot) the server does this instead of agreeing."""

    step: str
    does: str  # a reply, or CLOSE, RESET, SILENCE


@dataclass
class FakeSmtp:
    """`faults` are used up one a message (None: all is well); then everything is accepted."""

    faults: list[Fault | None] = field(default_factory=list)
    extensions: tuple[str, ...] = ("SMTPUTF8", "8BITMIME")
    accepted: list[bytes] = field(default_factory=list)
    envelopes: list[tuple[str, str]] = field(default_factory=list)
    commands: list[str] = field(default_factory=list)
    connections: int = 0
    port: int = 0
    lenient: bool = False  # says 354 although it refused the sender or the recipient
    trickle: bool = False  # a byte at a time
    wordy: bool = False  # replies of several lines
    _current: Fault | None = None
    _refused: bool = False

    @asynccontextmanager
    async def running(self, tls: ssl.SSLContext | None = None) -> AsyncIterator[FakeSmtp]:
        server = await asyncio.start_server(self._serve, "127.0.0.1", 0, ssl=tls, limit=1 << 20)
        self.port = server.sockets[0].getsockname()[1]
        try:
            yield self
        finally:
            server.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        try:
            await self._session(reader, writer)
        except (asyncio.IncompleteReadError, ConnectionError, _Ended):
            pass
        finally:
            writer.close()

    async def _session(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await self._answer(writer, "connect", "220 fake ESMTP")
        sender = recipient = ""
        while line := (await reader.readuntil(b"\r\n")).decode().rstrip("\r\n"):
            self.commands.append(line)
            verb = line.split(":")[0].split()[0].upper()
            if verb in ("EHLO", "HELO"):
                offered = "".join(f"250-{each}\r\n" for each in self.extensions)
                await self._answer(writer, "ehlo", f"250-fake\r\n{offered}250 HELP")
            elif verb == "AUTH":
                await self._answer(writer, "auth", "235 welcome")
            elif verb == "MAIL":
                self._current = self.faults.pop(0) if self.faults else None
                sender = line.partition(":")[2]
                self._refused = not await self._answer(writer, "mail", "250 sender ok")
            elif verb == "RCPT":
                recipient = line.partition(":")[2]
                self._refused |= not await self._answer(writer, "rcpt", "250 recipient ok")
            elif verb == "DATA":
                await self._data(reader, writer, sender, recipient)
            elif verb == "QUIT":
                await self._say(writer, "221 bye")
                return
            else:
                await self._say(writer, "250 ok")

    async def _data(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, sender: str, recipient: str
    ) -> None:
        if self._refused and not self.lenient:
            await self._say(writer, "503 5.5.1 no valid recipients")
            return
        if not await self._answer(writer, "data", "354 go ahead"):
            return
        if self._fault("body"):
            await reader.readexactly(10)
            await self._answer(writer, "body", "")
        raw = await _until_the_dot(reader)
        if self._refused:
            await self._say(writer, "554 5.5.1 no valid recipients")
        elif await self._answer(writer, "dot", "250 queued as 1"):
            self.accepted.append(_unstuffed(raw))
            self.envelopes.append((sender, recipient))

    def _fault(self, step: str) -> Fault | None:
        if self._current is not None and self._current.step == step:
            return self._current
        if step in ("connect", "ehlo", "auth") and self.faults:
            first = self.faults[0]
            if first is not None and first.step == step:
                self.faults.pop(0)
                return first
        return None

    async def _answer(self, writer: asyncio.StreamWriter, step: str, reply: str) -> bool:
        """Agrees, or does what the fault says; whether it agreed."""
        fault = self._fault(step)
        if fault is None:
            await self._say(writer, reply)
            return True
        if fault.does == SILENCE:
            await asyncio.sleep(3600)
        if fault.does == RESET:
            writer.transport.abort()
            raise _Ended
        if fault.does == CLOSE:
            raise _Ended
        if fault.does.startswith(PART):
            writer.write(fault.does.removeprefix(PART).encode())
            await writer.drain()
            raise _Ended
        await self._say(writer, fault.does)
        if fault.does.startswith("421"):
            raise _Ended
        return False

    async def _say(self, writer: asyncio.StreamWriter, reply: str) -> None:
        if self.wordy and "\r\n" not in reply:
            reply = f"{reply[:3]}-one line\r\n{reply[:3]}-another\r\n{reply}"
        told = reply.encode() + b"\r\n"
        for part in (told[at : at + 1] for at in range(len(told))) if self.trickle else (told,):
            writer.write(part)
            await writer.drain()
            await asyncio.sleep(0)


class _Ended(Exception):
    pass


async def _until_the_dot(reader: asyncio.StreamReader) -> bytes:
    """A body; a lone dot is none."""
    lines = []
    while (line := await reader.readuntil(b"\r\n")) != b".\r\n":
        lines.append(line)
    return b"".join([*lines, line])


def _unstuffed(raw: bytes) -> bytes:
    body = raw[: -len(b".\r\n")]
    lines = body.split(b"\r\n")
    return b"\r\n".join(line[1:] if line.startswith(b".") else line for line in lines)
