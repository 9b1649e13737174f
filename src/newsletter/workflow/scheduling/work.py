"""The kinds of work that the schedule defers, and who takes it."""

from __future__ import annotations

from collections.abc import Callable

from newsletter.store.people import Person
from newsletter.workflow.context import Context

Defer = Callable[[str, str], bool | None]  # kind, key; False where it waits already
Gather = Callable[[Context, str, str, Person], str | None]  # campaign, key; a note for people

# The kinds of work that a tick defers.
GATHER, LAUNCH, REHEARSE, SEND, LINKS = "gather", "launch", "rehearse", "send", "links"
