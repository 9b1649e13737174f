"""Fields of contacts and institutions: core ones here, own ones from subscribers/fields.yaml.

A field is named by path: `contact.first_name`, `institution.region`, and own fields beside the core ones,
`institution.membership_since`. Expressions, templates, imports and launches all ask this registry.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated

from pydantic import Field as Setting
from pydantic import StringConstraints, model_validator

from newsletter.errors import NewsletterError, nearest
from newsletter.i18n import Listed, say
from newsletter.model.campaign import ByLanguage, Strict


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


class FieldSpec(Strict):
    type: FieldType = FieldType.TEXT
    label: ByLanguage = Setting(default_factory=dict)
    indexed: bool = Setting(default=False, description="For a field that segments over many contacts ask for")


# The name stands in expressions and in JSON paths, so it is a plain identifier.
OwnName = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,62}$")]

# Names that a mapping or a template gives another meaning.
RESERVED = frozenset({"institution", "address", "subscriptions", "names", "active", "id", "fields", "sources"})


class FieldsFile(Strict):
    """subscribers/fields.yaml: the own fields of institutions and contacts."""

    institution: dict[OwnName, FieldSpec] = Setting(default_factory=dict)
    contact: dict[OwnName, FieldSpec] = Setting(default_factory=dict)

    @model_validator(mode="after")
    def _no_clash(self) -> FieldsFile:
        core = {field.path for field in CORE}
        for owner, name in self._names():
            if f"{owner}.{name}" in core or name in RESERVED:
                raise ValueError(
                    say("%(owner)s.%(name)s is a field of the program: choose another name", owner=owner, name=name)
                )
        return self

    def _names(self) -> list[tuple[str, str]]:
        return [("institution", name) for name in self.institution] + [("contact", name) for name in self.contact]

    def fields(self) -> Fields:
        """The registry with these own fields beside the core ones."""
        return Fields(
            tuple(
                Field(owner, name, spec.type, own=True, indexed=spec.indexed, label=spec.label)
                for owner, specs in (("institution", self.institution), ("contact", self.contact))
                for name, spec in specs.items()
            )
        )


class Fields:
    """The registry: core fields and the workspace's own."""

    def __init__(self, own: tuple[Field, ...] = ()) -> None:
        self._by_path = {field.path: field for field in (*CORE, *own)}

    def of(self, owner: str) -> list[Field]:
        return [field for field in self if field.owner == owner]

    def __iter__(self) -> Iterator[Field]:
        return iter(self._by_path.values())

    def __contains__(self, path: str) -> bool:
        return path in self._by_path

    def __getitem__(self, path: str) -> Field:
        """UnknownField with the nearest name where there is none of this path."""
        try:
            return self._by_path[path]
        except KeyError:
            raise UnknownField(
                say("There is no field %(path)r: %(hint)s", path=path, hint=self.nearest(path))
            ) from None

    def nearest(self, path: str) -> str:
        """The end of a sentence that offers the nearest field of the same owner; of any where the owner is unknown."""
        owner, _, name = path.partition(".")
        names = [field.name for field in self.of(owner)]
        close = difflib.get_close_matches(name, names, n=1)
        if close:
            return say("did you mean %(name)r?", name=f"{owner}.{close[0]}")
        known = Listed(f"{owner}.{each}" for each in sorted(names))
        return say("known: %(names)s", names=known) if names else nearest(path, self._by_path)
