"""An institution: a member organisation, as rules and templates know it."""

from __future__ import annotations

from enum import StrEnum


class Status(StrEnum):
    MEMBER = "member"
    ASSOCIATE = "associate"
    SUSPENDED = "suspended"
    LEFT = "left"


# Whose contacts get statutory notices: everybody who has not left. A suspended member is still convoked; a campaign
# narrows this by its rule, for example institution.status == "member".
MEMBERS = (Status.MEMBER, Status.ASSOCIATE, Status.SUSPENDED)
