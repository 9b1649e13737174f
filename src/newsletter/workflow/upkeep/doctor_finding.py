"""What `newsletter doctor` says of one thing that it looked at."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Examined:
    """`mend` says what to do where it is not in order."""

    what: str
    ok: bool
    found: str
    mend: str = ""
