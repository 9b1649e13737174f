"""A campaign definition: what campaigns/<name>/campaign.yaml may say. The JSON Schema for editors comes from here."""

from __future__ import annotations

import math
from datetime import timedelta
from enum import StrEnum
from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from newsletter.i18n import normalise, pick


def _tag(value: object) -> object:
    return normalise(value) if isinstance(value, str) else value


LanguageTag = Annotated[str, BeforeValidator(_tag)]
ByLanguage = dict[LanguageTag, str]


class Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Missing(StrEnum):
    """What happens to an article that lacks the edition's language."""

    LEAVE_OUT = "leave-out"
    SHOW_OTHER = "show-other"


class Copies(StrEnum):
    ADDRESS = "address"
    INSTITUTION = "institution"


class Sender(Strict):
    name: str
    address: str


class SourceSpec(Strict):
    """Where a section's articles come from."""

    kind: Literal["markdown", "text", "html", "feed"] | None = Field(
        default=None, description="The source plug-in; for files it follows from the ending"
    )
    path: str | None = Field(default=None, description="Files in the workspace, for example articles/**/*.md")
    url: str | None = Field(default=None, description="The address of a feed")
    language: LanguageTag | None = Field(default=None, description="For a source in one language")
    topics: list[str] = Field(default_factory=list, description="Topics that every article of this source gets")


class Section(Strict):
    id: str = Field(description="Drafts refer to it, so it does not change")
    title: ByLanguage = Field(default_factory=dict, description="The heading that readers see")
    sources: list[SourceSpec] = Field(default_factory=list, description="Where its articles lie")
    topics: list[str] = Field(default_factory=list, description="Only articles with one of these topics")
    kinds: list[str] = Field(default_factory=list, description="Only articles of these kinds (article, event, ...)")
    since_days: int | None = Field(default=None, ge=1, description="Only articles from so many days before the issue")
    order: Literal["newest", "oldest", "title", "event"] = "newest"
    limit: int | None = Field(default=None, ge=1, description="At most so many are used")
    layout: str | None = Field(default=None, description="A hint for the template: lead, cards, list, events, ...")


class Audience(Strict):
    include: str = Field(default="true", description='A rule, for example institution.region == "Africa"')
    exclude: str | None = Field(default=None, description="A rule for whom to leave out all the same")


class Recurrence(Strict):
    """When issues fall due: an RFC 5545 rule on wall time, or one date."""

    rule: str | None = Field(default=None, description="RFC 5545, for example FREQ=MONTHLY;BYDAY=1TU")
    at: str = Field(default="09:00", description="Local time, or date and time where there is no rule")
    zone: str | None = Field(default=None, description="IANA time zone; else the workspace's")
    start: str | None = Field(default=None, description="First date on which the rule may fire")
    grace: timedelta = Field(
        default=timedelta(hours=6), description="Older firings are missed, never sent by themselves"
    )
    action: Literal["gather", "launch"] = Field(
        default="gather",
        description="gather: the draft is filled; launch: an approved issue of that key is sent",
    )


class Utm(Strict):
    source: str | None = None
    medium: str | None = "email"
    campaign: str | None = None
    content: str | None = None


class Attachment(Strict):
    path: str = Field(description="A file in the workspace")
    name: ByLanguage = Field(default_factory=dict, description="The file name that recipients see")
    languages: list[LanguageTag] = Field(default_factory=list, description="Only in these; empty: in all")


class Canary(Strict):
    """A first share leaves; the rest waits for word of it, and leaves by itself or not at all."""

    share: float = Field(default=0.05, gt=0, le=0.5, description="Of the recipients, that leaves first")
    least: int = Field(default=20, ge=1, description="At least so many")
    wait: timedelta = Field(default=timedelta(minutes=15), description="For refusals and events, after the first share")
    stop_at: float = Field(default=0.1, gt=0, le=1, description="Refused or bounced of it: then the send pauses")

    def first(self, recipients: int) -> int:
        return max(self.least, math.ceil(self.share * recipients))


class Campaign(Strict):
    title: str = Field(description="The internal name")
    publication: str = Field(description="A name in subscribers/publications.yaml")
    template: str = Field(description="A name in templates/, without ending")
    languages: list[LanguageTag] = Field(default_factory=list, description="Else the workspace's languages")
    subject: ByLanguage = Field(description="May hold merge fields")
    preview: ByLanguage = Field(default_factory=dict, description="What inboxes show beside the subject")
    sender: dict[LanguageTag, Sender] | Sender
    reply_to: str | None = Field(default=None, description="Where answers go; else to the sender")
    sections: list[Section] = Field(description="In reading order")
    missing_language: Missing = Field(
        default=Missing.LEAVE_OUT, description="An article that lacks the language: without it, or in another, labelled"
    )
    audience: Audience = Audience()
    copies: Copies = Field(default=Copies.ADDRESS, description="One copy an address, or one an institution")
    roles: list[str] = Field(default_factory=list, description="Order of preference among an institution's contacts")
    recurrence: Recurrence | None = None
    local_time: bool = Field(
        default=False, description="Everybody gets it at the planned hour of their own time zone, in waves"
    )
    canary: Canary | None = Field(default=None, description="Try a first share before everybody else")
    transports: list[str] = Field(default_factory=list, description="In order of failover; else the workspace's")
    utm: Utm | None = None
    link_addresses: bool = Field(default=True, description="Lead article links through {public_url}/l/...")
    attachments: list[Attachment] = Field(default_factory=list, description="Files that every message carries")
    public: dict[str, dict[str, object]] = Field(
        default_factory=dict, description="Values of contact and institution that the web version assumes"
    )
    give_up_after: timedelta | None = Field(default=None, description="Of deliveries put off; else the workspace's")
    sign_off: list[LanguageTag] = Field(default_factory=list, description="Languages that need an approval each")

    def sender_for(self, language: str) -> Sender:
        if isinstance(self.sender, Sender):
            return self.sender
        return pick(self.sender, language, "en") or next(iter(self.sender.values()))
