"""The schema. Tables are singular and named with the words of docs/architecture.md; times end in `_at`.

Definitions live in the workspace as documents; everything here is a fact: what was imported, frozen, approved, sent,
learnt. Columns of own fields and of the sources of values are one JSON column each.
"""

from __future__ import annotations

from newsletter.store.tables.audience import (
    consent,
    contact,
    institution,
    source,
    subscription,
    suppression,
)
from newsletter.store.tables.base import meta, metadata
from newsletter.store.tables.issues import (
    acceptance,
    approval,
    asset,
    document,
    document_content,
    document_remnant,
    document_version,
    edition,
    edition_asset,
    edition_page,
    edition_variant,
    feed,
    firing,
    issue,
    link,
    link_trial,
    review_comment,
)
from newsletter.store.tables.ledger import (
    attempt,
    delivery,
    event,
    hold,
    pace,
    request,
    run,
    run_audience,
    service_message,
    worker,
)
from newsletter.store.tables.staff import (
    audit,
    person,
    session,
    sign_in_failure,
    sign_in_link,
)

__all__ = [
    "acceptance",
    "approval",
    "asset",
    "attempt",
    "audit",
    "consent",
    "contact",
    "delivery",
    "document",
    "document_content",
    "document_remnant",
    "document_version",
    "edition",
    "edition_asset",
    "edition_page",
    "edition_variant",
    "event",
    "feed",
    "firing",
    "hold",
    "institution",
    "issue",
    "link",
    "link_trial",
    "meta",
    "metadata",
    "pace",
    "person",
    "request",
    "review_comment",
    "run",
    "run_audience",
    "service_message",
    "session",
    "sign_in_failure",
    "sign_in_link",
    "source",
    "subscription",
    "suppression",
    "worker",
]
