"""In a later run of a statutory notice, who could not be reached holds no copy that another contact could have."""

from __future__ import annotations

from dataclasses import replace

import pytest
from sqlalchemy import Engine, update

from newsletter.audience.count import explain
from newsletter.audience.select import REFUSED, AudienceRule, recipients
from newsletter.model.campaign import Copies
from newsletter.model.fields import Fields
from newsletter.store.engine import reading, writing
from newsletter.store.tables import contact, delivery
from tests.dispatch.world import PUBLICATION, launched, make_world

FIELDS = Fields()
RULE = AudienceRule(PUBLICATION, ("fr",), statutory=True, copies=Copies.INSTITUTION, default_language="fr")


def who(engine: Engine, rule: AudienceRule) -> tuple[list[int], dict[int, str]]:
    """Who gets a copy, and who is left out and why."""
    with reading(engine) as connection:
        rows = connection.execute(recipients(rule, FIELDS)).all()
        counted = explain(connection, rule, FIELDS)
    served = [row.contact_id for row in rows if row.skip is None]
    assert counted.recipients == len(served)
    assert counted.suppressed.get(REFUSED, 0) == sum(row.skip == REFUSED for row in rows)
    return served, {row.contact_id: row.skip for row in rows if row.skip is not None}


@pytest.mark.parametrize("how", [{"state": "rejected"}, {"state": "accepted", "fate": "bounced"}])
def test_the_next_of_the_institution_gets_the_copy(engine: Engine, how: dict[str, str]) -> None:
    world = make_world(engine, contacts=9)
    launched(world)
    again = replace(RULE, again=world.issue)
    assert who(engine, again)[0] == who(engine, RULE)[0] == [1, 2, 3]
    with writing(engine) as connection:
        connection.execute(update(delivery).where(delivery.c.contact_id == 1).values(**how))
    served, left_out = who(engine, again)
    assert served == [2, 3, 4]
    assert left_out[1] == REFUSED
    assert who(engine, RULE)[0] == [1, 2, 3]
    assert who(engine, replace(RULE, again=world.issue + 1))[0] == [1, 2, 3]


def test_another_contact_at_the_refused_address_is_no_way_round(engine: Engine) -> None:
    world = make_world(engine, contacts=9)
    launched(world)
    with writing(engine) as connection:
        connection.execute(update(delivery).where(delivery.c.contact_id == 1).values(state="rejected"))
        connection.execute(update(contact).where(contact.c.id == 4).values(address_key="key-1"))
    served, left_out = who(engine, replace(RULE, again=world.issue))
    assert served == [2, 3, 7]
    assert left_out[4] == REFUSED
