"""Delivery, attempt and run states, and the one table of what may follow what (DESIGN: the ledger)."""

from __future__ import annotations

from enum import StrEnum


class DeliveryState(StrEnum):
    PENDING = "pending"
    SENDING = "sending"
    ACCEPTED = "accepted"
    REJECTED = "rejected"
    UNCONFIRMED = "unconfirmed"
    SKIPPED = "skipped"


class AttemptState(StrEnum):
    INTENT = "intent"  # committed before bytes; no outcome known
    ACCEPTED = "accepted"
    REJECTED = "rejected"
    DEFERRED = "deferred"  # 4xx, or lost before the body: tried again later
    UNSENT = "unsent"  # proved that the body was held back
    UNCONFIRMED = "unconfirmed"


class RunState(StrEnum):
    LAUNCHING = "launching"
    SENDING = "sending"
    PAUSED = "paused"
    DONE = "done"
    CANCELLED = "cancelled"


class Fate(StrEnum):
    """Learnt from events, monotone: a later row never falls back."""

    DELIVERED = "delivered"
    BOUNCED = "bounced"
    COMPLAINED = "complained"


# The numbers are those of the ledger table in docs/architecture.md.
_P, _S, _A, _R, _U, _K = DeliveryState
TRANSITIONS: dict[tuple[DeliveryState | None, DeliveryState], tuple[int, ...]] = {
    (None, _P): (1,),
    (None, _K): (1,),
    (_P, _P): (2,),  # claimed
    (_P, _S): (3,),
    (_S, _A): (4,),
    (_S, _R): (4,),
    (_S, _P): (4,),
    (_S, _U): (5,),
    (_U, _A): (6,),
    (_U, _R): (6,),
    (_U, _P): (6, 7),
    (_P, _K): (8,),
    (_R, _P): (9,),
    (_P, _R): (10,),
}

ON_SCREEN = {
    _P: "waiting",
    _S: "being sent",
    _A: "handed to the mail server",
    _R: "refused by the server",
    _U: "outcome unknown (may have arrived)",
    _K: "left out",
}
