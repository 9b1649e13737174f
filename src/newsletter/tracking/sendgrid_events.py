"""SendGrid's event webhook: is it theirs, and what does it say. Pure.

The signature covers the time-stamp and the raw body, its last line end included: a body that was read as JSON and
written again does not verify. No window of time is asked for, because SendGrid's own retries may come a day later;
duplicates are told by `sg_event_id`. Source: docs of SendGrid's Event Webhook, and what its library verifies.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_der_public_key

SIGNATURE = "X-Twilio-Email-Event-Webhook-Signature"
TIMESTAMP = "X-Twilio-Email-Event-Webhook-Timestamp"
MILLISECONDS = 10**11  # a time-stamp beyond this is none in seconds


class Kind(StrEnum):
    """What happened, in our words. That any of them names an attempt proves that its request was accepted."""

    PROCESSED = "processed"
    DEFERRED = "deferred"
    DELIVERED = "delivered"
    BLOCKED = "blocked"  # not delivered, and the address may well be good
    BOUNCED = "bounced"
    DROPPED = "dropped"  # SendGrid did not try: it knows the address from before
    COMPLAINED = "complained"


KINDS = {
    "processed": Kind.PROCESSED,
    "deferred": Kind.DEFERRED,
    "delivered": Kind.DELIVERED,
    "bounce": Kind.BOUNCED,
    "dropped": Kind.DROPPED,
    "spamreport": Kind.COMPLAINED,
}
# Why SendGrid drops without trying, where that says that the address is dead or its owner complained.
DEAD = ("Bounced Address", "Invalid")


class NotTheirs(ValueError):
    """The body is not signed by the key that the settings name, or is no list of events."""


@dataclass(frozen=True, slots=True)
class Event:
    """One event of one message. `delivery` and `attempt` are ours; a late bounce may lack them."""

    kind: Kind
    at: datetime
    address: str
    words: str  # the receiving server's, or why it was dropped
    id: str | None = None
    delivery: int | None = None
    attempt: int | None = None
    message: str | None = None  # SendGrid's id; begins with the request's
    dead: bool = False  # no message will ever arrive at this address

    @property
    def complained(self) -> bool:
        return self.kind is Kind.COMPLAINED


def verify(body: bytes, headers: Mapping[str, str], public_key: str) -> None:
    """NotTheirs unless this very body was signed with the private half of `public_key` (base64 of DER)."""
    try:
        key = load_der_public_key(base64.b64decode(public_key))
        given = {name.lower(): value for name, value in headers.items()}
        signature = base64.b64decode(given.get(SIGNATURE.lower(), ""), validate=True)
        if not isinstance(key, ec.EllipticCurvePublicKey):
            raise NotTheirs("the key of the settings is none for ECDSA")
        key.verify(signature, given.get(TIMESTAMP.lower(), "").encode() + body, ec.ECDSA(SHA256()))
    except (InvalidSignature, UnsupportedAlgorithm, binascii.Error, ValueError) as error:
        raise NotTheirs("the signature does not fit") from error


def read(body: bytes) -> Iterator[Event]:
    """The events that concern us; other kinds, and what is no event, are passed over. NotTheirs where it is no list."""
    try:
        told = json.loads(body)
    except (ValueError, RecursionError) as error:  # bytes that are no UTF-8 too
        raise NotTheirs("the body is no JSON") from error
    if not isinstance(told, list):
        raise NotTheirs("the body is no list of events")
    for each in told:
        if isinstance(each, dict) and each.get("event") in KINDS and isinstance(each.get("timestamp"), (int, float)):
            yield _event(each)


def _event(told: Mapping[str, Any]) -> Event:
    kind, reason = KINDS[told["event"]], str(told.get("reason") or told.get("response") or "")
    if kind is Kind.BOUNCED and told.get("type") == "blocked":
        kind = Kind.BLOCKED
    return Event(
        kind=kind,
        at=_instant(told["timestamp"]),
        address=str(told.get("email") or ""),
        words=reason,
        id=_text(told.get("sg_event_id")),
        delivery=_number(told.get("x_delivery")),
        attempt=_number(told.get("x_attempt")),
        message=_text(told.get("sg_message_id")),
        dead=_dead(kind, told, reason),
    )


def _dead(kind: Kind, told: Mapping[str, Any], reason: str) -> bool:
    """Most refusals with a 5 are of the message, not of the mailbox: only what says so counts."""
    if kind is Kind.DROPPED:
        return reason in DEAD
    if kind is not Kind.BOUNCED:
        return False
    classified = told.get("bounce_classification")
    return classified == "Invalid Address" if classified else str(told.get("status", "")).startswith("5.1.")


def _instant(stamp: float) -> datetime:
    return datetime.fromtimestamp(stamp / 1000 if stamp > MILLISECONDS else stamp, UTC)


def _number(value: object) -> int | None:
    text = str(value)
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else None


def _text(value: object) -> str | None:
    return str(value) if value else None
