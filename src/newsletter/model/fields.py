"""Fields of contacts and institutions: core ones here, own ones from subscribers/fields.yaml.

A field is named by path: `contact.first_name`, `institution.region`, and own fields beside the core ones,
`institution.membership_since`. Expressions, templates, imports and launches all ask this registry.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum

from newsletter.errors import NewsletterError, nearest


class FieldType(StrEnum):
    TEXT = "text"
    NUMBER = "number"
    DATE = "date"  # ISO text in JSON
    BOOLEAN = "boolean"
    LIST = "list"  # of texts


@dataclass(frozen=True, slots=True)
class Field:
    """One field. `own` fields live in the JSON column `fields`; core ones are columns of the same name.

    `by_language`: the value depends on the language of the message (institution.name reads `names`).
    """

    owner: str  # contact or institution
    name: str
    type: FieldType = FieldType.TEXT
    own: bool = False
    by_language: bool = False
    indexed: bool = False
    label: Mapping[str, str] | None = None

    @property
    def path(self) -> str:
        return f"{self.owner}.{self.name}"


class UnknownField(NewsletterError):
    """No such field; the message names the nearest."""


CORE = (
    Field("contact", "code"),
    Field("contact", "title"),
    Field("contact", "first_name"),
    Field("contact", "last_name"),
    Field("contact", "role"),
    Field("contact", "language"),
    Field("contact", "time_zone"),
    Field("institution", "code"),
    Field("institution", "name", by_language=True),
    Field("institution", "country"),
    Field("institution", "region"),
    Field("institution", "category"),
    Field("institution", "status"),
    Field("institution", "languages", FieldType.LIST),
    Field("institution", "time_zone"),
    Field("institution", "topics", FieldType.LIST),
)


class Fields:
    """The registry: core fields and the workspace's own."""

    def __init__(self, own: tuple[Field, ...] = ()) -> None:
        self._by_path = {field.path: field for field in (*CORE, *own)}

    def __iter__(self) -> Iterator[Field]:
        return iter(self._by_path.values())

    def __contains__(self, path: str) -> bool:
        return path in self._by_path

    def __getitem__(self, path: str) -> Field:
        """UnknownField with the nearest name where there is none of this path."""
        try:
            return self._by_path[path]
        except KeyError:
            raise UnknownField(f"There is no field {path!r}: {nearest(path, self._by_path)}") from None
