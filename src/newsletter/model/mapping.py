"""How a table of a foreign system comes in: subscribers/imports/<name>.yaml."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, model_validator

from newsletter.model.campaign import LanguageTag, Strict
from newsletter.model.contact import Basis
from newsletter.model.publication import PublicationName
from newsletter.model.suppression import ADDRESS, NEWS, Reason


class Mode(StrEnum):
    ADD = "add"  # rows that are there already stay as they are
    UPDATE = "update"
    FILL = "fill"  # only what is blank


class ColumnSpec(Strict):
    field: str = Field(description="For example name, names.fr, address, institution, or an own field")
    optional: bool = Field(default=False, description="The file may lack this column")
    separator: str | None = Field(default=None, description="Divides a cell into a list; else ; or ,")
    format: str | None = Field(default=None, description="Of dates, for example %d.%m.%Y; else ISO 8601")
    decimal: Literal[".", ","] = Field(default=".", description="The decimal sign of numbers")
    values: dict[str, str] = Field(default_factory=dict, description="Replaces what the file says, for example M: Mr")


def _spec(value: object) -> object:
    return {"field": value} if isinstance(value, str) else value


class ConsentSpec(Strict):
    """Why the association may write to the contacts of a file, as it asserts it."""

    basis: Basis
    wording: str | None = None
    language: LanguageTag | None = None


class SuppressionSpec(Strict):
    """What the rows of a do-not-mail file mean."""

    reason: Reason
    scope: str = Field(default=ADDRESS, pattern=rf"^({ADDRESS}|{NEWS}|publication:[a-z0-9][a-z0-9-]*)$")
    reasons: dict[str, Reason] = Field(
        default_factory=dict, description="What the column `reason` may say, beginning so -> our reason"
    )


class ImportMapping(Strict):
    into: Literal["institution", "contact", "suppression"]
    file: str | None = Field(default=None, description="The default input, CSV or XLSX")
    sheet: str | None = Field(default=None, description="Of an XLSX file; else the first")
    encoding: str | None = Field(default=None, description="Else guessed")
    delimiter: str | None = Field(default=None, min_length=1, max_length=1, description="Else guessed")
    key: str | list[str] | None = Field(default=None, description="By which a row finds the one it updates")
    mode: Mode = Mode.UPDATE
    blanks: Literal["keep", "clear"] = Field(default="keep", description="What an empty cell does to a value")
    columns: dict[str, Annotated[ColumnSpec, BeforeValidator(_spec)]] = Field(description="Header -> field")
    subscribe: list[PublicationName] = Field(default_factory=list, description="Publications for every row")
    consent: ConsentSpec | None = None
    create_institutions: bool = Field(default=False, description="Contacts may bring institutions not known yet")
    suppression: SuppressionSpec | None = None

    @model_validator(mode="after")
    def _consistent(self) -> ImportMapping:
        wanted = [spec.field for spec in self.columns.values()]
        doubled = {field for field in wanted if wanted.count(field) > 1}
        if doubled and self.into != "suppression":
            raise ValueError(f"two columns go into {min(doubled)}")
        subscribes = bool(self.subscribe) or "subscriptions" in wanted
        if subscribes and self.into != "contact":
            raise ValueError("only contacts have subscriptions")
        if subscribes and self.consent is None:
            raise ValueError("subscriptions need `consent`: on which basis the association may write")
        if (self.into == "suppression") != (self.suppression is not None):
            raise ValueError("`suppression: {reason: ...}` belongs to, and only to, `into: suppression`")
        return self

    def key_fields(self) -> tuple[str, ...]:
        """The fields by which a row is found again."""
        if self.key is not None:
            return (self.key,) if isinstance(self.key, str) else tuple(self.key)
        fields = {spec.field for spec in self.columns.values()}
        if self.into == "contact" and "code" not in fields:
            return ("institution", "address") if "institution" in fields else ("address",)
        return ("code",) if self.into != "suppression" else ("address",)
