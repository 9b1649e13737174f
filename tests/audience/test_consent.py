"""Unsubscribing, suppressing and erasing."""

from __future__ import annotations

import pytest
from sqlalchemy import insert, select

from newsletter.audience import consent, erasure, suppressions
from newsletter.audience.consent import Act, new_source
from newsletter.audience.select import AudienceRule, recipients
from newsletter.audience.suppressions import NotSuppressed
from newsletter.model.contact import SourceKind
from newsletter.model.suppression import Reason
from newsletter.store.engine import writing
from newsletter.store.tables import audit, contact, delivery, edition, issue, run, subscription, suppression
from newsletter.store.tables import consent as consents
from tests.audience.world import FIELDS, KEYS, World


@pytest.fixture
def laid(here: World) -> World:
    here.institutions("Code;Name\nA;Alpha\n")
    here.contacts("Institution,Email,First,Publications\nA,ann@a.example,Ann,monthly;events\nA,bob@a.example,Bob,\n")
    return here


def act(world: World, connection: object) -> Act:
    page = new_source(connection, SourceKind.RECIPIENT, "page", world.clock.now())  # type: ignore[arg-type]
    return Act(page, world.clock.now())


def audience(world: World, rule: AudienceRule) -> set[int]:
    return {row.contact_id for row in world.rows(recipients(rule, FIELDS)) if row.skip is None}


MONTHLY = AudienceRule("monthly", ("en",), default_language="en")
NOTICES = AudienceRule("notices", ("en",), statutory=True, default_language="en")


def test_unsubscribing_is_repeatable_proved_and_never_touches_statutory_notices(laid: World) -> None:
    ann = laid.ids()["ann@a.example"]
    with writing(laid.engine) as connection:
        assert consent.unsubscribe(connection, ann, "monthly", act(laid, connection))
        assert not consent.unsubscribe(connection, ann, "monthly", act(laid, connection))
    assert ann not in audience(laid, MONTHLY)
    assert ann in audience(laid, NOTICES)
    proofs = laid.rows(select(consents.c.action).where(consents.c.publication == "monthly").order_by(consents.c.id))
    assert [row.action for row in proofs] == ["given", "withdrawn"]


def test_unsubscribe_from_all_ends_every_subscription_and_suppresses_nothing(laid: World) -> None:
    ann = laid.ids()["ann@a.example"]
    with writing(laid.engine) as connection:
        assert consent.unsubscribe_all(connection, ann, act(laid, connection)) == ["events", "monthly"]
        assert consent.unsubscribe_all(connection, ann, act(laid, connection)) == []
        assert consent.left_all(connection, ann)
    assert laid.rows(select(suppression)) == []
    assert ann in audience(laid, NOTICES)
    with writing(laid.engine) as connection:
        assert consent.subscribe(connection, ann, "monthly", act(laid, connection))  # the recipient may come back
    assert ann in audience(laid, MONTHLY)


def test_a_refusal_before_any_subscription_is_kept(laid: World) -> None:
    bob = laid.ids()["bob@a.example"]
    with writing(laid.engine) as connection:
        consent.unsubscribe(connection, bob, "events", act(laid, connection))
    again = "Institution,Email,Publications\nA,bob@a.example,events;monthly\n"
    assert laid.contacts(again).subscribed == 1
    states = laid.rows(select(subscription.c.publication, subscription.c.state).where(subscription.c.contact_id == bob))
    assert sorted(tuple(row) for row in states) == [("events", "ended"), ("monthly", "active")]


def test_lifting_takes_a_named_person_and_a_reason(laid: World) -> None:
    key = suppressions.key_of("ann@a.example", KEYS)
    now = laid.clock.now()
    with writing(laid.engine) as connection:
        assert suppressions.add(connection, key, "address", Reason.BOUNCED, now)
        assert not suppressions.add(connection, key, "address", Reason.MANUAL, now)
        assert [each.reason for each in suppressions.of(connection, key)] == ["bounced"]
        with pytest.raises(ValueError, match="reason"):
            suppressions.lift(connection, key, "address", 1, " ", now)
        with pytest.raises(NotSuppressed, match="it is in address"):
            suppressions.lift(connection, key, "news", 1, "a mistake", now)
        suppressions.lift(connection, key, "address", 1, "the mailbox is back", now)
        assert suppressions.of(connection, key) == []
    (entry,) = laid.rows(select(audit).where(audit.c.action == "lift suppression"))
    assert (entry.person_id, entry.data["reason"], entry.data["why"]) == (1, "bounced", "the mailbox is back")
    assert "ann" not in entry.subject


def erase(world: World, contact_id: int) -> None:
    with writing(world.engine) as connection:
        erasure.erase(connection, contact_id, 1, world.clock.now())


def test_erasure_keeps_key_and_refusals_and_no_import_revives_it(laid: World) -> None:
    ann = laid.ids()["ann@a.example"]
    laid.contacts("Institution,Email,First\nA,ann@a.example,Anne\n")  # leaves an old value in the audit log
    with writing(laid.engine) as connection:
        consent.unsubscribe(connection, ann, "monthly", act(laid, connection))
    erase(laid, ann)
    row = laid.rows(select(contact).where(contact.c.id == ann))[0]
    assert (row.address, row.first_name, row.fields, row.active) == (None, None, {}, False)
    assert row.address_key == suppressions.key_of("ann@a.example", KEYS)
    assert [(each.scope, each.reason) for each in laid.rows(select(suppression))] == [("publication:monthly", "erased")]
    states = laid.rows(select(subscription.c.state).where(subscription.c.contact_id == ann))
    assert {each.state for each in states} == {"ended"}
    assert ann not in audience(laid, NOTICES)
    for entry in laid.rows(select(audit.c.data).where(audit.c.subject == f"contact:{ann}")):
        assert entry.data == {}

    report = laid.contacts("Institution,Email,First,Publications\nA,ann@a.example,Ann,monthly\n")
    assert (report.added, report.updated, report.refused) == (0, 0, 1)
    assert "erased" in report.refusals[0][1]
    by_code = laid.contacts("Code,Email\nnew-code,ann@a.example\n", key="code")
    assert "erased" in by_code.refusals[0][1]
    with pytest.raises(erasure.NoSuchContact):
        erase(laid, ann)


def test_erasing_who_left_everything_suppresses_all_news(laid: World) -> None:
    ann = laid.ids()["ann@a.example"]
    with writing(laid.engine) as connection:
        consent.unsubscribe_all(connection, ann, act(laid, connection))
    erase(laid, ann)
    scopes = {each.scope for each in laid.rows(select(suppression))}
    assert scopes == {"news", "publication:monthly", "publication:events"}


def test_erasure_clears_deliveries_and_keeps_their_sum(laid: World) -> None:
    ann, bob = laid.ids()["ann@a.example"], laid.ids()["bob@a.example"]
    with writing(laid.engine) as connection:
        _deliveries(connection, laid, {ann: "pending", bob: "accepted"})
    erase(laid, ann)
    erase(laid, bob)
    rows = laid.rows(select(delivery).order_by(delivery.c.id))
    assert [(row.state, row.address, row.field_values) for row in rows] == [
        ("skipped", None, None),
        ("accepted", None, None),
    ]
    assert all(row.address_key for row in rows)


def _deliveries(connection: object, world: World, states: dict[int, str]) -> None:
    now = world.clock.now()
    add = connection.execute  # type: ignore[attr-defined]
    add(insert(issue).values(id=1, campaign="m", key="k", state="approved", created_at=now, updated_at=now))
    add(
        insert(edition).values(
            id=1,
            issue_id=1,
            number=1,
            hash="h",
            language_hashes={},
            definition={},
            languages={},
            frozen_by=1,
            frozen_at=now,
        )
    )
    add(
        insert(run).values(
            id=1,
            issue_id=1,
            edition_id=1,
            number=1,
            rehearsal=False,
            state="sending",
            publication="m",
            statutory=False,
            transport="outbox",
            token_key=1,
            due_at=now,
            launched_by=1,
            launched_at=now,
        )
    )
    for contact_id, state in states.items():
        add(
            insert(delivery).values(
                run_id=1,
                issue_id=1,
                serves=1,
                contact_id=contact_id,
                state=state,
                address=f"{contact_id}@a.example",
                address_key=str(contact_id),
                field_values=["Ann"],
                due_at=now,
                not_before=now,
                changed_at=now,
            )
        )
