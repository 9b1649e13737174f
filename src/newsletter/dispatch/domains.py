"""Recipient domains that say "later" again and again: they are given a rest, and the others go on."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from newsletter.model.delivery import AttemptState

PATIENCE = 3  # deferrals of one domain in a row


@dataclass
class Domains:
    """What one dispatch has met. Pure: the caller writes down who rests."""

    _deferrals: Counter[str] = field(default_factory=Counter)
    _rested: set[str] = field(default_factory=set)

    def note(self, outcomes: Iterable[tuple[str, AttemptState, str]]) -> tuple[dict[str, str], set[str]]:
        """Of one batch: domain, state, reply. Domains that should rest, with the server's words; and those that took
        mail again after a rest."""
        resting: dict[str, str] = {}
        recovered: set[str] = set()
        for domain, state, reply in outcomes:
            if state is AttemptState.ACCEPTED:
                self._deferrals.pop(domain, None)
                if domain in self._rested:
                    self._rested.discard(domain)
                    recovered.add(domain)
            elif state is AttemptState.DEFERRED and reply.startswith("4"):
                self._deferrals[domain] += 1
                if self._deferrals[domain] >= PATIENCE:
                    resting[domain] = reply
                    del self._deferrals[domain]
                    self._rested.add(domain)
        return resting, recovered
