"""Who gets an issue, in which language, and who is left out and why: one statement over all contacts.

The audience are the contacts who are entitled (subscribed; for a statutory publication: contacts of members) and meet
the rule. Each row of `recipients` is one of them; what holds it back stands in `skip`, in words for people. The first
that applies is told: no address, suppressed, refused by its server when this issue was sent before, no edition in its
language, covered by another contact's copy.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    CTE,
    ColumnElement,
    Select,
    Subquery,
    Text,
    and_,
    case,
    cast,
    exists,
    func,
    literal,
    null,
    or_,
    select,
    true,
)

from newsletter.audience.json_sql import ELEMENT, first_matching
from newsletter.audience.sql import negated, to_sql
from newsletter.i18n import match
from newsletter.model.campaign import Copies
from newsletter.model.contact import SubscriptionState
from newsletter.model.delivery import DeliveryState, Fate
from newsletter.model.fields import Fields
from newsletter.model.institution import MEMBERS
from newsletter.model.rule import EVERYBODY, Node
from newsletter.model.suppression import REASON_IN_WORDS, covering
from newsletter.store.tables import contact, delivery, institution, subscription, suppression

NO_ADDRESS, SUPPRESSED, NO_EDITION, COVERED = "no-address", "suppressed", "no-edition", "covered"
REFUSED = "refused by the server"


@dataclass(frozen=True, slots=True)
class AudienceRule:
    """Whom a campaign is for.

    `languages` are those of the edition. `default_language` is for contacts that want none of them; without one
    they are left out with the reason. `roles` is the order of preference where several share one copy. `again` is the
    issue of a later run: whom its earlier ones could not reach holds no copy that another contact could have.
    """

    publication: str
    languages: tuple[str, ...]
    statutory: bool = False
    include: Node = EVERYBODY
    exclude: Node | None = None
    copies: Copies = Copies.ADDRESS
    roles: tuple[str, ...] = ()
    default_language: str | None = None
    again: int | None = None


def recipients(rule: AudienceRule, fields: Fields) -> Select[Any]:
    """The audience in ranked order: position (from 1), contact_id, language, skip."""
    found = ranked(rule, fields)
    position = func.row_number().over(order_by=found.c.contact_id)
    return select(
        position.label("position"), found.c.contact_id, found.c.language, _skip(found).label("skip")
    ).order_by(position)


def _skip(found: Subquery | CTE) -> ColumnElement[Any]:
    return case(
        (found.c.why == NO_ADDRESS, literal("no address")),
        (found.c.why == SUPPRESSED, in_words(found.c.reason)),
        (found.c.why == REFUSED, literal(REFUSED)),
        (found.c.why == NO_EDITION, literal("no edition in ") + func.coalesce(found.c.wanted, "a language it reads")),
        (found.c.why == COVERED, literal("covered by ") + found.c.cover),
        else_=null(),
    )


def in_words(reason: ColumnElement[Any]) -> ColumnElement[Any]:
    """The reason of a suppression, for people."""
    words = {str(known): words for known, words in REASON_IN_WORDS.items()}
    return case(words, value=reason, else_=literal("on the do-not-mail list"))


def entitled(publication: str, *, statutory: bool) -> ColumnElement[bool]:
    """Whether a row of `contact` may get a publication at all: an active contact, subscribed or of a member."""
    alive = and_(contact.c.active.is_(true()), contact.c.erased_at.is_(None))
    if statutory:
        members = select(institution.c.id).where(institution.c.status.in_(MEMBERS)).correlate(None)
        return and_(alive, contact.c.institution_id.in_(members))
    subscribed = exists().where(
        subscription.c.contact_id == contact.c.id,
        subscription.c.publication == publication,
        subscription.c.state == SubscriptionState.ACTIVE,
    )
    return and_(alive, subscribed)


def meets(rule: AudienceRule, fields: Fields) -> ColumnElement[bool]:
    """Whether a row of `contact` is in the audience."""
    parts = [entitled(rule.publication, statutory=rule.statutory), to_sql(rule.include, fields)]
    if rule.exclude is not None:
        parts.append(negated(to_sql(rule.exclude, fields)))
    return and_(*parts)


def ranked(rule: AudienceRule, fields: Fields) -> Subquery:
    """The audience with all that decides: contact_id, institution_id, language, wanted, why, reason, cover."""
    found = _reached(rule, fields)
    if rule.copies is Copies.INSTITUTION:
        found = _one_copy(found, func.coalesce(found.c.institution_id, -found.c.contact_id))
    return _one_copy(found, found.c.address_key)


def _one_copy(found: Subquery, shared: ColumnElement[Any]) -> Subquery:
    """Of those who share something and are not held back, all but the first are covered by the first."""
    free = found.c.why.is_(None)
    window: dict[str, Any] = {
        "partition_by": case((free, cast(shared, Text)), else_=null()),
        "order_by": (found.c.rank, found.c.contact_id),
    }
    place = func.row_number().over(**window)
    first = func.first_value(found.c.label).over(**window)
    kept = [c for c in found.c if c.name not in ("why", "cover")]
    placed = select(*kept, found.c.why, found.c.cover, place.label("place"), first.label("first")).subquery()
    covered = and_(placed.c.why.is_(None), placed.c.place > 1)
    return select(
        *(placed.c[c.name] for c in kept),
        case((covered, literal(COVERED)), else_=placed.c.why).label("why"),
        case((covered, placed.c.first), else_=placed.c.cover).label("cover"),
    ).subquery()


def _reached(rule: AudienceRule, fields: Fields) -> Subquery:
    reads = _institution_languages(rule)
    language = func.coalesce(_offered(contact.c.language, rule.languages), reads.c.language, _default(rule))
    reason = _suppression(rule)
    why = case(
        (contact.c.address_key.is_(None), literal(NO_ADDRESS)),
        (reason.is_not(None), literal(SUPPRESSED)),
        *([(_refused(rule.again), literal(REFUSED))] if rule.again is not None else []),
        (language.is_(None), literal(NO_EDITION)),
        else_=null(),
    )
    return (
        select(
            contact.c.id.label("contact_id"),
            contact.c.institution_id,
            contact.c.address_key,
            func.coalesce(func.nullif(contact.c.role, ""), contact.c.code).label("label"),
            _rank(rule).label("rank"),
            language.label("language"),
            func.coalesce(contact.c.language, reads.c.first).label("wanted"),
            reason.label("reason"),
            why.label("why"),
            cast(null(), Text).label("cover"),
        )
        .select_from(contact.outerjoin(reads, reads.c.id == contact.c.institution_id))
        .where(meets(rule, fields))
        .subquery()
    )


def _institution_languages(rule: AudienceRule) -> CTE:
    """The language of the edition that each institution reads, and the one that it would like best."""
    return (
        select(
            institution.c.id,
            first_matching(institution.c.languages, _offered(ELEMENT, rule.languages)).label("language"),
            first_matching(institution.c.languages, ELEMENT).label("first"),
        )
        .cte("institution_language")
        .prefix_with("MATERIALIZED")
    )


def _offered(wish: ColumnElement[Any], languages: tuple[str, ...]) -> ColumnElement[Any]:
    """The edition's language for a wish, by truncation (es-MX falls to es); null where there is none."""
    longest_first = sorted(languages, key=len, reverse=True)
    whens = [(or_(wish == tag, func.substr(wish, 1, len(tag) + 1) == f"{tag}-"), literal(tag)) for tag in longest_first]
    return case(*whens, else_=null()) if whens else cast(null(), Text)


def _default(rule: AudienceRule) -> ColumnElement[Any]:
    tag = match([rule.default_language], rule.languages) if rule.default_language else None
    return literal(tag) if tag else cast(null(), Text)


def _suppression(rule: AudienceRule) -> ColumnElement[Any]:
    """The reason of the widest suppression that covers the publication."""
    scopes = covering(rule.publication, statutory=rule.statutory)
    return (
        select(suppression.c.reason)
        .where(suppression.c.address_key == contact.c.address_key, suppression.c.scope.in_(scopes))
        .order_by(case({scope: place for place, scope in enumerate(scopes)}, value=suppression.c.scope))
        .limit(1)
        .correlate(contact)
        .scalar_subquery()
    )


def not_reached(row: Any) -> ColumnElement[bool]:
    """Whether a delivery did not arrive, for sure."""
    bounced = func.coalesce(row.c.fate, "") == Fate.BOUNCED.value
    return or_(row.c.state == DeliveryState.REJECTED.value, bounced)


def _refused(issue_id: int) -> ColumnElement[bool]:
    """Whether an earlier run of the issue could not reach this contact, or another at the same address."""
    earlier = (delivery.c.serves == issue_id, not_reached(delivery))
    same = (delivery.c.contact_id == contact.c.id, delivery.c.address_key == contact.c.address_key)
    return or_(*(exists().where(*earlier, each).correlate(contact) for each in same))


def _rank(rule: AudienceRule) -> ColumnElement[Any]:
    if not rule.roles:
        return literal(0)
    return case({role: place for place, role in enumerate(rule.roles)}, value=contact.c.role, else_=len(rule.roles))
