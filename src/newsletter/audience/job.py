"""What an import is told, and what its parts share while it runs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Table, Update

from newsletter.audience.reading import Line
from newsletter.audience.values import Kinds, Writer
from newsletter.clock import Clock
from newsletter.model.fields import Fields
from newsletter.model.mapping import ImportMapping
from newsletter.model.publication import Publication
from newsletter.store.bulk import insert_rows
from newsletter.store.tables import audit
from newsletter.tokens import AddressKeys

Refuse = Callable[[Line, str], None]


@dataclass(frozen=True, slots=True)
class ImportJob:
    """One run of a mapping over a file. `refused` is where refused rows are written, if there are any."""

    mapping: ImportMapping
    fields: Fields
    publications: Mapping[str, Publication]
    address_keys: AddressKeys
    person_id: int
    clock: Clock
    refused: Path | None = None
    dry_run: bool = False


@dataclass(slots=True)
class Row:
    """A row of the file with its values; `found` is the row of the table that it updates."""

    line: Line
    values: dict[str, Any]
    found: Mapping[str, Any] | None = None
    changes: dict[str, Any] = field(default_factory=dict)
    # Of contacts:
    institution: str | None = None  # its code
    address_key: str | None = None
    domain: str | None = None
    subscriptions: list[str] = field(default_factory=list)
    derived: bool = False  # the code is made up, not the file's


@dataclass(frozen=True, slots=True)
class Bite:
    """What the rows of one commit are handled with. In a dry run nothing is written."""

    connection: Connection
    job: ImportJob
    source_id: int
    now: datetime
    writer: Writer
    kinds: Kinds
    counts: Counter[str]
    refuse: Refuse
    shared: dict[tuple[str, ...], dict[str, int]] = field(default_factory=dict)

    @property
    def mapping(self) -> ImportMapping:
        return self.job.mapping

    def add(self, table: Table, rows: list[dict[str, Any]]) -> None:
        if not self.job.dry_run:
            insert_rows(self.connection, table, rows)

    def change(self, statement: Update, rows: list[dict[str, Any]]) -> None:
        if rows and not self.job.dry_run:
            self.connection.execute(statement, rows)

    def remember(self, owner: str, rows: Iterable[Row]) -> None:
        """Old values go into the audit log."""
        entries = []
        for row in rows:
            assert row.found is not None
            before = {name: row.found["values"].get(name) for name in row.changes}
            data = {"before": before, "source": self.source_id}
            entries.append(
                {
                    "at": self.now,
                    "person_id": self.job.person_id,
                    "action": "import",
                    "subject": f"{owner}:{row.found['id']}",
                    "data": data,
                }
            )
        self.add(audit, entries)

    def sources(self, values: Mapping[str, Any]) -> dict[str, int]:
        """The sources of the values that a new row brings; rows with the same fields share one mapping."""
        names = tuple([name for name, value in values.items() if value is not None and value != []])
        known = self.shared.get(names)
        if known is None:
            known = self.shared[names] = dict.fromkeys(names, self.source_id)
        return known
