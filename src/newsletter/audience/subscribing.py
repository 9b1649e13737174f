"""Subscriptions that an import begins. It never begins one again, nor one that the recipient has declined."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import select

from newsletter.audience.job import Bite, ImportJob, Row
from newsletter.audience.json_sql import among
from newsletter.errors import nearest
from newsletter.model.contact import ALL_NEWS, ConsentAction, SubscriptionState
from newsletter.model.mapping import Mode
from newsletter.model.suppression import covering
from newsletter.store.bulk import Columns
from newsletter.store.tables import consent, subscription, suppression


def unknown(job: ImportJob, values: Mapping[str, Any]) -> str | None:
    """Why the publications of a row cannot be subscribed to, or None."""
    for name in values.get("subscriptions") or ():
        if name not in job.publications:
            return f"there is no publication {name!r}: {nearest(name, job.publications)}"
    return None


def begin(bite: Bite, rows: list[Row]) -> None:
    """Begins what the rows ask for and nothing stands against; marks the rows that got something.

    Against it stand: a subscription in any state, "unsubscribe from all", a suppression of the address. Statutory
    publications need no subscription.
    """
    news = {name for name, publication in bite.job.publications.items() if not publication.statutory}
    present = [row for row in rows if row.found]
    wanted = [row for row in rows if row.subscriptions and (row.found is None or bite.mapping.mode is not Mode.ADD)]
    if not wanted:
        return
    had, stopped = _standing(bite, present), _stopped(bite, wanted)
    ids, publications = [], []
    for row in wanted:
        theirs, scopes = had.get(row.id, ()), stopped.get(row.address_key or "")
        for publication in dict.fromkeys(row.subscriptions):
            if publication not in news or publication in theirs or ALL_NEWS in theirs:
                continue
            if scopes and not scopes.isdisjoint(covering(publication, statutory=False)):
                bite.counts["held_back"] += 1
                continue
            row.begun = True
            ids.append(row.id)
            publications.append(publication)
    _record(bite, {"contact_id": ids, "publication": publications})


def _record(bite: Bite, columns: Columns) -> None:
    """Writes subscriptions with the proof of each."""
    said, by = bite.mapping.consent, bite.source_id
    assert said is not None
    bite.add(subscription, columns, state=SubscriptionState.ACTIVE, started_at=bite.now, source_id=by)
    proof = {"basis": said.basis, "wording": said.wording, "language": said.language, "source_id": by, "at": bite.now}
    bite.add(consent, columns, action=ConsentAction.GIVEN, **proof)
    bite.counts["subscribed"] += len(columns["contact_id"])


def _standing(bite: Bite, present: list[Row]) -> dict[int, set[str]]:
    """What contacts are or were subscribed to; ALL_NEWS for those who left everything."""
    ids = [row.id for row in present]
    had: dict[int, set[str]] = defaultdict(set)
    if not ids:
        return had
    rows = bite.connection.execute(
        select(subscription.c.contact_id, subscription.c.publication).where(subscription.c.contact_id.in_(ids))
    )
    left = bite.connection.execute(
        select(consent.c.contact_id, consent.c.publication).where(
            consent.c.contact_id.in_(ids),
            consent.c.publication == ALL_NEWS,
            consent.c.action == ConsentAction.WITHDRAWN,
        )
    )
    for contact_id, publication in (*rows, *left):
        had[contact_id].add(publication)
    return had


def _stopped(bite: Bite, rows: Iterable[Row]) -> dict[str, set[str]]:
    keys = [row.address_key for row in rows if row.address_key]
    stopped: dict[str, set[str]] = defaultdict(set)
    asked = select(suppression.c.address_key, suppression.c.scope).where(among(suppression.c.address_key, keys))
    for key, scope in bite.connection.execute(asked):
        stopped[key].add(scope)
    return stopped
