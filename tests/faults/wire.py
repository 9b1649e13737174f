"""The network between a sender and its mail server: it cuts a connection in the middle of a reply or of a message, or
goes silent (a black hole: nothing comes through any more, and nobody is told).
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

CUT, SILENCE = "cut", "silence"


@dataclass
class Strike:
    """What happens to the next piece of bytes that goes one way, whichever connection it is on."""

    what: str
    to_server: bool
    share: float  # of that piece, which still comes through
    struck: threading.Event = field(default_factory=threading.Event)


@dataclass
class Wire:
    """Carries bytes from a port of its own to the server's and back."""

    to: int
    port: int = 0
    _armed: Strike | None = None

    def strike(self, strike: Strike) -> None:
        self._armed = strike

    async def carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self.to)
        except OSError:
            writer.transport.abort()
            return
        link = _Link(self, (writer, far_writer))
        with suppress(ConnectionError):
            await asyncio.gather(
                link.pump(reader, far_writer, to_server=True), link.pump(far_reader, writer, to_server=False)
            )
        link.cut()

    def take(self, *, to_server: bool) -> Strike | None:
        """The strike that is meant for a piece that goes this way."""
        if self._armed is None or self._armed.to_server is not to_server:
            return None
        taken, self._armed = self._armed, None
        return taken


@dataclass
class _Link:
    wire: Wire
    ends: tuple[asyncio.StreamWriter, asyncio.StreamWriter]
    silent: bool = False

    async def pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, to_server: bool) -> None:
        while piece := await reader.read(1 << 16):
            if self.silent:
                continue
            strike = self.wire.take(to_server=to_server)
            if strike is not None:
                piece = piece[: round(len(piece) * strike.share)]
            writer.write(piece)
            await writer.drain()
            if strike is not None:
                self._suffer(strike)
        if not self.silent or to_server:
            writer.close()

    def _suffer(self, strike: Strike) -> None:
        self.silent = strike.what == SILENCE
        if strike.what == CUT:
            self.cut()
        strike.struck.set()

    def cut(self) -> None:
        for end in self.ends:
            end.close()


@contextmanager
def wired(to: int) -> Iterator[Wire]:
    """In a thread of its own."""
    wire, loop, ready, ended = Wire(to), asyncio.new_event_loop(), threading.Event(), asyncio.Event()

    async def main() -> None:
        server = await asyncio.start_server(wire.carry, "127.0.0.1", 0)
        wire.port = server.sockets[0].getsockname()[1]
        ready.set()
        await ended.wait()
        server.close()
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for each in others:
            each.cancel()
        await asyncio.gather(*others, return_exceptions=True)

    thread = threading.Thread(target=loop.run_until_complete, args=(main(),))
    thread.start()
    ready.wait()
    try:
        yield wire
    finally:
        loop.call_soon_threadsafe(ended.set)
        thread.join()
        loop.close()
