"""What surrounds a message's content: who it is from, which list it belongs to, and whom a single copy is for."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from newsletter.message.slots import Links
from newsletter.model.address import needs_smtputf8
from newsletter.tokens import KeyRing, Purpose


@dataclass(frozen=True, slots=True)
class Mailbox:
    address: str
    name: str = ""


@dataclass(frozen=True, slots=True)
class Attachment:
    name: str
    media_type: str
    content: bytes


@dataclass(frozen=True, slots=True)
class Envelope:
    """The same for all copies of a variant.

    `list_id` is `Monthly digest <monthly.news.example.org>`. Statutory notices have no `unsubscribe`; mail of our own
    (confirmations, alarms) has neither, and is `automatic`, so that no absence note answers it (RFC 3834).
    """

    sender: Mailbox
    language: str
    message_id_domain: str
    reply_to: Mailbox | None = None
    list_id: str | None = None
    feedback_id: str | None = None
    unsubscribe: bool = True
    automatic: bool = False
    attachments: tuple[Attachment, ...] = ()
    headers: tuple[tuple[str, str], ...] = ()  # further ones, in ASCII


class DeliveryData(NamedTuple):
    """One copy: for whom, due when, the field values that its slots read, and what follows from its id.

    Make one with `Personal.delivery`. A named tuple, because it is made for every message.
    """

    id: int
    address: str
    due_at: datetime
    values: tuple[Any, ...]
    links: Links
    trace: str  # the left side of the Message-ID, the same at every retry; leads a bounce back to its delivery
    name: str = ""

    @property
    def smtputf8(self) -> bool:
        """Whether envelope and headers need SMTPUTF8 (RFC 6531) on every hop."""
        return needs_smtputf8(self.address)


class Personal:
    """Makes what is a recipient's own from the id of the delivery."""

    def __init__(self, keys: KeyRing, public_url: str) -> None:
        base = public_url.rstrip("/")
        self._unsubscribe, self._preferences = f"{base}/u/", f"{base}/p/"
        self._sign_unsubscribe = keys.signer(Purpose.UNSUBSCRIBE)
        self._sign_preferences = keys.signer(Purpose.PREFERENCES)
        self._trace = keys.signer(Purpose.TRACE)

    def links(self, id_: int) -> Links:
        """Inert ids (tokens.INERT_ID: previews, tests) get links whose pages show and change nothing."""
        return Links(self._unsubscribe + self._sign_unsubscribe(id_), self._preferences + self._sign_preferences(id_))

    def delivery(
        self,
        id_: int,
        address: str,
        due_at: datetime,
        values: tuple[Any, ...] = (),
        *,
        name: str = "",
        trace: str | None = None,
    ) -> DeliveryData:
        """`trace` is for what is no delivery (a test, a confirmation): with an inert id it needs a name of its own."""
        return DeliveryData(id_, address, due_at, values, self.links(id_), trace or self._trace(id_), name)
