"""Institutions and contacts as values by field name, and as rows of their tables."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

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


def columns_of(owner: str, values: Mapping[str, Any]) -> dict[str, Any]:
    """Values as the columns of a row; blanks as the table holds them."""
    core, empty = CORE[owner], EMPTY[owner]
    row = {name: empty.get(name) if (value := values.get(name)) is None else value for name in core}
    rest = {name: value for name, value in values.items() if name not in core and value is not None}
    if owner == "institution":
        row["names"] = {name[6:]: rest.pop(name) for name in list(rest) if name.startswith("names.")}
    row["fields"] = rest or NOTHING
    return row
