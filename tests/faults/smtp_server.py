"""A real SMTP server in a process of its own.

Each accepted message is a line of the record (its recipient), synced to disk before the client hears 250.
"""

from __future__ import annotations

import os
import threading

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session


class Recording:
    def __init__(self, path: str) -> None:
        self._record = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)

    async def handle_EHLO(
        self, server: SMTP, session: Session, envelope: Envelope, hostname: str, responses: list[str]
    ) -> list[str]:
        session.host_name = hostname
        return [*responses[:-1], "250-PIPELINING", responses[-1]]

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        os.write(self._record, f"{envelope.rcpt_tos[0]}\n".encode())
        os.fdatasync(self._record)
        return "250 recorded"


def serve(port: int, record: str) -> None:
    """Until it is killed."""
    Controller(Recording(record), hostname="127.0.0.1", port=port).start()
    threading.Event().wait()
