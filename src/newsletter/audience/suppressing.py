"""Do-not-mail files of another system, brought in as suppressions with reason and scope."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import select

from newsletter.audience.job import Bite, Row
from newsletter.audience.json_sql import among
from newsletter.model.address import normalise_address
from newsletter.model.suppression import ADDRESS, NEWS, Reason
from newsletter.store.tables import suppression


def take(bite: Bite, rows: list[Row]) -> None:
    """Adds what is not suppressed in that scope already; an existing suppression keeps its reason."""
    key_of = bite.job.address_keys.keyer()
    for row in rows:
        row.address_key = key_of(normalise_address(row.values["address"]))
    keys = [row.address_key for row in rows]
    asked = select(suppression.c.address_key, suppression.c.scope).where(among(suppression.c.address_key, keys))
    there = {(key, scope) for key, scope in bite.connection.execute(asked)}
    new: dict[str, list[Any]] = {"address_key": [], "scope": [], "reason": [], "at": []}
    for row in rows:
        reason, scope = _meaning(bite, row)
        try:
            at = instant(row.values.get("at"), bite.now)
        except ValueError as error:
            bite.refuse(row.line, str(error))
            continue
        if (row.address_key, scope) in there:
            bite.counts["unchanged"] += 1
            continue
        there.add((str(row.address_key), scope))
        for column, value in zip(new.values(), (row.address_key, scope, reason, at), strict=True):
            column.append(value)
    bite.add(suppression, new, source_id=bite.source_id)
    bite.counts["added"] += len(new["scope"])


def _meaning(bite: Bite, row: Row) -> tuple[Reason, str]:
    """Reason and scope of a row: the mapping's, unless the column `reason` says another.

    Whoever complained, or whose address is dead, gets nothing at all, whatever the mapping says; an unsubscription
    never reaches further than all news, so that it swallows no statutory notice.
    """
    said = bite.mapping.suppression
    assert said is not None
    told = str(row.values.get("reason") or "").casefold()
    reason = next((ours for theirs, ours in said.reasons.items() if told.startswith(theirs.casefold())), said.reason)
    if reason in (Reason.BOUNCED, Reason.INVALID, Reason.COMPLAINED):
        return reason, ADDRESS
    return reason, NEWS if reason is Reason.UNSUBSCRIBED and said.scope == ADDRESS else said.scope


def instant(told: object, default: datetime) -> datetime:
    """A moment as exports write it: ISO 8601 (UTC where no zone is told), or seconds since 1970."""
    text = str(told or "").strip()
    if not text:
        return default
    try:
        if text.isdigit():
            return datetime.fromtimestamp(int(text), UTC)
        found = datetime.fromisoformat(text.removesuffix(" UTC"))
    except (ValueError, OverflowError, OSError):
        raise ValueError(f"at: {text!r} is no time such as 2026-01-31 09:00") from None
    return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
