"""The contract of a transport: what carries messages away. The engine knows nothing else of any provider.

A transport opens *channels* (an SMTP connection, an HTTP client); each channel carries one batch at a time. Before
`send` is called, the intent of every message of the batch is committed; what `send` returns is committed after it.
The rules that keep the ledger true:

- `send` returns exactly one outcome for each message, in any order, and never raises for what a server or a network
  did. Whatever it raises all the same (a mistake of ours), and whatever it leaves out, is taken as unconfirmed.
- ACCEPTED, REJECTED: the other side said so. DEFERRED: it said "later", or the connection was lost before the last
  byte of the message was handed to the system. UNSENT: the body was held back by us. UNCONFIRMED: anything else, and
  above all a time-out or a loss after the last byte.
- What cannot be made (`Unmade`) is REJECTED.
- A message goes out byte for byte as `as_bytes` gives it (or, at a provider, as the same content).
- `fresh()` is asked just before the body is written; False means UNSENT and nothing written.
- A reply is the server's words, without the recipient's address; `tell` does that.
- `close` may be called twice, and after a failure.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Protocol, runtime_checkable

from newsletter.errors import NewsletterError
from newsletter.model.address import wire_address
from newsletter.model.delivery import AttemptState

REPLY_LIMIT = 500  # characters of a server's words that the ledger keeps


class TransportUnavailable(NewsletterError):
    """No channel could be opened now; the engine tries again with growing pauses."""


class TransportRefused(NewsletterError):
    """The other side does not let us in, or is not who it says: a person must act, so the run is paused."""


class Unmade(ValueError):
    """A message that its template and data do not make: REJECTED, and nothing is sent."""


class ChannelState(StrEnum):
    """What the engine does with the channel after an outcome."""

    OPEN = "open"
    BROKEN = "broken"  # close it and open another
    REFUSED = "refused"  # as TransportRefused: the run is paused, the reply says why


def _always() -> bool:
    return True


@dataclass(frozen=True, slots=True)
class Outgoing:
    """One message to carry. All messages of a batch share run, language and variant, and so the template."""

    delivery: int
    attempt: int
    run: int
    address: str  # as the contact gave it; model.address.wire_address is its form on the wire
    template: Any  # the variant, compiled: what message/splice.py reads
    data: Any  # what is this recipient's own
    splice: Callable[[Any, Any], bytes]
    sender: str = ""  # the envelope's sender where the transport's settings name none
    fresh: Callable[[], bool] = _always  # whether the intent is young enough for the body to be written
    ready: bool = False  # what `splice` gives is known to need no dot-stuffing (message/wire.py)

    def as_bytes(self) -> bytes:
        """The message, CRLF throughout, exactly as it must leave. Unmade where it cannot be made."""
        try:
            return self.splice(self.template, self.data)
        except Exception as error:
            raise Unmade(f"the message could not be made: {type(error).__name__}") from error


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one attempt."""

    attempt: int
    state: AttemptState
    reply: str = ""
    provider_id: str | None = None
    retry_after: timedelta | None = None  # what the other side asked for; else the engine's back-off
    channel: ChannelState = ChannelState.OPEN


@dataclass(frozen=True, slots=True)
class Doubtful:
    """An unconfirmed attempt, as a probe sees it."""

    attempt: int
    delivery: int
    run: int
    address: str | None  # null once erased
    started_at: datetime
    provider_id: str | None = None
    request: int | None = None  # the call that carried it with others


class Channel(Protocol):
    """One way to the other side, used by one task at a time."""

    async def send(self, batch: Sequence[Outgoing], /) -> Sequence[Outcome]:
        """Carries a batch of at most the transport's size."""
        ...

    async def close(self) -> None:
        """Says goodbye if possible; never raises."""
        ...


class Transport(Protocol):
    """What the settings name. Holds no connection of its own."""

    @property
    def name(self) -> str:
        """Its name in the settings."""
        ...

    @property
    def batch(self) -> int:
        """Deliveries that one call of `send` may carry."""
        ...

    @property
    def connections(self) -> int:
        """Channels to hold open at once."""
        ...

    @property
    def rehearsal(self) -> bool:
        """Whether what it carries reaches nobody (the outbox)."""
        ...

    async def open(self) -> Channel:
        """TransportUnavailable: try later. TransportRefused: a person must act."""
        ...


@runtime_checkable
class Ahead(Channel, Protocol):
    """A channel that can send the next envelope behind the message before."""

    def announce(self, address: str, sender: str) -> None:
        """To whom the next message goes, if the engine knows; asked before each `send`."""
        ...

    async def retract(self) -> bool:
        """The announced message will not come; whether that ends the channel."""
        ...


@runtime_checkable
class Probing(Protocol):
    """A transport that can look up afterwards what became of an attempt."""

    async def probe(self, attempts: Sequence[Doubtful], /) -> Mapping[int, Outcome]:
        """Outcomes by attempt: ACCEPTED, REJECTED or UNSENT, only where it is certain; the others are left out."""
        ...


def tell(reply: str, address: str = "") -> str:
    """A server's words, fit to keep: one line, of bounded length, without the recipient's address."""
    line = " ".join(reply.encode("utf-8", "replace").decode().split())
    for form in _forms(address) if "@" in line or "@" not in address else ():  # compiling a pattern is slow
        line = re.sub(re.escape(form), "the recipient", line, flags=re.IGNORECASE)
    return line[:REPLY_LIMIT]


def _forms(address: str) -> set[str]:
    try:
        return {address, wire_address(address)} - {""}
    except ValueError:
        return {address} - {""}
