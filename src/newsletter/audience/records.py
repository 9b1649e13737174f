"""Institutions and contacts as values by field name, and as columns of their tables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import chain
from typing import Any

from newsletter.store.folding import folded_name

CORE = {
    "institution": (
        "code",
        "name",
        "country",
        "region",
        "category",
        "status",
        "languages",
        "time_zone",
        "topics",
    ),
    "contact": (
        "code",
        "institution_id",
        "address",
        "title",
        "first_name",
        "last_name",
        "role",
        "language",
        "time_zone",
    ),
}
NOTHING: dict[str, Any] = {}  # one object, so that it is converted once (store/bulk.py)
# What a column that takes no null holds when nothing is known.
EMPTY: dict[str, dict[str, Any]] = {
    "institution": {"languages": [], "topics": [], "status": "member"},
    "contact": {},
}


def values_of(owner: str, row: Mapping[str, Any]) -> dict[str, Any]:
    """A row of the table as values: core columns, names by language, own fields."""
    names = {f"names.{language}": name for language, name in row.get("names", {}).items()}
    return {**{name: row[name] for name in CORE[owner]}, **names, **row["fields"]}


def columns_of(owner: str, rows: Sequence[Mapping[str, Any]]) -> dict[str, list[Any]]:
    """Values of many rows by column; blanks as the table holds them."""
    core, empty = CORE[owner], EMPTY[owner]
    columns: dict[str, list[Any]] = {name: [row.get(name) for row in rows] for name in core}
    for name, blank in empty.items():
        columns[name] = [blank if value is None else value for value in columns[name]]
    rest = {name: name for name in dict.fromkeys(chain.from_iterable(rows)) if name not in core}
    if owner == "institution":
        names = {name: rest.pop(name)[6:] for name in list(rest) if name.startswith("names.")}
        columns["names"] = _objects(rows, names)
    else:
        columns["folded_name"] = [*map(folded_name, columns["first_name"], columns["last_name"])]
    columns["fields"] = _objects(rows, rest)
    return columns


def _objects(rows: Sequence[Mapping[str, Any]], names: Mapping[str, str]) -> list[dict[str, Any]]:
    """What each row says of these, under other names."""
    if not names:
        return [NOTHING] * len(rows)
    return [{key: value for name, key in names.items() if (value := row.get(name)) is not None} for row in rows]
