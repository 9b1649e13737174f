"""A connection to a mail server (RFC 5321), on which one message goes after the other.

The body is written without its final dot first, and only once the system has taken all of it the dot follows. So a
connection lost before the dot proves that nothing was accepted, and only a loss or a time-out after it is in doubt.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass

import aiosmtplib
from aiosmtplib import SMTPException, SMTPResponseException, SMTPSenderRefused

from newsletter.dispatch.transports.base import ChannelState, Outcome, Outgoing, tell
from newsletter.message.wire import on_the_wire
from newsletter.model.address import needs_smtputf8, wire_address
from newsletter.model.delivery import AttemptState
from newsletter.settings import SmtpSettings

GOODBYE = 5.0  # seconds for QUIT
AFTER_THE_DOT = 10  # times the deadline of a command (RFC 5321 4.5.3.2.6: 10 minutes), since giving up leaves a doubt

# Replies that say how we are logged in, not what is wrong with a message (RFC 4954).
LOGIN_CODES = (530, 534, 535, 538)

_ENDS_A_PATH = re.compile(r"[\s<>\x00-\x1f\x7f]")


@dataclass
class SmtpChannel:
    client: aiosmtplib.SMTP
    stream: asyncio.StreamWriter
    settings: SmtpSettings
    _dirty: bool = False  # an envelope was begun and not finished

    async def send(self, batch: Sequence[Outgoing], /) -> Sequence[Outcome]:
        try:
            return [await self._one(message) for message in batch]
        except asyncio.CancelledError:
            self._drop()  # in the middle of a message there is no goodbye
            raise

    async def close(self) -> None:
        with suppress(SMTPException, OSError):
            if self.client.is_connected:
                await self.client.quit(timeout=GOODBYE)
        self.client.close()

    async def _one(self, message: Outgoing) -> Outcome:
        if not self._connected:
            return lost(message, "the connection was lost")
        try:
            body = message.as_bytes() if message.ready else on_the_wire(message.as_bytes())
            refused = await self._envelope(message)
            if refused is not None:
                return refused
            if not message.fresh():
                return await self._hold_back(message)
            await self._write(body)
        except SMTPResponseException as error:
            return self._refused(message, error)
        except (SMTPException, OSError) as error:
            self._drop()
            return lost(message, f"lost before the end of the message: {error}")
        except ValueError as error:
            return outcome(message, AttemptState.REJECTED, str(error), self._unwritten())
        return await self._finish(message)

    @property
    def _connected(self) -> bool:
        return self.client.is_connected

    def _unwritten(self) -> ChannelState:
        """Nothing of the message was begun."""
        return ChannelState.OPEN

    async def _envelope(self, message: Outgoing) -> Outcome | None:
        """MAIL, RCPT and DATA up to 354; an outcome where the address cannot be written to over this server."""
        sender = wire_address(self.settings.envelope_from or message.sender)
        recipient = wire_address(message.address)
        utf8 = needs_smtputf8(recipient) or needs_smtputf8(sender)
        if utf8 and not self.client.supports_extension("smtputf8"):
            words = "the address needs SMTPUTF8, which the server does not offer"
            return outcome(message, AttemptState.REJECTED, words)
        if self._dirty:
            await self.client.rset()
        self._dirty = True
        encoding = "utf-8" if utf8 else "ascii"
        reply = await self.client.execute_command(
            b"MAIL", b"FROM:" + envelope_path(sender, encoding), *self._options(utf8=utf8)
        )
        if reply.code != 250:
            raise aiosmtplib.SMTPSenderRefused(reply.code, reply.message, sender)
        reply = await self.client.execute_command(b"RCPT", b"TO:" + envelope_path(recipient, encoding))
        if reply.code not in (250, 251):
            raise SMTPResponseException(reply.code, reply.message)
        reply = await self.client.execute_command(b"DATA")
        if reply.code != 354:
            raise SMTPResponseException(reply.code, reply.message)
        return None

    def _options(self, *, utf8: bool) -> list[bytes]:
        if not utf8:
            return []
        return [b"SMTPUTF8", *([b"BODY=8BITMIME"] if self.client.supports_extension("8bitmime") else [])]

    async def _write(self, body: bytes) -> None:
        """Hands the body to the system, all but the dot that would make it a message."""
        if not self.client.is_connected:
            raise aiosmtplib.SMTPServerDisconnected("Connection lost")
        self.stream.write(body)
        await asyncio.wait_for(self.stream.drain(), self.settings.timeout.total_seconds())

    async def _hold_back(self, message: Outgoing) -> Outcome:
        """After 354 the server waits for a body: the only way not to send one is to leave."""
        self._drop()
        return outcome(message, AttemptState.UNSENT, "held back: the intent was too old", ChannelState.BROKEN)

    async def _finish(self, message: Outgoing) -> Outcome:
        """The dot, and what the server says to it."""
        protocol = self.client.protocol
        try:
            if protocol is None:
                raise aiosmtplib.SMTPServerDisconnected("Connection lost")
            if protocol._buffer:  # it would be taken for the answer to the message
                raise aiosmtplib.SMTPServerDisconnected("the server answered what it was not asked")
            protocol.write(b".\r\n")
        except SMTPException as error:
            self._drop()
            return lost(message, f"lost before the end of the message: {error}")
        try:
            reply = await protocol.read_response(timeout=self.settings.timeout.total_seconds() * AFTER_THE_DOT)
        except (SMTPException, OSError) as error:
            return self._in_doubt(message, f"no answer to the whole message: {error}")
        self._dirty = False
        return self._answered(message, reply.code, reply.message)

    def _answered(self, message: Outgoing, code: int, words: str) -> Outcome:
        """To the whole message."""
        if 200 <= code < 300:
            return outcome(message, AttemptState.ACCEPTED, f"{code} {words}")
        if not 400 <= code < 600:
            return self._in_doubt(message, f"no known answer to the whole message: {code}")
        return self._refused(message, SMTPResponseException(code, words))

    def _in_doubt(self, message: Outgoing, words: str) -> Outcome:
        self._drop()
        return outcome(message, AttemptState.UNCONFIRMED, words, ChannelState.BROKEN)

    def _refused(self, message: Outgoing, error: SMTPResponseException) -> Outcome:
        """4xx: later. 5xx: never; but where the sender or the log-in is refused, the message is not to blame."""
        reply = f"{error.code} {error.message}"
        if error.code == 421 or not 400 <= error.code < 600:
            self._drop()
            return lost(message, reply)
        if error.code < 500:
            return outcome(message, AttemptState.DEFERRED, reply)
        if isinstance(error, SMTPSenderRefused) or error.code in LOGIN_CODES:
            words = f"The mail server does not take messages from this sender: {reply}"
            return outcome(message, AttemptState.DEFERRED, words, ChannelState.REFUSED)
        return outcome(message, AttemptState.REJECTED, reply)

    def _drop(self) -> None:
        """Leaves at once, without sending what is still buffered."""
        if isinstance(self.client.transport, asyncio.WriteTransport):
            self.client.transport.abort()
        self.client.close()


def envelope_path(address: str, encoding: str) -> bytes:
    """`<address>`; ValueError for what could end it or begin another command. (The library's own methods would take
    the first address out of such a text, and write to that.)"""
    if _ENDS_A_PATH.search(address):
        raise ValueError("the address cannot stand in an SMTP command")
    return f"<{address}>".encode(encoding)


def outcome(message: Outgoing, state: AttemptState, reply: str, channel: ChannelState = ChannelState.OPEN) -> Outcome:
    return Outcome(message.attempt, state, tell(reply, message.address), channel=channel)


def lost(message: Outgoing, reply: str) -> Outcome:
    return outcome(message, AttemptState.DEFERRED, reply, ChannelState.BROKEN)
