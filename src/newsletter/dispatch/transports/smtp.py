"""A mail server by SMTP (RFC 5321): connected to, greeted, over TLS and logged in.

What is said then is for the channels: pipelined.py where the server offers PIPELINING, else smtp_channel.py.
"""

from __future__ import annotations

import asyncio
import ssl
from dataclasses import dataclass, field
from pathlib import Path

import aiosmtplib
from aiosmtplib import SMTPAuthenticationError, SMTPException, SMTPResponseException

from newsletter.dispatch.transports.base import TransportRefused, TransportUnavailable, tell
from newsletter.dispatch.transports.conversation import Conversation
from newsletter.dispatch.transports.pipelined import PipelinedChannel
from newsletter.dispatch.transports.smtp_channel import SmtpChannel
from newsletter.errors import UsageError
from newsletter.settings import SmtpSettings, provider_secret

LOOPBACK = ("localhost", "127.0.0.1", "::1")
TLS_HINT = "Check host, port and tls in newsletter.toml"


def make_smtp(name: str, settings: SmtpSettings, folder: Path) -> Smtp:
    """UsageError where a password is missing or would travel unencrypted."""
    secret = f"NEWSLETTER_{name.upper().replace('-', '_')}_PASSWORD"
    password = provider_secret(secret) if settings.username else None
    if settings.username and password is None:
        raise UsageError(
            f"[transports.{name}] names a user, so its password must stand in {secret} in the environment."
        )
    if settings.username and settings.tls == "none" and settings.host not in LOOPBACK:
        raise UsageError(
            f'[transports.{name}] would send its password unencrypted: set tls = "starttls" or tls = "implicit".'
        )
    context = None
    if settings.tls != "none":
        context = ssl.create_default_context(cafile=str(folder / settings.ca_file) if settings.ca_file else None)
    return Smtp(name, settings, password, context)


@dataclass(frozen=True)
class Smtp:
    name: str
    settings: SmtpSettings
    password: str | None = field(default=None, repr=False)
    tls_context: ssl.SSLContext | None = None
    batch: int = 1
    rehearsal: bool = False

    @property
    def connections(self) -> int:
        return self.settings.connections

    async def open(self) -> SmtpChannel:
        client = aiosmtplib.SMTP(
            hostname=self.settings.host,
            port=self.settings.port,
            username=self.settings.username,
            password=self.password,
            timeout=self.settings.timeout.total_seconds(),
            use_tls=self.settings.tls == "implicit",
            start_tls=self.settings.tls == "starttls",
            tls_context=self.tls_context,
        )
        try:
            await client.connect()
            if client.is_ehlo_or_helo_needed:
                await client.ehlo()
        except (SMTPException, OSError) as error:
            client.close()
            raise self._why_closed(error) from error
        stream = _stream(client)
        if self.settings.pipelining and client.supports_extension("pipelining"):
            return PipelinedChannel(client, stream, self.settings, replies=Conversation(stream.transport))
        return SmtpChannel(client, stream, self.settings)

    def _why_closed(self, error: Exception) -> TransportRefused | TransportUnavailable:
        place = f"The mail server {self.settings.host}:{self.settings.port} ([transports.{self.name}])"
        words = tell(str(getattr(error, "message", "") or error), self.settings.username or "")
        if _is_certificate_error(error):
            return TransportRefused(
                f"{place} shows a certificate that does not verify: {words}. {TLS_HINT} and ca_file."
            )
        if isinstance(error, SMTPAuthenticationError) and error.code >= 500:
            return TransportRefused(f"{place} refuses the user name or password: {error.code} {words}.")
        if isinstance(error, SMTPResponseException) and error.code >= 500:
            return TransportRefused(f"{place} does not let us in: {error.code} {words}.")
        if type(error) is SMTPException:  # an extension that we need is not offered: STARTTLS, AUTH
            return TransportRefused(f"{place} cannot be used as configured: {words} {TLS_HINT}.")
        return TransportUnavailable(f"{place} cannot be reached: {words}.")


def _stream(client: aiosmtplib.SMTP) -> asyncio.StreamWriter:
    """A writer whose `drain` waits until the system has taken everything. (It closes the connection when it is
    collected, so the channel holds it.)"""
    transport, protocol = client.transport, client.protocol
    if not isinstance(transport, asyncio.WriteTransport) or protocol is None:
        raise TransportUnavailable("The mail server closed the connection at once.")
    transport.set_write_buffer_limits(high=1, low=0)  # with high=0, asyncio's TLS transport never resumes
    return asyncio.StreamWriter(transport, protocol, None, asyncio.get_running_loop())


def _is_certificate_error(error: BaseException | None) -> bool:
    while error is not None:
        if isinstance(error, ssl.SSLCertVerificationError):
            return True
        error = error.__cause__ or error.__context__
    return False
