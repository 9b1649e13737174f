"""Importing 1 million contacts from CSV, and counting a segment over them (SQLite, as shipped)."""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

CONTACTS = 1_000_000
INSTITUTIONS = 20_000
RULE = 'institution.region == "Africa" and contact.role in ["liaison", "deputy"] and "pensions" in institution.topics'
REGIONS = ("Africa", "Americas", "Asia", "Europe", "Oceania")
ROLES = ("liaison", "deputy", "general", "communications", "press")


def rows(contacts: int = CONTACTS) -> list[dict[str, Any]]:
    """The figures, measured in a process of its own, so that its memory is the import's alone."""
    with tempfile.TemporaryDirectory() as folder:
        _write_files(Path(folder), contacts)
        done = subprocess.run([sys.executable, __file__, folder], check=True, capture_output=True, text=True)
    found = json.loads(done.stdout)
    return [
        _row("first import of 1 million contacts from CSV, sources kept", found["import"], "s", 75),
        _row("its peak memory", found["memory"], "MB", 200),
        _row("counting a segment over 1 million contacts", found["count"], "s", 1),
    ]


def _row(name: str, value: float, unit: str, below: float) -> dict[str, Any]:
    return {
        "name": name,
        "value": round(value, 3),
        "unit": unit,
        "target": f"< {below}",
        "versus": None,
        "met": value < below,
    }


def _write_files(folder: Path, contacts: int) -> None:
    with (folder / "institutions.csv").open("w") as stream:
        stream.write("Code;Name;Country;Region;Languages;Topics\n")
        for n in range(INSTITUTIONS):
            topics = "pensions;health" if n % 3 else "family"
            stream.write(f'I{n:05};Institution {n};CH;{REGIONS[n % 5]};"fr;en";"{topics}"\n')
    with (folder / "contacts.csv").open("w") as stream:
        stream.write("Code,Institution,Email,First name,Last name,Role,Language,Publications\n")
        for n in range(contacts):
            address = f"first.last{n}@institution{n % INSTITUTIONS}.example"
            stream.write(
                f"C{n:07},I{n % INSTITUTIONS:05},{address},Firstname,Lastname {n},{ROLES[n // 7 % 5]},fr,monthly\n"
            )


def measure(folder: Path) -> dict[str, float]:
    from newsletter.audience.count import count_segment
    from newsletter.audience.importing import run_import
    from newsletter.audience.job import ImportJob
    from newsletter.clock import SystemClock
    from newsletter.model.fields import Fields
    from newsletter.model.mapping import ImportMapping
    from newsletter.model.publication import Publication
    from newsletter.model.segment import parse
    from newsletter.store.engine import open_engine, reading, writing
    from newsletter.store.tables import metadata, person
    from newsletter.tokens import AddressKeys

    engine = open_engine(f"sqlite:///{folder / 'bench.sqlite'}")
    with writing(engine) as connection:
        metadata.create_all(connection)
        connection.execute(
            person.insert().values(id=1, slug="local", name="local", roles=[], created_at=datetime.now(UTC))
        )

    def bring(name: str, mapping: dict[str, Any]) -> float:
        job = ImportJob(
            mapping=ImportMapping.model_validate(mapping),
            fields=Fields(),
            publications={"monthly": Publication(name={"en": "Monthly"})},
            address_keys=AddressKeys(b"k" * 32),
            person_id=1,
            clock=SystemClock(),
        )
        start = time.perf_counter()
        report = run_import(engine, job, folder / name)
        if report.refused or report.added != report.rows:
            raise SystemExit(f"the import is not whole: {report}")
        return time.perf_counter() - start

    bring("institutions.csv", {"into": "institution", "columns": INSTITUTION_COLUMNS})
    consent = {"basis": "membership", "wording": "As a member you receive our digest.", "language": "en"}
    taken = bring("contacts.csv", {"into": "contact", "columns": CONTACT_COLUMNS, "consent": consent})
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    rule = parse(RULE, Fields())
    with reading(engine) as connection:
        start = time.perf_counter()
        if not count_segment(connection, rule, Fields()):
            raise SystemExit("the segment is empty")
        counted = time.perf_counter() - start
    return {"import": taken, "memory": memory, "count": counted}


INSTITUTION_COLUMNS = {
    "Code": "code",
    "Name": "name",
    "Country": "country",
    "Region": "region",
    "Languages": "languages",
    "Topics": "topics",
}
CONTACT_COLUMNS = {
    "Code": "code",
    "Institution": "institution",
    "Email": "address",
    "First name": "first_name",
    "Last name": "last_name",
    "Role": "role",
    "Language": "language",
    "Publications": "subscriptions",
}

if __name__ == "__main__":
    if len(sys.argv) > 1:
        print(json.dumps(measure(Path(sys.argv[1]))))
    else:
        print(json.dumps(rows(), indent=1))
