"""A recipient as templates see one: two plain mappings, by field name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Recipient:
    """The values of a real contact, of an example, or of the web version's profile.

    Every field of the registry is present; an empty one is None (a list: []).
    """

    contact: Mapping[str, Any]
    institution: Mapping[str, Any]
    address: str = ""
    language: str = ""
    contact_id: int = 0
    label: str = field(default="", compare=False)  # how messages name this witness

    def value(self, path: str) -> Any:
        owner, _, name = path.partition(".")
        return (self.contact if owner == "contact" else self.institution)[name]
