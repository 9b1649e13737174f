"""A real SMTP server in a process of its own: `python -m tests.faults.smtp_server PORT RECORD`.

Each accepted message is a line of the record (its recipient), synced to disk before the client hears 250.
"""

from __future__ import annotations

import os
import sys
import time

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


def main() -> None:
    port, path = int(sys.argv[1]), sys.argv[2]
    Controller(Recording(path), hostname="127.0.0.1", port=port).start()
    print("ready", flush=True)
    while True:
        time.sleep(60)


if __name__ == "__main__":
    main()
