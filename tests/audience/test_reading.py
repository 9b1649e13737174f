from __future__ import annotations

import zipfile
from datetime import date, datetime
from pathlib import Path

import pytest
from openpyxl import Workbook

from newsletter.audience.reading import TableError, guess_delimiter, open_table

ROWS = [["Name", "Place"], ["Caisse « unie »", "Zürich"], ["Œuvre d’été", "Genève"]]


def table(file: Path, **how: str) -> tuple[list[list[str]], str]:
    with open_table(file, **how) as found:  # type: ignore[arg-type]
        return [found.header, *(list(line.cells) for line in found.lines)], found.note


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp1252"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_encoding_and_delimiter_are_guessed(tmp_path: Path, encoding: str, delimiter: str) -> None:
    file = tmp_path / "table.csv"
    file.write_bytes("\r\n".join(delimiter.join(row) for row in ROWS).encode(encoding))
    assert table(file)[0] == ROWS


def test_foreign_letters_deep_in_the_file_are_seen(tmp_path: Path) -> None:
    file = tmp_path / "table.csv"
    file.write_bytes(b"Name,Place\n" + b"plain,plain\n" * 60_000 + "Général,Île\n".encode("cp1252"))
    assert table(file)[0][-1] == ["Général", "Île"]


def test_what_the_mapping_says_wins_over_the_guess(tmp_path: Path) -> None:
    file = tmp_path / "table.csv"
    file.write_bytes("a;b,c\nż;1,2\n".encode("cp1250"))
    found, note = table(file, encoding="cp1250", delimiter=",")
    assert found == [["a;b", "c"], ["ż;1", "2"]]
    assert note == "CSV, cp1250, divided by comma"
    with pytest.raises(TableError, match="no encoding 'klingon'"):
        table(file, encoding="klingon")


def test_quotes_line_breaks_blank_rows_and_excels_hint(tmp_path: Path) -> None:
    file = tmp_path / "table.csv"
    file.write_bytes(b'sep=;\r\n"Name; full";Place\r\n"two\r\nlines";"a ""b"""\r\n;;\r\n\r\nshort\r\n')
    with open_table(file) as found:
        assert found.header == ["Name; full", "Place"]
        lines = list(found.lines)
    assert [(line.number, list(line.cells)) for line in lines if not line.fault] == [
        (3, ["two\r\nlines", 'a "b"']),
        (7, ["short"]),
    ]
    assert [line.number for line in lines if line.fault] == []


def test_delimiters_in_quotes_do_not_count() -> None:
    assert guess_delimiter('"a,b,c,d";e\n') == ";"


def test_xlsx_cells_are_what_csv_would_say(tmp_path: Path) -> None:
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.append(["Code", "Since", "Paid", "Size", None])
    sheet.append([7, date(2001, 2, 3), True, 1.5])
    sheet.append([])
    sheet.append(["007", datetime(2001, 2, 3, 4, 5), None, 2.0, None, "stray"])  # noqa: DTZ001 - as Excel has it
    book.create_sheet("Other").append(["X"])
    file = tmp_path / "table.xlsx"
    book.save(file)
    with open_table(file) as found:
        assert found.header == ["Code", "Since", "Paid", "Size"]
        first, second = found.lines
    assert (first.number, list(first.cells)) == (2, ["7", "2001-02-03", "true", "1.5"])
    assert (second.number, list(second.cells)) == (4, ["007", "2001-02-03 04:05:00", "", "2"])
    assert second.fault == "the row has cells beyond the last named column"
    assert table(file, sheet="Other")[0] == [["X"]]
    with pytest.raises(TableError, match=r"no sheet 'Third'; it has Sheet, Other"):
        table(file, sheet="Third")


def test_what_is_no_table_is_said_so(tmp_path: Path) -> None:
    with pytest.raises(TableError, match="There is no file"):
        table(tmp_path / "none.csv")
    empty = tmp_path / "empty.csv"
    empty.touch()
    with pytest.raises(TableError, match="first line must name the columns"):
        table(empty)
    archive = tmp_path / "archive.xlsx"
    with zipfile.ZipFile(archive, "w") as packed:
        packed.writestr("readme", "no workbook")
    with pytest.raises(TableError, match="no XLSX workbook"):
        table(archive)


def test_an_unpacked_giant_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("newsletter.audience.reading.LARGEST_XLSX", 10_000)
    bomb = tmp_path / "bomb.xlsx"
    with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("xl/worksheets/sheet1.xml", b"0" * 1_000_000)
    with pytest.raises(TableError, match="save it as CSV"):
        table(bomb)
