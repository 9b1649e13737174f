"""A number of messages, as somebody types it, and whether it is unusual."""

from __future__ import annotations

import unicodedata

FAR, FEW = 0.2, 5  # of last time's number; contacts
_GROUPING = frozenset(" .,'’_٬\u00a0\u202f\u2009")


def far_off(number: int, last: int) -> bool:
    """Far from last time's number: by more than 20% and more than 5."""
    off = abs(number - last)
    return off > FEW and off > last * FAR


def typed_number(text: str) -> int | None:
    """A whole number with any grouping and in any script's digits; None for anything else."""
    digits = [each for each in text.strip() if each not in _GROUPING]
    if not digits or not all(each.isdecimal() for each in digits):
        return None
    return int("".join(str(unicodedata.decimal(each)) for each in digits))
