"""The small definition files: own fields, and what names each other across files."""

from __future__ import annotations

from collections.abc import Mapping

from pydantic import BaseModel, ConfigDict
from pydantic import Field as ModelField

from newsletter.errors import Problem, ProblemsFound, nearest
from newsletter.i18n import say
from newsletter.model.campaign import ByLanguage, Campaign
from newsletter.model.fields import Field, Fields, FieldType
from newsletter.model.publication import Publication
from newsletter.workspace.loading import place


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class OwnField(_Strict):
    """A field that the association adds to contacts or institutions."""

    type: FieldType = FieldType.TEXT
    label: ByLanguage = ModelField(default_factory=dict)
    indexed: bool = ModelField(default=False, description="Adds an index, for fields that segments ask often")


class FieldsFile(_Strict):
    """subscribers/fields.yaml"""

    institution: dict[str, OwnField] = ModelField(default_factory=dict)
    contact: dict[str, OwnField] = ModelField(default_factory=dict)


def fields_of(file: FieldsFile) -> Fields:
    own = [
        Field(owner, name, spec.type, own=True, indexed=spec.indexed, label=spec.label)
        for owner, specs in (("institution", file.institution), ("contact", file.contact))
        for name, spec in specs.items()
    ]
    return Fields(tuple(own))


def check_publication(campaign: Campaign, publications: Mapping[str, Publication], text: str, path: str) -> None:
    """The publication that a campaign names must be defined."""
    if campaign.publication not in publications:
        hint = nearest(campaign.publication, publications)
        message = say(
            "publication %(publication)r is not in subscribers/publications.yaml: %(hint)s",
            publication=campaign.publication,
            hint=hint,
        )
        raise ProblemsFound([Problem(message, path, *(place(text, ["publication"]) or (1, 1)))])
