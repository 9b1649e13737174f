"""Tables as people send them: CSV in any usual encoding and delimiter, and XLSX; read row by row."""

from __future__ import annotations

import codecs
import csv
import hashlib
import zipfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime, time
from pathlib import Path
from typing import IO, Any, NamedTuple

from charset_normalizer import from_bytes

from newsletter.errors import NewsletterError
from newsletter.i18n import Listed, say

DELIMITERS = ",;\t|"
SAMPLE = 256 * 1024
LARGEST_XLSX = 1 << 30  # bytes, unpacked
# Tried where a text is no UTF-8 and mostly letters that are not Latin. Among the Latin ones nothing can be told from a
# few names (cp1250 reads "Genève" as "Genčve"), so there it is what Western office programs write.
OTHER_SCRIPTS = ["cp1251", "cp1253", "cp1256"]
WESTERN = "cp1252"
# A guarded export puts this before a cell that a spreadsheet would take for a formula (audience/exporting.py).
GUARD = "'"


class TableError(NewsletterError):
    """The file cannot be read as a table."""


class Line(NamedTuple):
    """One row: where it stands in the file, its cells, and what is wrong with it as a row."""

    number: int
    cells: Sequence[str]
    fault: str | None = None


@dataclass(frozen=True, slots=True)
class TableFile:
    """An open table. `note` says how it was read, for people to check a guess."""

    header: list[str]
    lines: Iterator[Line]
    note: str


@contextmanager
def open_table(
    file: Path, *, sheet: str | None = None, encoding: str | None = None, delimiter: str | None = None
) -> Iterator[TableFile]:
    """The table in a file; TableError where there is none. Only one row is in memory at a time."""
    if not file.is_file():
        raise TableError(say("There is no file %(file)s.", file=file))
    if zipfile.is_zipfile(file):
        with _workbook(file, sheet) as table:
            yield table
        return
    encoding = encoding or guess_encoding(file)
    with file.open(encoding=_known(encoding), errors="replace", newline="") as stream:
        yield _csv(stream, file.name, encoding, delimiter)


def file_hash(file: Path) -> str:
    """SHA-256 of a file, as the record of an import keeps it."""
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _known(encoding: str) -> str:
    try:
        return codecs.lookup(encoding).name
    except LookupError:
        raise TableError(
            say("There is no encoding %(encoding)r; usual ones are utf-8, cp1252 and utf-16.", encoding=encoding)
        ) from None


def guess_encoding(file: Path) -> str:
    """UTF-8 if the whole file is; else by a byte order mark, by zero bytes (UTF-16), or by the letters it holds."""
    with file.open("rb") as stream:
        start = stream.read(SAMPLE)
    if start.startswith(codecs.BOM_UTF8):
        return "utf-8-sig"
    if start.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    if len(start) > 3 and start.count(0) > len(start) // 4:
        return "utf-16-le" if start[1::2].count(0) > start[::2].count(0) else "utf-16-be"
    foreign = _first_foreign(file)
    if foreign is None:
        return "utf-8"
    return _other_script(foreign) or WESTERN


def _other_script(foreign: bytes) -> str | None:
    high = sum(byte >= 128 for byte in foreign)
    latin = sum(chr(byte).isalpha() for byte in foreign if byte < 128)
    best = from_bytes(foreign, cp_isolation=OTHER_SCRIPTS).best() if high > latin else None
    return best.encoding if best else None


def _first_foreign(file: Path) -> bytes | None:
    """The lines around the first bytes that are no UTF-8, with the letters to guess by; None if all is UTF-8."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    with file.open("rb") as stream:
        while chunk := stream.read(SAMPLE):
            try:
                decoder.decode(chunk)
            except UnicodeDecodeError:
                lines = [line for line in chunk.splitlines() if not line.isascii()]
                return b"\n".join(lines)[:SAMPLE]
    return None


def guess_delimiter(header: str) -> str:
    """The sign that divides a header line most often, outside quotes."""
    bare = "".join(header.split('"')[::2])
    return max(DELIMITERS, key=bare.count)


def _csv(stream: IO[str], name: str, encoding: str, delimiter: str | None) -> TableFile:
    first = stream.readline()
    offset = 1
    if first.lower().startswith("sep=") and len(first.rstrip("\r\n")) == 5:  # a hint that Excel writes and obeys
        delimiter, first, offset = delimiter or first[4], stream.readline(), 2
    delimiter = delimiter or guess_delimiter(first)
    reader = csv.reader(_again(first, stream), delimiter=delimiter, strict=True)
    try:
        header = [cell.strip() for cell in next(reader, [])]
    except csv.Error as error:
        raise TableError(say("The first line of %(name)s is no header: %(error)s.", name=name, error=error)) from None
    if not any(header):
        raise TableError(say("%(name)s is empty: the first line must name the columns.", name=name))
    signs = {"\t": "tab", ",": "comma", ";": "semicolon", "|": "bar"}
    note = f"CSV, {encoding}, divided by {signs.get(delimiter, repr(delimiter))}"
    return TableFile(header, _csv_lines(reader, len(header), offset), note)


def _again(first: str, rest: IO[str]) -> Iterator[str]:
    yield first
    yield from rest


def _csv_lines(reader: Any, width: int, offset: int) -> Iterator[Line]:
    end = reader.line_num
    while True:
        number, fault = end + offset, None
        cells: list[str] = []
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            fault = _said(str(error))
        end = reader.line_num
        if len(cells) > width and any(cells[width:]):
            fault = f"the row has {len(cells)} cells, the header {width}: is a cell with the delimiter not in quotes?"
        if fault or any(cells):
            yield Line(number, cells, fault)


def _said(error: str) -> str:
    if "unexpected end of data" in error or "field limit" in error:
        return "a quotation mark is opened in this row and never closed"
    return f"the row is no CSV ({error})"


@contextmanager
def _workbook(file: Path, sheet: str | None) -> Iterator[TableFile]:
    with zipfile.ZipFile(file) as packed:
        if sum(part.file_size for part in packed.infolist()) > LARGEST_XLSX:
            raise TableError(
                say(
                    "%(file)s unpacks to more than %(most)s MB: save it as CSV.",
                    file=file.name,
                    most=LARGEST_XLSX >> 20,
                )
            )
    from openpyxl import load_workbook  # 10 MB that a program which only sends needs not
    from openpyxl.utils.exceptions import InvalidFileException

    try:
        book = load_workbook(file, read_only=True, data_only=True)
    except (InvalidFileException, KeyError, ValueError, OSError) as error:
        raise TableError(say("%(file)s is no XLSX workbook: %(error)s.", file=file.name, error=error)) from None
    try:
        if sheet is not None and sheet not in book.sheetnames:
            raise TableError(
                say(
                    "%(file)s has no sheet %(sheet)r; it has %(sheetnames)s.",
                    file=file.name,
                    sheet=sheet,
                    sheetnames=Listed(book.sheetnames),
                )
            )
        chosen = book[sheet] if sheet is not None else book.worksheets[0]
        chosen.reset_dimensions()  # some programs write wrong ones, and rows would be lost
        rows = chosen.iter_rows(values_only=True)
        header = [_cell(value).strip() for value in next(rows, ())]
        while header and not header[-1]:
            header.pop()
        if not header:
            raise TableError(
                say(
                    "The sheet %(title)s of %(file)s is empty: its first row must name the columns.",
                    title=chosen.title,
                    file=file.name,
                )
            )
        yield TableFile(header, _sheet_lines(rows, len(header)), f"XLSX, sheet {chosen.title}")
    finally:
        book.close()


def _sheet_lines(rows: Iterator[tuple[object, ...]], width: int) -> Iterator[Line]:
    for number, row in enumerate(rows, 2):
        cells = [_cell(value) for value in row]
        if any(cells):
            beyond = any(cells[width:])
            yield Line(number, cells[:width], "the row has cells beyond the last named column" if beyond else None)


def _cell(value: object) -> str:
    """A cell as it would stand in a CSV file."""
    match value:
        case None:
            return ""
        case bool():
            return "true" if value else "false"
        case float() if value.is_integer():
            return str(int(value))
        case datetime():
            return value.date().isoformat() if value.time() == time() else value.isoformat(" ")
        case date():
            return value.isoformat()
    return str(value)
