"""What a server says on a connection: replies in the order of their commands, however they are cut into packets
(RFC 5321 4.2.1), each awaited until a deadline.

asyncio's streams do this too, at several times the cost: a reply here is one future at most, and none where it is
there already.
"""

from __future__ import annotations

import asyncio
from collections import deque
from dataclasses import dataclass

from aiosmtplib import SMTPServerDisconnected

LINES = 100  # of a reply, at most
LONGEST = 1 << 16  # bytes of a line


@dataclass(frozen=True, slots=True)
class Reply:
    code: int  # -1: no reply as SMTP has them
    message: str

    @property
    def good(self) -> bool:
        return 200 <= self.code < 300


MALFORMED = Reply(-1, "Malformed SMTP response")


class Conversation(asyncio.Protocol):
    """Takes over a connection that greeting, TLS and log-in are done with."""

    def __init__(self, transport: asyncio.WriteTransport) -> None:
        self.transport = transport
        self._loop = asyncio.get_running_loop()
        self._replies: deque[Reply] = deque()
        self._words: list[str] = []  # of the reply that has begun
        self._rest = b""  # of the line that has begun
        self._closed = False
        self._full = False  # the system takes no more for now
        self._waiting: asyncio.Future[None] | None = None  # for a reply, for room, or for the end
        transport.set_protocol(self)

    @property
    def surplus(self) -> bool:
        """Whether something came that nobody has read."""
        return bool(self._replies or self._words or self._rest)

    @property
    def ended(self) -> bool:
        return (self._closed and not self._replies) or self.transport.is_closing()

    def write(self, data: bytes) -> None:
        self.transport.write(data)

    async def taken(self, timeout: float) -> None:
        """Until the system has taken all that was written; TimeoutError, or SMTPServerDisconnected."""
        deadline = self._loop.time() + timeout
        while self._full and not self.ended:
            await self._change(deadline)

    async def next(self, timeout: float) -> Reply:
        """The next reply; TimeoutError or SMTPServerDisconnected where there is none."""
        if not self._replies:
            deadline = self._loop.time() + timeout
            while not self._replies:
                if self._closed or self.transport.is_closing():
                    raise SMTPServerDisconnected("Connection lost")
                await self._change(deadline)
        return self._replies.popleft()

    async def _change(self, deadline: float) -> None:
        """Whatever came before the deadline was looked at counts, even if this process was held up beyond it."""
        self._waiting = self._loop.create_future()
        timer = self._loop.call_at(deadline, self._too_late, self._waiting)
        try:
            await self._waiting
        finally:
            timer.cancel()
            self._waiting = None

    def _too_late(self, waiting: asyncio.Future[None]) -> None:
        if not waiting.done():
            waiting.set_exception(TimeoutError())

    def _wake(self) -> None:
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_result(None)

    # What the event loop calls:

    def data_received(self, data: bytes) -> None:
        *lines, self._rest = (self._rest + data).split(b"\n")
        for line in lines:
            self._line(line)
        if len(self._rest) > LONGEST:
            self.transport.abort()
        if self._replies:
            self._wake()

    def _line(self, line: bytes) -> None:
        self._words.append(line[4:].decode("utf-8", "replace").strip())
        if not line[:3].isdigit() or (line[3:4] == b"-" and len(self._words) >= LINES):
            self._said(MALFORMED)
        elif line[3:4] != b"-":
            self._said(Reply(int(line[:3]), "\n".join(self._words)))

    def _said(self, reply: Reply) -> None:
        self._replies.append(reply)
        self._words = []

    def pause_writing(self) -> None:
        self._full = True

    def resume_writing(self) -> None:
        self._full = False
        self._wake()

    def eof_received(self) -> bool:
        self._closed = True
        self._wake()
        return False

    def connection_lost(self, exc: Exception | None) -> None:
        self._closed = True
        self._full = False
        self._wake()
