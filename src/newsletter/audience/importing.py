"""Bringing a table into the database: streamed, in small commits, with the same result however often it is run.

Every row ends as added, updated, unchanged or refused; refused rows are kept in a file with the reason. What an import
may change is decided by the owner of each value (values.py), and whom it may subscribe in subscribing.py.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

from sqlalchemy import Connection, Engine, insert

from newsletter.audience import contacts, institutions, suppressing
from newsletter.audience.converting import Converter, converter
from newsletter.audience.job import Bite, ImportJob, Row
from newsletter.audience.reading import Line, TableFile, file_hash, open_table
from newsletter.audience.refusals import Refusals
from newsletter.audience.seen import Seen
from newsletter.audience.subscribing import unknown
from newsletter.audience.values import Kinds, Writer
from newsletter.model.contact import SourceKind
from newsletter.store import audit
from newsletter.store.bulk import few_collections
from newsletter.store.engine import bulk, writing
from newsletter.store.tables import source

BITE = 500  # rows a commit: the ledger waits for no longer

_TARGETS: dict[str, Callable[[Bite, list[Row]], None]] = {
    "institution": institutions.take,
    "contact": contacts.take,
    "suppression": suppressing.take,
}


@dataclass(slots=True)
class Report:
    """What an import did (in a dry run: would do). `read_as` tells the guesses about the file."""

    rows: int = 0
    added: int = 0
    updated: int = 0
    unchanged: int = 0
    refused: int = 0
    new_institutions: int = 0
    subscribed: int = 0
    held_back: int = 0  # subscriptions not begun, because the address is suppressed
    read_as: str = ""
    dry_run: bool = False
    refused_file: Path | None = None
    refusals: list[tuple[int, str]] = field(default_factory=list)  # the first few: line and reason


def run_import(engine: Engine, job: ImportJob, file: Path, progress: Callable[[int], None] | None = None) -> Report:
    """Imports a file; `progress` hears the number of rows done after every commit.

    ProblemsFound where the mapping does not fit the file: then nothing was done. A run that was cut off is completed
    by running it again.
    """
    mapping = job.mapping
    opened = open_table(file, sheet=mapping.sheet, encoding=mapping.encoding, delimiter=mapping.delimiter)
    with opened as table, Refusals(job.refused, table.header) as refusals, Seen() as seen:
        convert = converter(mapping, table.header, job.fields)
        work = _Import(job, convert, seen, refusals)
        source_id = 0 if job.dry_run else _begin(engine, job, file)
        _run(engine, work, table, source_id, progress)
        report = _report(work, table)
    if not job.dry_run:
        _end(engine, job, source_id, report)
    return report


@dataclass(slots=True)
class _Import:
    job: ImportJob
    convert: Converter
    seen: Seen
    refusals: Refusals
    kinds: Kinds = field(default_factory=Kinds)
    counts: Counter[str] = field(default_factory=Counter)

    @property
    def writer(self) -> Writer:
        mapping = self.job.mapping
        return Writer(SourceKind.IMPORT, mapping.mode, clears=mapping.blanks == "clear")


def _run(
    engine: Engine, work: _Import, table: TableFile, source_id: int, progress: Callable[[int], None] | None
) -> None:
    take = _TARGETS[work.job.mapping.into]
    with bulk(engine) as database, few_collections():
        transaction = database.reading if work.job.dry_run else database.writing
        while (read := _read(work, table)).lines:
            for line, reason in read.refused:
                work.refusals.add(line, reason)
            if read.rows:
                with transaction() as connection:
                    take(_bite(work, connection, source_id), read.rows)
            work.counts["rows"] += read.lines
            if progress:
                progress(work.counts["rows"])


@dataclass(frozen=True, slots=True)
class _Read:
    """So many lines of the file: the rows that can be taken, and why the others cannot."""

    lines: int
    rows: list[Row]
    refused: list[tuple[Line, str]]


def _bite(work: _Import, connection: Connection, source_id: int) -> Bite:
    return Bite(
        connection=connection,
        job=work.job,
        source_id=source_id,
        now=work.job.clock.now(),
        writer=work.writer,
        kinds=work.kinds,
        counts=work.counts,
        refuse=work.refusals.add,
    )


def _read(work: _Import, table: TableFile) -> _Read:
    """The next rows that can be read, are whole, and did not stand earlier in the file."""
    lines = list(islice(table.lines, BITE))
    keys = work.job.mapping.key_fields()
    telling = [name for name in keys if name != "institution"]
    told, faults = work.convert.read(lines)
    rows, refused = [], []
    for place, (line, values) in enumerate(zip(lines, told, strict=True)):
        fault = faults.get(place)
        if not fault and not any(map(values.get, telling)):
            fault = f"{keys[-1]} is empty"
        fault = fault or unknown(work.job, values)
        if fault:
            refused.append((line, fault))
        else:
            rows.append(Row(line, values))
    if work.job.mapping.into != "suppression":  # lists of bounces name an address as often as it bounced
        rows = _once(work, rows, keys, refused)
    return _Read(len(lines), rows, refused)


def _once(work: _Import, rows: list[Row], keys: tuple[str, ...], refused: list[tuple[Line, str]]) -> list[Row]:
    shown = [("\x1f".join([row.values.get(name) or "" for name in keys]).casefold(), row.line.number) for row in rows]
    earlier = work.seen.earlier(shown)
    for row in rows:
        if row.line.number in earlier:
            same = f"the same {' and '.join(keys)} as in line {earlier[row.line.number]}"
            refused.append((row.line, same))
    return [row for row in rows if row.line.number not in earlier]


def _begin(engine: Engine, job: ImportJob, file: Path) -> int:
    """Records the import as a source of values."""
    with writing(engine) as connection:
        made = insert(source).values(
            kind=SourceKind.IMPORT,
            person_id=job.person_id,
            name=f"{file.name} into {job.mapping.into}",
            file_hash=file_hash(file),
            at=job.clock.now(),
        )
        return int(connection.execute(made.returning(source.c.id)).scalar_one())


def _end(engine: Engine, job: ImportJob, source_id: int, report: Report) -> None:
    figures = {name: getattr(report, name) for name in ("rows", "added", "updated", "unchanged", "refused")}
    with writing(engine) as connection:
        at = job.clock.now()
        audit.note(connection, "import", f"source:{source_id}", at=at, person_id=job.person_id, data=figures)


def _report(work: _Import, table: TableFile) -> Report:
    counts, refusals = work.counts, work.refusals
    return Report(
        rows=counts["rows"],
        added=counts["added"],
        updated=counts["updated"],
        unchanged=counts["unchanged"],
        refused=refusals.count,
        new_institutions=counts["new_institutions"],
        subscribed=counts["subscribed"],
        held_back=counts["held_back"],
        read_as=table.note,
        dry_run=work.job.dry_run,
        refused_file=refusals.file if refusals.count else None,
        refusals=refusals.first,
    )
