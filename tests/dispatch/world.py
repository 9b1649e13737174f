"""A small association in the database, an edition, and launches: where the tests of ledger and dispatch start."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Engine, Row, Select, insert, literal, select, update

from newsletter.clock import Clock, FixedClock
from newsletter.dispatch.launch import Launch, Plan, launch
from newsletter.dispatch.post import Letter, Post
from newsletter.dispatch.transports.base import Transport
from newsletter.model.delivery import DeliveryState, Sums
from newsletter.store import ledger
from newsletter.store.engine import reading, writing
from newsletter.store.ledger import Claimed
from newsletter.store.tables import contact, delivery, edition, institution, issue, person, run, subscription

NOW = datetime(2026, 11, 24, 10, 0, tzinfo=UTC)
PUBLICATION = "monthly"


@dataclass(frozen=True)
class World:
    """The ids of what stands in the database."""

    engine: Engine
    clock: Clock
    person: int
    issue: int
    edition: int


def make_world(engine: Engine, clock: Clock | None = None, *, contacts: int = 0, issues: int = 1) -> World:
    clock = clock or FixedClock(NOW)
    with writing(engine) as connection:
        someone = {"slug": "luc", "name": "Luc Aubert", "roles": ["approver"], "created_at": NOW}
        who = connection.execute(insert(person).values(someone).returning(person.c.id)).scalar_one()
        connection.execute(insert(institution), [_institution(number) for number in range(1, 4)])
        ids = [_issue(connection, who, number) for number in range(1, issues + 1)]
    world = World(engine, clock, who, *ids[0])
    if contacts:
        add_contacts(engine, range(1, contacts + 1))
    return world


def _issue(connection: Any, who: int, number: int) -> tuple[int, int]:
    row = {"campaign": "monthly", "key": f"2026-{number:02}", "state": "approved", "created_at": NOW, "updated_at": NOW}
    issue_id = connection.execute(insert(issue).values(row).returning(issue.c.id)).scalar_one()
    frozen = {
        "issue_id": issue_id,
        "number": 1,
        "hash": "0" * 64,
        "language_hashes": {},
        "definition": {},
        "languages": {},
        "frozen_by": who,
        "frozen_at": NOW,
    }
    return issue_id, connection.execute(insert(edition).values(frozen).returning(edition.c.id)).scalar_one()


def _institution(number: int) -> dict[str, Any]:
    return {
        "id": number,
        "code": f"I{number}",
        "name": f"Fonds d’assurance n° {number}",
        "names": {"fr": f"Fonds d’assurance n° {number}", "en": f"Insurance fund {number}"},
        "region": ("Africa", "Europe", "Asia")[number - 1],
        "status": "member",
        "languages": ["fr"],
        "topics": ["pensions"],
        "fields": {"population": 1000 * number, "observer": number == 2},
        "sources": {},
        "created_at": NOW,
        "updated_at": NOW,
    }


def add_contacts(engine: Engine, numbers: Sequence[int] | range, *, address: str | None = None) -> None:
    """Contacts, subscribed to the publication; institutions in turn."""
    rows: list[dict[str, Any]] = [
        {
            "id": number,
            "institution_id": 1 + number % 3,
            "code": f"C{number}",
            "address": address or f"contact{number}@m{number % 7}.example",
            "address_key": f"key-{address or number}",
            "domain": f"m{number % 7}.example",
            "first_name": "Zoë" if number % 2 else None,
            "fields": {},
            "sources": {},
            "created_at": NOW,
            "updated_at": NOW,
        }
        for number in numbers
    ]
    subscribed = [
        {"contact_id": number, "publication": PUBLICATION, "state": "active", "started_at": NOW} for number in numbers
    ]
    with writing(engine) as connection:
        connection.execute(insert(contact), rows)
        connection.execute(insert(subscription), subscribed)


def everybody(language: str = "fr") -> Select[Any]:
    return select(
        contact.c.id.label("contact_id"), literal(language).label("language"), literal(None).label("skip")
    ).order_by(contact.c.id)


def plan(**changes: Any) -> Plan:
    fields = [contact.c.first_name, institution.c.name]
    return Plan(**{"audience": everybody(), "values": {"fr": fields}, "variants": {"fr": 0}, **changes})


def what(world: World, **changes: Any) -> Launch:
    values: dict[str, Any] = {
        "issue_id": world.issue,
        "edition_id": world.edition,
        "publication": PUBLICATION,
        "statutory": False,
        "transport": "outbox",
        "rehearsal": False,
        "token_key": 1,
        "due_at": NOW,
        "launched_by": world.person,
    }
    return Launch(**{**values, **changes})


def launched(world: World, the_plan: Plan | None = None, **changes: Any) -> int:
    """A run of everybody, ready to send."""
    return launch(world.engine, what(world, **changes), the_plan or plan(), clock=world.clock)


def deliveries(engine: Engine, run_id: int | None = None) -> list[Row[Any]]:
    chosen = select(delivery).order_by(delivery.c.id)
    with reading(engine) as connection:
        return list(connection.execute(chosen if run_id is None else chosen.where(delivery.c.run_id == run_id)))


def states(engine: Engine, run_id: int) -> dict[int, str]:
    return {row.contact_id: row.state for row in deliveries(engine, run_id)}


def sums(engine: Engine, run_id: int) -> Sums:
    """The run's sums, which balance at any time."""
    with reading(engine) as connection:
        found = ledger.run_sums(connection, run_id)
    assert found.balanced, found.line
    return found


def counts(engine: Engine, run_id: int) -> dict[DeliveryState, int]:
    return {state: number for state, number in sums(engine, run_id).counts.items() if number}


def end_subscription(engine: Engine, contact_id: int) -> None:
    with writing(engine) as connection:
        connection.execute(
            update(subscription).where(subscription.c.contact_id == contact_id).values(state="ended", ended_at=NOW)
        )


def set_run(engine: Engine, run_id: int, **values: Any) -> None:
    with writing(engine) as connection:
        connection.execute(update(run).where(run.c.id == run_id).values(**values))


def plain_letter(row: Claimed) -> Letter:
    """A message that names its delivery."""
    return Letter(template=b"Subject: digest\r\nX-Delivery: %d\r\n\r\nDear %b\r\n", data=row, splice=splice_plain)


def splice_plain(template: bytes, row: Claimed) -> bytes:
    return template % (row.id, str(row.field_values[0]).encode())


def post(world: World, transport: Transport, **changes: Any) -> Post:
    values: dict[str, Any] = {"db": world.engine, "transport": transport, "compose": plain_letter, "clock": world.clock}
    return Post(**{**values, **changes})
