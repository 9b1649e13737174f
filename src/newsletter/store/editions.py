"""Frozen editions: written once, never changed; their variants as compressed JSON, their assets as bytes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, fields
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, func, insert, select

from newsletter.message.parts import Compiled, CompiledLanguage, Tree
from newsletter.message.serial import pack, unpack
from newsletter.model.article import ENDINGS
from newsletter.store.tables import asset, edition, edition_asset, edition_page, edition_variant


@dataclass(frozen=True, slots=True)
class EditionRow:
    """`languages`: per tag the fields in order, the decision tree, and the envelope's parts as JSON."""

    id: int
    issue_id: int
    number: int
    hash: str
    language_hashes: Mapping[str, str]
    definition: Mapping[str, Any]
    languages: Mapping[str, Mapping[str, Any]]
    frozen_by: int
    frozen_at: datetime


@dataclass(frozen=True, slots=True)
class PageRow:
    """The reading page of an article: title, summary and body as HTML."""

    language: str
    article: str
    title: str
    summary: str
    body: str
    author: str
    picture: Mapping[str, Any] | None
    event: Mapping[str, Any] | None  # times as ISO 8601 text


@dataclass(frozen=True, slots=True)
class AssetRow:
    sha256: str
    media_type: str
    content: bytes
    name: str | None = None
    width: int | None = None
    height: int | None = None

    @property
    def file_name(self) -> str:
        """As it is at its public address."""
        return f"{self.sha256}.{ENDINGS[self.media_type]}"


def latest(connection: Connection, issue_id: int) -> EditionRow | None:
    statement = select(edition).where(edition.c.issue_id == issue_id).order_by(edition.c.number.desc()).limit(1)
    row = connection.execute(statement).first()
    return None if row is None else EditionRow(**row._mapping)


def get(connection: Connection, id_: int) -> EditionRow:
    return EditionRow(**connection.execute(select(edition).where(edition.c.id == id_)).one()._mapping)


def next_number(connection: Connection, issue_id: int) -> int:
    counted = select(func.coalesce(func.max(edition.c.number), 0) + 1).where(edition.c.issue_id == issue_id)
    return int(connection.execute(counted).scalar_one())


def add(
    connection: Connection,
    row: Mapping[str, Any],
    variants: Mapping[str, CompiledLanguage],
    assets: Iterable[AssetRow],
) -> int:
    """Writes an edition with all that belongs to it; says its id."""
    id_ = int(connection.execute(insert(edition).values(dict(row)).returning(edition.c.id)).scalar_one())
    for language, compiled in variants.items():
        for number, each in enumerate(compiled.variants):
            values = {"edition_id": id_, "language": language, "number": number, "answers": {}, "segments": pack(each)}
            connection.execute(insert(edition_variant).values(values))
    for each_asset in assets:
        store_asset(connection, each_asset, now=row["frozen_at"])
        connection.execute(insert(edition_asset).values(edition_id=id_, sha256=each_asset.sha256))
    return id_


def variant(connection: Connection, edition_id: int, language: str, number: int) -> Compiled:
    statement = select(edition_variant.c.segments).where(
        edition_variant.c.edition_id == edition_id,
        edition_variant.c.language == language,
        edition_variant.c.number == number,
    )
    return unpack(connection.execute(statement).scalar_one())


def compiled_language(connection: Connection, row: EditionRow, language: str) -> CompiledLanguage:
    """All variants of one language, as they were compiled."""
    statement = (
        select(edition_variant.c.segments)
        .where(edition_variant.c.edition_id == row.id, edition_variant.c.language == language)
        .order_by(edition_variant.c.number)
    )
    about = row.languages[language]
    variants = tuple(unpack(packed) for packed in connection.execute(statement).scalars())
    return CompiledLanguage(language, tuple(about["fields"]), Tree(about["tree"]), variants, about["complete"])


def store_asset(connection: Connection, each: AssetRow, *, now: datetime) -> None:
    """Stored once, by its hash."""
    there = connection.execute(select(asset.c.sha256).where(asset.c.sha256 == each.sha256)).first()
    if there is None:
        values = {
            "sha256": each.sha256,
            "media_type": each.media_type,
            "name": each.name,
            "width": each.width,
            "height": each.height,
            "bytes": each.content,
            "created_at": now,
        }
        connection.execute(insert(asset).values(values))


def find_asset(connection: Connection, sha256: str) -> AssetRow | None:
    row = connection.execute(select(asset).where(asset.c.sha256 == sha256)).first()
    if row is None:
        return None
    return AssetRow(row.sha256, row.media_type, row.bytes, row.name, row.width, row.height)


def add_pages(connection: Connection, edition_id: int, pages: Iterable[PageRow]) -> None:
    for each in pages:
        connection.execute(insert(edition_page).values(edition_id=edition_id, **asdict(each)))


def page(connection: Connection, edition_id: int, language: str, article: str) -> PageRow | None:
    mine = edition_page.c.edition_id == edition_id, edition_page.c.language == language
    columns = (edition_page.c[each.name] for each in fields(PageRow))
    row = connection.execute(select(*columns).where(*mine, edition_page.c.article == article)).first()
    return None if row is None else PageRow(**row._mapping)
