"""A mail server by SMTP with PIPELINING (RFC 2920): one round trip a message.

The envelope goes in one write, and where the engine knows the next recipient, behind the dot of the message before:

    ... body .CRLF MAIL RCPT DATA  ->
                                   <-  250 (the message)  250  250  354
    (commit: outcome of this message, intent of the next)
    body of the next .CRLF MAIL RCPT DATA  ->

An envelope holds no content, so it may run ahead of its intent; the body may not (invariant 2). Greeting, TLS and
log-in are those of the plain transport, and a server that does not offer PIPELINING is spoken to plainly. As there, the
dot leaves only once the system has taken the body; and never while a reply stands that nobody asked for, since that one
would be taken for the answer to the message.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field

from aiosmtplib import SMTPException, SMTPResponseException, SMTPSenderRefused, SMTPServerDisconnected

from newsletter.dispatch.transports.base import ChannelState, Outcome, Outgoing
from newsletter.dispatch.transports.conversation import Conversation
from newsletter.dispatch.transports.smtp_channel import AFTER_THE_DOT, GOODBYE, SmtpChannel, envelope_path
from newsletter.model.address import needs_smtputf8, wire_address


@dataclass(frozen=True, slots=True)
class Envelope:
    """To whom, from whom, and the MAIL, RCPT and DATA that say so."""

    recipient: str
    sender: str
    commands: bytes

    def is_of(self, message: Outgoing) -> bool:
        return self.recipient == message.address and self.sender == message.sender


@dataclass(kw_only=True)
class PipelinedChannel(SmtpChannel):
    replies: Conversation
    _announced: Envelope | None = None  # of the message after the next
    _behind: Envelope | None = None  # to go behind the dot of the message that is being sent
    _sent: deque[Envelope] = field(default_factory=deque)  # one at most: its replies are still to be read

    def announce(self, address: str, sender: str) -> None:
        with suppress(ValueError):  # what cannot be written is told when its message comes
            self._announced = self._made(address, sender)

    async def retract(self) -> bool:
        """After 354 the server waits for a body, and the only way not to send one is to leave."""
        self._announced = None
        begun = bool(self._sent)
        if begun:
            self._drop()
        return begun

    async def close(self) -> None:
        with suppress(OSError, SMTPException):
            if not self._sent and not self.replies.ended:
                self.replies.write(b"QUIT\r\n")
                await self.replies.next(GOODBYE)
        self._drop()

    async def send(self, batch: Sequence[Outgoing], /) -> Sequence[Outcome]:
        self._behind, self._announced = self._announced, None  # it goes behind this message's dot, or not at all
        return await super().send(batch)

    @property
    def _connected(self) -> bool:
        return not self.replies.ended

    def _unwritten(self) -> ChannelState:
        """An envelope of it may have run ahead: the only way back is to leave."""
        if not self._sent:
            return ChannelState.OPEN
        self._drop()
        return ChannelState.BROKEN

    def _made(self, address: str, sender: str) -> Envelope:
        from_, recipient = wire_address(self.settings.envelope_from or sender), wire_address(address)
        utf8 = needs_smtputf8(recipient) or needs_smtputf8(from_)
        if utf8 and not self.client.supports_extension("smtputf8"):
            raise ValueError("the address needs SMTPUTF8, which the server does not offer")
        encoding = "utf-8" if utf8 else "ascii"
        mail = b" ".join([b"MAIL FROM:" + envelope_path(from_, encoding), *self._options(utf8=utf8)])
        commands = mail + b"\r\nRCPT TO:" + envelope_path(recipient, encoding) + b"\r\nDATA\r\n"
        return Envelope(address, sender, commands)

    async def _envelope(self, message: Outgoing) -> Outcome | None:
        """Up to 354. Every reply is read before one is judged, so that none is left for what comes next."""
        if not self._sent:
            made = self._made(message.address, message.sender)
            self.replies.write(made.commands)
            self._sent.append(made)
        elif not self._sent[0].is_of(message):
            raise SMTPServerDisconnected("another message was announced")  # an error of ours: nothing has left
        timeout = self.settings.timeout.total_seconds()
        mail, rcpt, data = [await self.replies.next(timeout) for _ in range(3)]
        self._sent.clear()
        if 421 in (mail.code, rcpt.code, data.code):
            raise SMTPResponseException(421, next(each.message for each in (mail, rcpt, data) if each.code == 421))
        if data.code == 354 and not (mail.good and rcpt.good):
            await self._nothing()
        elif data.code != 354 and mail.good:
            await self._reset()
        if not mail.good:
            raise SMTPSenderRefused(mail.code, mail.message, message.sender)
        for reply in (rcpt, *(() if data.code == 354 else (data,))):
            if not (reply is rcpt and reply.good):
                raise SMTPResponseException(reply.code, reply.message)
        return None

    async def _nothing(self) -> None:
        """Nobody is there to get it, and yet the server wants a body: a lone dot is none (RFC 2920 3.1)."""
        self.replies.write(b".\r\n")
        await self.replies.next(self.settings.timeout.total_seconds())

    async def _reset(self) -> None:
        self.replies.write(b"RSET\r\n")
        await self.replies.next(self.settings.timeout.total_seconds())

    async def _write(self, body: bytes) -> None:
        self.replies.write(body)
        await self.replies.taken(self.settings.timeout.total_seconds())
        if self.replies.surplus or self.replies.ended:
            raise SMTPServerDisconnected("the server answered what it was not asked")

    async def _finish(self, message: Outgoing) -> Outcome:
        """The dot with the next envelope behind it, and what the server says to this message."""
        following, self._behind = self._behind, None
        self.replies.write(b".\r\n" + (following.commands if following else b""))
        if following:
            self._sent.append(following)
        try:
            reply = await self.replies.next(self.settings.timeout.total_seconds() * AFTER_THE_DOT)
        except (SMTPException, OSError) as error:
            return self._in_doubt(message, f"no answer to the whole message: {error}")
        return self._answered(message, reply.code, reply.message)

    def _drop(self) -> None:
        self._sent.clear()
        self.replies.transport.abort()
        super()._drop()
