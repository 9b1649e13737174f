"""A small association for tests of the audience: what stands in files, brought in as a user would."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, insert, select

from newsletter.audience.importing import Report, run_import
from newsletter.audience.job import ImportJob
from newsletter.clock import FixedClock
from newsletter.model.fields import Fields, FieldsFile
from newsletter.model.mapping import ImportMapping
from newsletter.model.publication import Publication
from newsletter.store.engine import reading, writing
from newsletter.store.tables import contact, person
from newsletter.tokens import AddressKeys

FIELDS = FieldsFile.model_validate(
    {
        "institution": {"member_since": {"type": "date"}, "population": {"type": "number"}},
        "contact": {"vip": {"type": "boolean"}},
    }
).fields()
PUBLICATIONS = {
    "monthly": Publication(name={"en": "Monthly digest"}),
    "events": Publication(name={"en": "Event alerts"}),
    "notices": Publication.model_validate({"name": {"en": "Notices"}, "kind": "statutory"}),
}
KEYS = AddressKeys(b"k" * 32)
INSTITUTION = {
    "into": "institution",
    "columns": {
        "Code": "code",
        "Name": "name",
        "Name (fr)": {"field": "names.fr", "optional": True},
        "Country": {"field": "country", "optional": True},
        "Region": {"field": "region", "optional": True},
        "Status": {"field": "status", "optional": True},
        "Languages": {"field": "languages", "optional": True},
        "Topics": {"field": "topics", "optional": True},
        "Member since": {"field": "member_since", "optional": True},
        "Population": {"field": "population", "optional": True},
    },
}
CONTACT = {
    "into": "contact",
    "columns": {
        "Code": {"field": "code", "optional": True},
        "Institution": {"field": "institution", "optional": True},
        "Email": "address",
        "First": {"field": "first_name", "optional": True},
        "Role": {"field": "role", "optional": True},
        "Language": {"field": "language", "optional": True},
        "VIP": {"field": "vip", "optional": True},
        "Publications": {"field": "subscriptions", "separator": ";", "optional": True},
    },
    "key": ["institution", "address"],
    "consent": {"basis": "membership", "wording": "As a member you receive our digest."},
}


@dataclass
class World:
    engine: Engine
    folder: Path
    clock: FixedClock
    fields: Fields = FIELDS

    def job(self, mapping: dict[str, Any], **changes: Any) -> ImportJob:
        return ImportJob(
            mapping=ImportMapping.model_validate({**mapping, **changes}),
            fields=self.fields,
            publications=PUBLICATIONS,
            address_keys=KEYS,
            person_id=1,
            clock=self.clock,
            refused=self.folder / "refused.csv",
        )

    def bring(self, mapping: dict[str, Any], content: str | bytes, *, dry_run: bool = False, **changes: Any) -> Report:
        file = self.folder / "input.csv"
        file.write_bytes(content if isinstance(content, bytes) else content.encode())
        return run_import(self.engine, replace(self.job(mapping, **changes), dry_run=dry_run), file)

    def institutions(self, content: str, **changes: Any) -> Report:
        return self.bring(INSTITUTION, content, **changes)

    def contacts(self, content: str, **changes: Any) -> Report:
        return self.bring(CONTACT, content, **changes)

    def rows(self, statement: Any) -> list[Any]:
        with reading(self.engine) as connection:
            return list(connection.execute(statement).all())

    def ids(self) -> dict[str, int]:
        """Contacts by address."""
        return {row.address: row.id for row in self.rows(select(contact.c.address, contact.c.id)) if row.address}


def world(engine: Engine, folder: Path, clock: FixedClock) -> World:
    with writing(engine) as connection:
        connection.execute(insert(person).values(id=1, slug="local", name="Local", roles=[], created_at=clock.now()))
    return World(engine, folder, clock)
