"""The draft of an issue: which articles, in which section and order, with edits per language."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from newsletter.model.crop import Crop


class ItemState(StrEnum):
    NEW = "new"  # proposed by gathering; nobody has decided
    IN = "in"  # used
    KEPT = "kept"  # kept for later
    OUT = "out"  # not used


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


def _list(value: Any) -> Any:
    """`items:` with nothing below it, as is left when somebody takes the last line out."""
    return [] if value is None else value


Listed = BeforeValidator(_list)


class Edit(_Strict):
    """What staff replaced, for one item in one language; None leaves the article's own."""

    title: str | None = None
    summary: str | None = None
    body: str | None = None
    picture: str | None = Field(default=None, description="Another picture; an empty text is none")
    alt: str | None = None
    credit: str | None = None
    crop: Crop | None = Field(default=None, description="The part that is shown")


class Item(_Strict):
    id: str = Field(description="Never reused within a draft")
    article: str = Field(description="The key of the article")
    state: ItemState = ItemState.NEW
    edits: dict[str, Edit] = Field(default_factory=dict, description="Replacements by language")


class DraftSection(_Strict):
    id: str = Field(description="The id of the campaign's section")
    items: Annotated[list[Item], Listed] = Field(default_factory=list)


class Draft(_Strict):
    """campaigns/<name>/<key>.yaml: a file that people curate; gathering only adds proposals."""

    title: str | None = Field(default=None, description="Internal name of the issue")
    planned: str | None = Field(default=None, description="Local time, for example 2026-12-01 09:00")
    subject: dict[str, str] = Field(default_factory=dict, description="Subjects by language, instead of the campaign's")
    preview: dict[str, str] = Field(default_factory=dict, description="Preview texts by language")
    sections: Annotated[list[DraftSection], Listed] = Field(default_factory=list)
    proposed: Annotated[list[str], Listed] = Field(
        default_factory=list,
        description="Articles that gathering has proposed so far; one that somebody took out does not come back",
    )

    def items(self) -> list[Item]:
        return [item for section in self.sections for item in section.items]

    def known(self) -> set[str]:
        """Article keys that gathering does not propose again."""
        return {*self.proposed, *(item.article for item in self.items())}

    def kept(self) -> set[str]:
        """Article keys that somebody keeps for a later issue."""
        return {item.article for item in self.items() if item.state is ItemState.KEPT}

    def used(self) -> set[str]:
        """Article keys that this issue uses: `new` items are used unless somebody says otherwise."""
        return {item.article for item in self.items() if item.state in (ItemState.NEW, ItemState.IN)}
