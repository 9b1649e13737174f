"""A contact: a person or mailbox at an institution; who may overwrite its values, and its subscriptions."""

from __future__ import annotations

from enum import StrEnum


class SourceKind(StrEnum):
    """Who wrote a value; see `PRECEDENCE`."""

    RECIPIENT = "recipient"
    STAFF = "staff"
    IMPORT = "import"


# A value may be overwritten by whoever stands at least as high as its writer.
PRECEDENCE = {SourceKind.RECIPIENT: 2, SourceKind.STAFF: 1, SourceKind.IMPORT: 0}


class SubscriptionState(StrEnum):
    ACTIVE = "active"
    ENDED = "ended"
    UNCONFIRMED = "unconfirmed"


class ConsentAction(StrEnum):
    GIVEN = "given"
    WITHDRAWN = "withdrawn"


class Basis(StrEnum):
    """Why we may write."""

    CONSENT = "consent"
    MEMBERSHIP = "membership"
    LEGITIMATE_INTEREST = "legitimate-interest"
    STATUTORY = "statutory"


# Stands for every news publication in a consent record: "unsubscribe from all".
ALL_NEWS = "*"


NAME_FIELDS = ("contact.first_name", "contact.last_name")  # the To field shows them, whatever a template reads


def full_name(*parts: str | None) -> str:
    """Title, first and last name as people read them; what is missing leaves no gap."""
    return " ".join(part for part in parts if part)
