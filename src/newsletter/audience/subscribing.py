"""Subscriptions that an import begins. It never begins one again, nor one that the recipient has declined."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from sqlalchemy import select

from newsletter.audience.job import Bite, ImportJob, Row
from newsletter.audience.json_sql import among
from newsletter.errors import nearest
from newsletter.model.contact import ALL_NEWS, ConsentAction, SubscriptionState
from newsletter.model.mapping import Mode
from newsletter.model.suppression import covering
from newsletter.store.tables import consent, contact, subscription, suppression


def unknown(job: ImportJob, row: Row) -> str | None:
    """Why the publications of a row cannot be subscribed to, or None."""
    for name in row.values.get("subscriptions") or ():
        if name not in job.publications:
            return f"there is no publication {name!r}: {nearest(name, job.publications)}"
    return None


def begin(bite: Bite, added: list[Row], present: list[Row]) -> set[int]:
    """Begins what the rows ask for and nothing stands against; returns the rows (by `id`) that got something.

    Against it stand: a subscription in any state, "unsubscribe from all", a suppression of the address. Statutory
    publications need no subscription.
    """
    if bite.mapping.mode is Mode.ADD:
        present = []
    wanted = [(row, news) for row in (*added, *present) if (news := _news(bite, row))]
    if not wanted:
        return set()
    had, stopped = _standing(bite, present), _stopped(bite, (row for row, _ in wanted))
    ids = _ids(bite, added)
    begun: set[int] = set()
    subscriptions, consents = [], []
    for row, news in wanted:
        contact_id = row.found["id"] if row.found else ids.get(row.values["code"], 0)
        for publication in news:
            if row.found and (publication in had[contact_id] or ALL_NEWS in had[contact_id]):
                continue
            scopes = stopped.get(row.address_key or "")
            if scopes and not scopes.isdisjoint(covering(publication, statutory=False)):
                bite.counts["held_back"] += 1
                continue
            begun.add(id(row))
            subscriptions.append(_subscription(bite, contact_id, publication))
            consents.append(_consent(bite, contact_id, publication))
    bite.add(subscription, subscriptions)
    bite.add(consent, consents)
    bite.counts["subscribed"] += len(subscriptions)
    return begun


def _news(bite: Bite, row: Row) -> list[str]:
    if not row.subscriptions:
        return []
    return [name for name in dict.fromkeys(row.subscriptions) if not bite.job.publications[name].statutory]


def _ids(bite: Bite, added: list[Row]) -> dict[str, int]:
    codes = [row.values["code"] for row in added]
    found = bite.connection.execute(select(contact.c.code, contact.c.id).where(among(contact.c.code, codes)))
    return {row.code: row.id for row in found}


def _standing(bite: Bite, present: list[Row]) -> dict[int, set[str]]:
    """What contacts are or were subscribed to; ALL_NEWS for those who left everything."""
    ids = [row.found["id"] for row in present if row.found]
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


def _subscription(bite: Bite, contact_id: int, publication: str) -> dict[str, object]:
    return {
        "contact_id": contact_id,
        "publication": publication,
        "state": SubscriptionState.ACTIVE,
        "started_at": bite.now,
        "source_id": bite.source_id,
    }


def _consent(bite: Bite, contact_id: int, publication: str) -> dict[str, object]:
    said = bite.mapping.consent
    assert said is not None
    return {
        "contact_id": contact_id,
        "publication": publication,
        "action": ConsentAction.GIVEN,
        "basis": said.basis,
        "wording": said.wording,
        "language": said.language,
        "source_id": bite.source_id,
        "at": bite.now,
    }
