"""What carries messages, one file each. A new one is its file and one line in `KINDS`."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from newsletter.dispatch.transports.base import Transport
from newsletter.dispatch.transports.outbox import make_outbox
from newsletter.dispatch.transports.sendgrid import make_sendgrid
from newsletter.dispatch.transports.smtp import make_smtp
from newsletter.errors import UsageError, nearest

# kind -> a function of the name in the settings, those settings, and the workspace folder.
KINDS: dict[str, Callable[[str, Any, Path], Transport]] = {
    "outbox": make_outbox,
    "smtp": make_smtp,
    "sendgrid": make_sendgrid,
}


def make_transport(name: str, settings: Any, folder: Path) -> Transport:
    """The transport that `[transports.<name>]` describes; `folder` is the workspace's."""
    try:
        make = KINDS[settings.kind]
    except KeyError:
        raise UsageError(
            f"[transports.{name}] kind = {settings.kind!r} is unknown: {nearest(settings.kind, KINDS)}"
        ) from None
    return make(name, settings, folder)
