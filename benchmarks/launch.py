"""Launching an edition to a million contacts on SQLite: how long it takes, and how long others are shut out.

Two languages; one has a single variant, the other asks a question, so that variants are found from field values. The
longest lock is the longest time that a write transaction of the launch held the database.
"""

from __future__ import annotations

import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, case, func, insert, literal, select

from newsletter.clock import SystemClock
from newsletter.dispatch.launch import Launch, Plan, launch
from newsletter.model.delivery import DeliveryState
from newsletter.store import ledger
from newsletter.store.engine import Turns, open_engine, reading, writing
from newsletter.store.tables import contact, edition, institution, issue, metadata, person, subscription

CONTACTS = 1_000_000
INSTITUTIONS = 2_000
NOW = datetime(2026, 11, 24, 10, 0, tzinfo=UTC)


def rows(contacts: int = CONTACTS) -> list[dict[str, Any]]:
    """What `make bench` prints."""
    with tempfile.TemporaryDirectory(prefix="newsletter-bench-") as folder:
        seconds, longest = measure(Path(folder), contacts)
    name = f"launch of an edition to {contacts:,} contacts on SQLite"
    return [
        {"name": name, "value": round(seconds, 1), "unit": "s", "target": "< 35", "versus": None, "met": seconds < 35},
        {
            "name": f"{name}: longest lock",
            "value": round(longest * 1000, 1),
            "unit": "ms",
            "target": "< 50",
            "versus": None,
            "met": longest < 0.05,
        },
    ]


def measure(folder: Path, contacts: int) -> tuple[float, float]:
    """(seconds of the launch, seconds of its longest write transaction)"""
    engine = open_engine(f"sqlite:///{folder / 'bench.sqlite'}")
    what = _fill(engine, contacts)
    turns = TimedTurns()
    engine.update_execution_options(turns=turns)
    started = time.perf_counter()
    run = launch(engine, what, _plan(), clock=SystemClock())
    seconds = time.perf_counter() - started
    with reading(engine) as connection:
        sums = ledger.run_sums(connection, run)
    engine.dispose()
    assert sums.balanced, sums.line
    assert sums[DeliveryState.PENDING] == contacts, sums.line
    return seconds, max(turns.held)


class TimedTurns(Turns):
    """How long each write transaction was held, from before its BEGIN IMMEDIATE to after its COMMIT."""

    def __init__(self) -> None:
        super().__init__()
        self.held: list[float] = []
        self._since = 0.0

    def __enter__(self) -> None:
        super().__enter__()
        self._since = time.perf_counter()

    def __exit__(self, *error: object) -> None:
        self.held.append(time.perf_counter() - self._since)
        super().__exit__(*error)


def _plan() -> Plan:
    fields = [contact.c.title, contact.c.first_name, contact.c.last_name, institution.c.name, institution.c.region]
    french = [
        *fields[:3],
        func.coalesce(institution.c.names["fr"].as_string(), institution.c.name),
        institution.c.region,
    ]
    audience = select(
        contact.c.id.label("contact_id"),
        case((contact.c.id % 2 == 0, "fr"), else_="en").label("language"),
        literal(None).label("skip"),
    ).order_by(contact.c.id)
    return Plan(
        audience,
        values={"en": fields, "fr": french},
        variants={"en": 0, "fr": lambda values: 1 if values[4] == "Africa" else 0},
    )


def _fill(engine: Engine, contacts: int) -> Launch:
    with writing(engine) as connection:
        metadata.create_all(connection)
        who = {"slug": "bench", "name": "Bench", "roles": [], "created_at": NOW}
        person_id = connection.execute(insert(person).values(who).returning(person.c.id)).scalar_one()
        dates = {"created_at": NOW, "updated_at": NOW}
        an_issue = {"campaign": "monthly", "key": "2026-12", "state": "approved", **dates}
        issue_id = connection.execute(insert(issue).values(an_issue).returning(issue.c.id)).scalar_one()
        frozen = {
            "issue_id": issue_id,
            "number": 1,
            "hash": "",
            "language_hashes": {},
            "definition": {},
            "languages": {},
            "frozen_by": person_id,
            "frozen_at": NOW,
        }
        edition_id = connection.execute(insert(edition).values(frozen).returning(edition.c.id)).scalar_one()
        connection.execute(insert(institution), [_institution(number) for number in range(1, INSTITUTIONS + 1)])
        for start in range(1, contacts + 1, 20_000):
            numbers = range(start, min(start + 20_000, contacts + 1))
            connection.execute(insert(contact), [_contact(number) for number in numbers])
            connection.execute(insert(subscription), [_subscription(number) for number in numbers])
    return Launch(
        issue_id=issue_id,
        edition_id=edition_id,
        publication="monthly",
        statutory=False,
        transport="smtp",
        rehearsal=False,
        token_key=1,
        due_at=NOW,
        launched_by=person_id,
    )


def _institution(number: int) -> dict[str, Any]:
    return {
        "code": f"I{number}",
        "name": f"Social insurance fund number {number}",
        "names": {"fr": f"Caisse d’assurance sociale n° {number}"},
        "region": ("Africa", "Europe", "Asia", "Americas")[number % 4],
        "status": "member",
        "languages": ["en"],
        "topics": ["pensions"],
        "fields": {},
        "sources": {},
        "created_at": NOW,
        "updated_at": NOW,
    }


def _contact(number: int) -> dict[str, Any]:
    return {
        "institution_id": number % INSTITUTIONS + 1,
        "code": f"C{number}",
        "address": f"contact.{number}@fund{number % INSTITUTIONS}.example",
        "address_key": f"{number * 2654435761 % 2**32:08x}{number:024x}",  # spread like a keyed hash
        "domain": f"fund{number % INSTITUTIONS}.example",
        "title": "Ms",
        "first_name": "Aïssatou",
        "last_name": f"Ouédraogo-{number}",
        "fields": {},
        "sources": {},
        "created_at": NOW,
        "updated_at": NOW,
    }


def _subscription(number: int) -> dict[str, Any]:
    return {"contact_id": number, "publication": "monthly", "state": "active", "started_at": NOW}


if __name__ == "__main__":
    for row in rows():
        print(row)
