from __future__ import annotations

from functools import partial

import pytest

from newsletter.audience import converting
from newsletter.audience.converting import converter
from newsletter.audience.reading import Line
from newsletter.model.mapping import ImportMapping
from tests.audience.world import FIELDS


@pytest.mark.parametrize(
    ("convert", "cell", "value"),
    [
        (converting.number, "1 234.5", 1234.5),
        (converting.number, "8'700\u202f000", 8700000),
        (partial(converting.number, decimal=","), "1.234,5", 1234.5),
        (converting.day, "2026-01-31", "2026-01-31"),
        (converting.day, "2026-01-31 00:00:00", "2026-01-31"),
        (partial(converting.day, format_="%d.%m.%Y"), "31.1.2026", "2026-01-31"),
        (converting.boolean, "Oui", True),
        (converting.boolean, "0", False),
        (converting.texts, "a; b,c ;a;", ["a", "b,c"]),
        (converting.texts, "a, b", ["a", "b"]),
        (converting.languages, "pt_br, FR", ["pt-BR", "fr"]),
        (converting.country, "ch", "CH"),
        (converting.time_zone, "Africa/Abidjan", "Africa/Abidjan"),
        (converting.status, "Member", "member"),
    ],
)
def test_cells_become_values(convert: converting.Convert, cell: str, value: object) -> None:
    assert convert(cell) == value


@pytest.mark.parametrize(
    ("convert", "cell", "part"),
    [
        (converting.number, "1,5", "decimal comma"),
        (converting.number, "nan", "no number"),
        (converting.number, "9" * 20, "too large"),
        (converting.day, "01/02/2026", "format"),
        (converting.boolean, "perhaps", "neither yes nor no"),
        (converting.language, "french", "no language tag"),
        (converting.language, "fr-" + "-".join(["abcdefgh"] * 5), "no language tag"),
        (converting.country, "Switzerland", "two letters"),
        (converting.time_zone, "Africa/Abijan", "did you mean 'Africa/Abidjan'?"),
        (converting.status, "membre", "did you mean 'member'?"),
    ],
)
def test_cells_are_refused_with_a_reason(convert: converting.Convert, cell: str, part: str) -> None:
    with pytest.raises(ValueError, match=part.replace("?", r"\?")):
        convert(cell)


def first_names(*cells: str) -> tuple[list[object], dict[int, str]]:
    """What the cells of a column become, and why rows are refused, by position."""
    mapping = ImportMapping.model_validate({"into": "contact", "columns": {"A": "first_name", "C": "code"}})
    lines = [Line(number, [cell, "c"]) for number, cell in enumerate(cells, 2)]
    rows, refused = converter(mapping, ["A", "C"], FIELDS).read(lines)
    return [row["first_name"] for row in rows], refused


@pytest.mark.parametrize(
    ("cell", "value"),
    [
        ("  Ann\u00a0", "Ann"),
        ("e\u0301", "é"),
        ("two\r\nlines", "two lines"),
        ("'=SUM(A1)", "=SUM(A1)"),  # a guarded export comes back as it was
        ("'+32 2", "+32 2"),
        ("'tis", "'tis"),
        ("", None),
        ("مرحبا", "مرحبا"),
    ],
)
def test_texts_are_cleaned(cell: str, value: object) -> None:
    assert first_names(cell, "Bo") == ([value, "Bo"], {})


@pytest.mark.parametrize("cell", ["a\0b", "a\x1bb", "\u202egnp.exe", "a\ufffdb", "a\u2028b"])
def test_what_no_name_may_hold_is_refused(cell: str) -> None:
    told, refused = first_names("Ann", cell, "Bo")
    assert (told[0], told[2]) == ("Ann", "Bo")
    assert list(refused) == [1]
    assert "first_name: holds a character that cannot be read or shown" in refused[1]


def test_one_bad_cell_refuses_its_row_alone_and_the_first_reason_is_told() -> None:
    columns = {
        "Email": "address",
        "Language": "language",
        "VIP": "vip",
        "Role": {"field": "role", "values": {"P": "press"}},
    }
    mapping = ImportMapping.model_validate({"into": "contact", "columns": columns})
    lines = [
        Line(2, [" ann@fund.example ", "FR", "yes", "P"]),
        Line(3, ["bo@fund.example", "french", "perhaps", "P"]),
        Line(4, ["no address", "fr", "yes", ""]),
        Line(5, ["cy@fund.example"]),  # a short row: what is not there is blank
        Line(6, [], "the row is no CSV"),
    ]
    rows, refused = converter(mapping, list(columns), FIELDS).read(lines)
    assert rows[0] == {"address": "ann@fund.example", "language": "fr", "vip": True, "role": "press"}
    assert rows[3] == {"address": "cy@fund.example", "language": None, "vip": None, "role": None}
    assert sorted(refused) == [1, 2, 4]
    assert refused[1].startswith("language: 'french' is no language tag")
    assert refused[2].startswith("address: ")
    assert "no address" not in refused[2]
    assert refused[4] == "the row is no CSV"
