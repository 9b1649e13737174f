"""What every step needs: the folder with its documents, the database, the keys, the time, and the definitions."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy import Engine

from newsletter.clock import Clock
from newsletter.errors import NewsletterError, UsageError, nearest
from newsletter.i18n import say
from newsletter.message.envelope import Personal
from newsletter.model.campaign import Campaign
from newsletter.model.draft import Draft
from newsletter.model.fields import Fields
from newsletter.model.mapping import ImportMapping
from newsletter.model.publication import Publication, SegmentSpec
from newsletter.rendering.code_store import CodeStore
from newsletter.rendering.service import Bounds, Renderer
from newsletter.settings import STATE_FOLDER, Secrets, Settings
from newsletter.store import people
from newsletter.store.engine import reading
from newsletter.store.people import Person
from newsletter.workspace.definitions import FieldsFile, check_publication, fields_of
from newsletter.workspace.documents import Documents
from newsletter.workspace.loading import load_yaml

T = TypeVar("T")

KEY = re.compile(r"[a-z0-9][a-z0-9-]{0,63}")
LOCAL = "local"  # who acts where nobody is named: holds every role


@dataclass
class Context:
    """An open workspace, for one unit of work: `now` begins another, with the definitions as they are then.

    `folder` holds what is no document: keys, the practice folder, lists to import. It need not be there.
    """

    folder: Path
    settings: Settings
    secrets: Secrets
    documents: Documents
    engine: Engine
    clock: Clock
    _renderer: Renderer | None = field(default=None, repr=False)
    _loaded: dict[tuple[str, str], tuple[str, Any]] = field(default_factory=dict, repr=False)  # shared by `replace`

    def __post_init__(self) -> None:
        self.documents = self.documents.now()

    def now(self) -> Context:
        return replace(self)

    @property
    def renderer(self) -> Renderer:
        if self._renderer is None:
            store = self.code_store if self.folder.is_dir() else None
            self._renderer = Renderer(bounds=Bounds(seconds=self.settings.compile_seconds), store=store)
        return self._renderer

    @property
    def code_store(self) -> CodeStore:
        key = self.secrets.key_ring.digest("compiled templates", 0)
        return CodeStore(self.folder / STATE_FOLDER / "cache" / "templates", key.encode())

    @property
    def personal(self) -> Personal:
        return Personal(self.secrets.key_ring, self.settings.public_url)

    def close(self) -> None:
        if self._renderer is not None:
            self._renderer.close()
        self.engine.dispose()

    # Definitions

    @cached_property
    def fields(self) -> Fields:
        return fields_of(self._load("subscribers/fields.yaml", FieldsFile, FieldsFile()))

    @cached_property
    def publications(self) -> Mapping[str, Publication]:
        return self._load("subscribers/publications.yaml", dict[str, Publication], {})

    @cached_property
    def segments(self) -> Mapping[str, SegmentSpec]:
        return self._load("subscribers/segments.yaml", dict[str, SegmentSpec], {})

    @property
    def segment_rules(self) -> dict[str, str]:
        return {name: spec.rule for name, spec in self.segments.items()}

    @property
    def campaigns(self) -> list[str]:
        return [path.split("/")[1] for path in self.documents.list("campaigns/*/campaign.yaml")]

    def campaign(self, name: str) -> Campaign:
        path = f"campaigns/{name}/campaign.yaml"
        if not self.documents.exists(path):
            raise UsageError(
                say("There is no campaign %(name)r: %(hint)s", name=name, hint=nearest(name, self.campaigns))
            )
        text = self.documents.text(path)
        campaign = self._read(path, Campaign)
        check_publication(campaign, self.publications, text, path)
        return campaign

    def languages(self, campaign: Campaign) -> list[str]:
        """In which a campaign is written: its own, else the workspace's."""
        return list(campaign.languages or self.settings.languages)

    def draft(self, campaign: str, key: str) -> Draft:
        path = draft_path(campaign, key)
        if not self.documents.exists(path) and campaign not in self.campaigns:
            raise UsageError(
                say(
                    "There is no campaign %(campaign)r: %(hint)s",
                    campaign=campaign,
                    hint=nearest(campaign, self.campaigns),
                )
            )
        if not self.documents.exists(path):
            raise UsageError(
                say(
                    "There is no draft %(path)s yet: make it with `newsletter gather %(campaign)s`.",
                    path=path,
                    campaign=campaign,
                )
            )
        return self._read(path, Draft)

    @property
    def imports(self) -> list[str]:
        paths = self.documents.list("subscribers/imports/*.yaml")
        return [path.removeprefix("subscribers/imports/").removesuffix(".yaml") for path in paths]

    def mapping(self, name: str) -> ImportMapping:
        path = f"subscribers/imports/{name}.yaml"
        if not self.documents.exists(path):
            raise UsageError(say("There is no mapping %(path)s: %(hint)s", path=path, hint=nearest(name, self.imports)))
        return load_yaml(self.documents.text(path), path, ImportMapping)

    # People

    def person(self, slug: str | None) -> Person:
        return named(self.engine, slug)

    def _load(self, path: str, model: type[T], empty: T) -> T:
        return self._read(path, model) if self.documents.exists(path) else empty

    def _read(self, path: str, model: type[T]) -> T:
        """A definition, read again only where its text is another: a page names dozens of them."""
        text, key = self.documents.text(path), (path, str(model))
        known = self._loaded.get(key)
        if known is None or known[0] != text:
            known = self._loaded[key] = (text, load_yaml(text, path, model))
        found: T = known[1]
        return found


def named(engine: Engine, slug: str | None) -> Person:
    """UsageError where nobody is called so."""
    with reading(engine) as connection:
        found = people.find(connection, slug or LOCAL)
        if found is None:
            raise UsageError(
                say(
                    "There is no person %(slug)r: %(hint)s",
                    slug=slug,
                    hint=nearest(slug or "", people.slugs(connection)),
                )
            )
    return found


def draft_path(campaign: str, key: str) -> str:
    """UsageError for a key that cannot name a draft."""
    if not KEY.fullmatch(key) or key == "campaign":
        raise UsageError(
            say(
                "%(key)r cannot be an issue's key: use small letters, digits and hyphens, for example 2026-12.", key=key
            )
        )
    return f"campaigns/{campaign}/{key}.yaml"


def issue_name(text: str) -> tuple[str, str]:
    """`monthly/2026-12` -> campaign and key."""
    campaign, slash, key = text.partition("/")
    if not (campaign and slash and key) or "/" in key:
        raise UsageError(say("%(text)r names no issue: write campaign/key, for example monthly/2026-12.", text=text))
    draft_path(campaign, key)  # refuses what is no key
    return campaign, key


class NothingToSend(NewsletterError):
    """The issue has no content in any language."""
