"""What an import is told, and what its parts share while it runs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
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
from newsletter.store.bulk import Columns, ids_ahead, insert_columns
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
    id: int = 0  # of the row of the table; of a new contact, the one it will have
    # Of contacts:
    institution: str | None = None  # its code
    address_key: str | None = None
    domain: str | None = None
    subscriptions: Sequence[str] = ()
    derived: bool = False  # the code is made up, not the file's
    begun: bool = False  # a subscription


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

    def ids(self, table: Table, count: int) -> Sequence[int]:
        return [0] * count if self.job.dry_run else ids_ahead(self.connection, table, count)

    def add(self, table: Table, columns: Columns, **same: Any) -> None:
        if not self.job.dry_run:
            insert_columns(self.connection, table, columns, **same)

    def change(self, statement: Update, rows: Sequence[Row], columns: Columns) -> None:
        """Writes the columns over the rows of the table, and says that this import was the source of what changed."""
        if rows and not self.job.dry_run:
            lines = zip(*columns.values(), strict=True)
            told = [dict(zip(columns, line, strict=True)) for line in lines]
            stamps = [{"row_id": row.id, "sources": self._changed(row), "updated_at": self.now} for row in rows]
            self.connection.execute(statement, [one | two for one, two in zip(told, stamps, strict=True)])

    def _changed(self, row: Row) -> dict[str, int]:
        assert row.found is not None
        return {**row.found["sources"], **dict.fromkeys(row.changes, self.source_id)}

    def remember(self, owner: str, rows: Sequence[Row]) -> None:
        """Old values go into the audit log."""
        columns: dict[str, list[Any]] = {"subject": [f"{owner}:{row.id}" for row in rows], "data": []}
        for row in rows:
            assert row.found is not None
            before = {name: row.found["values"].get(name) for name in row.changes}
            columns["data"].append({"before": before, "source": self.source_id})
        self.add(audit, columns, action="import", person_id=self.job.person_id, at=self.now)

    def sources(self, values: Mapping[str, Any], made_up: tuple[str, ...] = ()) -> dict[str, int]:
        """The sources of the values that a new row brings; rows with the same fields share one mapping."""
        names = tuple([name for name, value in values.items() if value is not None and value != []])
        names = tuple([name for name in names if name not in made_up]) if made_up else names
        known = self.shared.get(names)
        if known is None:
            known = self.shared[names] = dict.fromkeys(names, self.source_id)
        return known
