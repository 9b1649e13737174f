"""What a dispatch is given, and what it says: pure data."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import Engine

from newsletter.clock import Clock
from newsletter.dispatch.breaker import Breaker
from newsletter.dispatch.transports.base import Transport
from newsletter.model.delivery import Sums
from newsletter.pace import Limits
from newsletter.store.ledger import Claimed, Watch

NO_LIMITS = Limits()


@dataclass(frozen=True, slots=True)
class Letter:
    """How one delivery becomes a message: the variant's compiled template, what is the recipient's own, and how they
    are joined."""

    template: Any
    data: Any
    splice: Callable[[Any, Any], bytes]
    sender: str = ""
    ready: bool = False  # what `splice` gives is known to need no dot-stuffing; to look costs more than to make it


Compose = Callable[[Claimed], Letter]


@dataclass(frozen=True, slots=True)
class Progress:
    """For a progress bar: the ledger's sums as this process knows them, and messages a second."""

    sums: Sums
    rate: float


@dataclass(frozen=True, slots=True)
class Post:
    """What a dispatch needs: where the ledger is, what carries, what makes the messages, and the time."""

    db: Engine
    transport: Transport
    compose: Compose
    clock: Clock
    on_progress: Callable[[Progress], None] | None = None
    drain: timedelta = timedelta(seconds=20)  # for what is under way when this process is asked to stop
    limits: Limits = NO_LIMITS
    canary: Watch | None = None
    breaker: Breaker = field(default_factory=Breaker)
    redirect: str | None = None  # the one address to which everything goes instead (staging)


class Ended(StrEnum):
    """Why a dispatch came back."""

    DONE = "done"  # nothing waits
    WAITING = "waiting"  # what waits is not due yet
    PAUSED = "paused"
    CANCELLED = "cancelled"
    STOPPED = "stopped"  # this process was asked to stop
    UNAVAILABLE = "unavailable"  # the transport could not be reached


@dataclass(frozen=True, slots=True)
class Report:
    ended: Ended
    sums: Sums
    reason: str | None = None
    next_at: datetime | None = None  # when the next waiting delivery is due, or may leave
    by_itself: bool = False  # the program paused it; no person did
