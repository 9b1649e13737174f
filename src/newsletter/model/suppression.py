"""A suppression: why an address is not to be mailed, and how far that reaches."""

from __future__ import annotations

from enum import StrEnum

ADDRESS = "address"  # dead, or complained: nothing at all
NEWS = "news"  # every publication that one can unsubscribe from


def publication_scope(name: str) -> str:
    return f"publication:{name}"


def covering(publication: str, *, statutory: bool) -> tuple[str, ...]:
    """The scopes that stop a publication, widest first; a statutory notice is stopped by the address alone."""
    return (ADDRESS,) if statutory else (ADDRESS, NEWS, publication_scope(publication))


class Reason(StrEnum):
    """Why an address is suppressed."""

    UNSUBSCRIBED = "unsubscribed"
    BOUNCED = "bounced"
    INVALID = "invalid"
    COMPLAINED = "complained"
    ERASED = "erased"
    MANUAL = "manual"


# The end of the sentence "left out: ...".
REASON_IN_WORDS = {
    Reason.UNSUBSCRIBED: "unsubscribed",
    Reason.BOUNCED: "the address bounced",
    Reason.INVALID: "the address is invalid",
    Reason.COMPLAINED: "complained about our mail",
    Reason.ERASED: "unsubscribed before the data was erased",
    Reason.MANUAL: "on the do-not-mail list",
}
