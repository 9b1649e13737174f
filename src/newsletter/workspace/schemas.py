"""JSON Schemas of the definition files, for editors: `# yaml-language-server: $schema=...` refers to them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter

from newsletter.model.campaign import Campaign
from newsletter.model.draft import Draft
from newsletter.model.mapping import ImportMapping
from newsletter.model.publication import Publication, SegmentSpec
from newsletter.settings import Settings, state_folder
from newsletter.workspace.definitions import FieldsFile

SCHEMAS: dict[str, Any] = {
    "campaign": Campaign,
    "draft": Draft,
    "mapping": ImportMapping,
    "fields": FieldsFile,
    "publications": dict[str, Publication],
    "segments": dict[str, SegmentSpec],
    "settings": Settings,
}


def schema_of(name: str) -> dict[str, Any]:
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": name,
        **TypeAdapter(SCHEMAS[name]).json_schema(),
    }


def write_schemas(root: Path) -> list[Path]:
    folder = state_folder(root) / "schema"
    folder.mkdir(exist_ok=True)
    written = []
    for name in SCHEMAS:
        path = folder / f"{name}.json"
        path.write_text(json.dumps(schema_of(name), indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
        written.append(path)
    return written
