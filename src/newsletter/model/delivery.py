"""Delivery, attempt and run states, and the one table of what may follow what (DESIGN: the ledger)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from newsletter.i18n import say


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

# What an attempt's outcome makes of its delivery (rows 4 to 6).
DELIVERY_AFTER: dict[AttemptState, DeliveryState] = {
    AttemptState.ACCEPTED: _A,
    AttemptState.REJECTED: _R,
    AttemptState.DEFERRED: _P,
    AttemptState.UNSENT: _P,
    AttemptState.UNCONFIRMED: _U,
}

RUN_TRANSITIONS: dict[RunState, tuple[RunState, ...]] = {
    RunState.LAUNCHING: (RunState.SENDING, RunState.CANCELLED),
    RunState.SENDING: (RunState.PAUSED, RunState.DONE, RunState.CANCELLED),
    RunState.PAUSED: (RunState.SENDING, RunState.CANCELLED),
    RunState.DONE: (RunState.SENDING,),  # a person orders another try of some deliveries
    RunState.CANCELLED: (),
}


RUN_IN_WORDS = {
    RunState.LAUNCHING: say("launching"),
    RunState.SENDING: say("sending"),
    RunState.PAUSED: say("paused"),
    RunState.DONE: say("done"),
    RunState.CANCELLED: say("cancelled"),
}


@dataclass(frozen=True, slots=True)
class Sums:
    """How many deliveries are in which state, beside the audience that was counted once, at the launch."""

    audience: int
    counts: Mapping[DeliveryState, int]

    def __getitem__(self, state: DeliveryState) -> int:
        return self.counts.get(state, 0)

    @property
    def balanced(self) -> bool:
        """Invariant 3: every contact of the audience is in exactly one state."""
        return self.audience == sum(self.counts.values())

    @property
    def open(self) -> int:
        return self[_P] + self[_S]

    @property
    def line(self) -> str:
        """`audience 152 = pending 0 + sending 0 + accepted 150 + rejected 0 + unconfirmed 0 + skipped 2`"""
        states = " + ".join(f"{state.value} {self[state]:,}" for state in DeliveryState)
        return f"audience {self.audience:,} {'=' if self.balanced else '≠'} {states}"


ON_SCREEN = {
    _P: "waiting",
    _S: "being sent",
    _A: "handed to the mail server",
    _R: "refused by the server",
    _U: "outcome unknown (may have arrived)",
    _K: "left out",
}
