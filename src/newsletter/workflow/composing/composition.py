"""What composing makes of a draft: messages, and all that the hash of an edition covers."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from newsletter.message import serial
from newsletter.message.envelope import Envelope
from newsletter.message.parts import CompiledLanguage
from newsletter.model.campaign import Campaign
from newsletter.model.draft import Draft
from newsletter.rendering.manuscript import Body, Manuscript
from newsletter.store.editions import AssetRow
from newsletter.store.issues import IssueRow
from newsletter.store.links import Place

PARTS = ("title", "summary", "body")  # the texts of an item


@dataclass(frozen=True, slots=True)
class ComposedLanguage:
    manuscript: Manuscript
    compiled: CompiledLanguage
    envelope: Envelope
    subject: str  # the source, for lists
    items: int


@dataclass
class Composition:
    """A revision of an issue that is not frozen yet."""

    issue: IssueRow
    campaign: Campaign
    draft: Draft
    languages: dict[str, ComposedLanguage]
    assets: dict[str, AssetRow]
    links: dict[str, int]
    definition: dict[str, Any]
    notices: list[str] = field(default_factory=list)
    stills: list[str] = field(default_factory=list)
    places: dict[int, Place] = field(default_factory=dict)  # of the links, by their numbers

    @property
    def language_hashes(self) -> dict[str, str]:
        return {
            language: serial.content_hash(
                serial.language(each.compiled), serial.envelope(each.envelope), linked(each.manuscript)
            )
            for language, each in self.languages.items()
        }

    @property
    def hash(self) -> str:
        return serial.content_hash(self.definition, self.language_hashes, sorted(self.assets))

    @property
    def variants(self) -> int:
        return sum(len(each.compiled.variants) for each in self.languages.values())


def linked(manuscript: Manuscript) -> list[list[str]]:
    """Key, language and texts, as they are written, of the items that have a reading page: what a hash covers."""
    return [
        [item["key"], item["language"], *(_written(manuscript, item[part]) for part in PARTS), str(item["event"] or "")]
        for item in items_of(manuscript)
        if item["reading"]
    ]


def items_of(manuscript: Manuscript) -> list[Any]:
    return [item for section in manuscript.context["sections"] for item in section["items"]]


def _written(manuscript: Manuscript, value: Any) -> str:
    source = manuscript.templates.source(value.source) if isinstance(value, Body) else None
    return source.text if source else str(value)
