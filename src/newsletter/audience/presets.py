"""Moving in: the do-not-mail exports of other systems, as mappings that need no writing.

Each is named `system/list`. An unsubscription there becomes one of all news here (nobody can know which of our
publications they meant); a dead or complaining address gets nothing at all.
"""

from __future__ import annotations

from newsletter.errors import UsageError, nearest
from newsletter.i18n import say
from newsletter.model.mapping import ImportMapping
from newsletter.model.suppression import ADDRESS, NEWS, Reason


def _preset(reason: Reason, columns: dict[str, str], reasons: dict[str, Reason] | None = None) -> ImportMapping:
    """All columns but the address may be missing: the exports differ with their age and with what was ticked."""
    scope = NEWS if reason is Reason.UNSUBSCRIBED else ADDRESS
    specs = {name: {"field": field, "optional": field != "address"} for name, field in columns.items()}
    return ImportMapping.model_validate(
        {
            "into": "suppression",
            "columns": specs,
            "suppression": {"reason": reason, "scope": scope, "reasons": reasons or {}},
        }
    )


# What the exports say of the reason, by its first words.
_MAILCHIMP = {"spam": Reason.COMPLAINED, "abuse": Reason.COMPLAINED}
_BREVO = {
    "hard": Reason.BOUNCED,
    "spam": Reason.COMPLAINED,
    "complain": Reason.COMPLAINED,
    "contactFlaggedAsSpam": Reason.COMPLAINED,
    "invalid": Reason.INVALID,
    "unsub": Reason.UNSUBSCRIBED,
    "admin": Reason.MANUAL,
}

PRESETS: dict[str, ImportMapping] = {
    # An audience export is an archive of subscribed_, unsubscribed_ and cleaned_ CSV files.
    "mailchimp/unsubscribed": _preset(
        Reason.UNSUBSCRIBED, {"Email Address": "address", "UNSUB_TIME": "at", "UNSUB_REASON": "reason"}, _MAILCHIMP
    ),
    "mailchimp/cleaned": _preset(Reason.BOUNCED, {"Email Address": "address", "CLEAN_TIME": "at"}),
    "mailchimp/complained": _preset(Reason.COMPLAINED, {"Email Address": "address"}),
    # A contact export, filtered to blocklisted ones by reason; the field for the address is named EMAIL.
    "brevo/unsubscribed": _preset(Reason.UNSUBSCRIBED, {"EMAIL": "address"}),
    "brevo/bounced": _preset(Reason.BOUNCED, {"EMAIL": "address"}),
    "brevo/complained": _preset(Reason.COMPLAINED, {"EMAIL": "address"}),
    # The transactional blocklist, one row an address with the reason.
    "brevo/blocked": _preset(
        Reason.MANUAL,
        {"email": "address", "blockedAt": "at", "blocked at": "at", "date": "at", "reason": "reason"},
        _BREVO,
    ),
    # The lists of suppressions, as CSV or as rows of the API: created is in seconds since 1970.
    "sendgrid/unsubscribes": _preset(Reason.UNSUBSCRIBED, {"email": "address", "created": "at"}),
    "sendgrid/bounces": _preset(Reason.BOUNCED, {"email": "address", "created": "at"}),
    "sendgrid/spam_reports": _preset(Reason.COMPLAINED, {"email": "address", "created": "at"}),
    "sendgrid/invalid_emails": _preset(Reason.INVALID, {"email": "address", "created": "at"}),
}


def preset(name: str) -> ImportMapping:
    """The mapping of a system's export; UsageError with the nearest name where there is none."""
    try:
        return PRESETS[name]
    except KeyError:
        raise UsageError(
            say("There is no preset %(name)r: %(hint)s.", name=name, hint=nearest(name, PRESETS))
        ) from None
