"""What one subscribes to: subscribers/publications.yaml is a mapping of names to these."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from pydantic import Field, StringConstraints

from newsletter.model.campaign import ByLanguage, Strict


class PublicationKind(StrEnum):
    NEWS = "news"  # by subscription; can be unsubscribed from
    STATUTORY = "statutory"  # to all contacts of members, without subscription


class Publication(Strict):
    name: ByLanguage
    kind: PublicationKind = PublicationKind.NEWS
    description: ByLanguage = Field(default_factory=dict)

    @property
    def statutory(self) -> bool:
        return self.kind is PublicationKind.STATUTORY


PublicationName = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9-]{0,62}$")]
Publications = dict[PublicationName, Publication]


class SegmentSpec(Strict):
    label: ByLanguage = Field(default_factory=dict)
    rule: str = Field(description='For example institution.region == "Africa" and "pensions" in institution.topics')


# A segment is named in other rules as segment.africa, so its name is an identifier.
SegmentName = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,62}$")]
Segments = dict[SegmentName, SegmentSpec]
