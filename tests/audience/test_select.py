from __future__ import annotations

import itertools
from dataclasses import replace

import pytest
from sqlalchemy import select, update

from newsletter.audience import suppressions
from newsletter.audience.count import count_segment, explain
from newsletter.audience.select import AudienceRule, recipients
from newsletter.audience.sql import values_array
from newsletter.model.campaign import Copies
from newsletter.model.segment import parse
from newsletter.model.suppression import Reason
from newsletter.store.engine import reading, writing
from newsletter.store.tables import contact, institution
from tests.audience.world import FIELDS, KEYS, World

INSTITUTIONS = """Code;Name;Name (fr);Region;Status;Languages;Topics;Population
AF;African Fund;Caisse africaine;Africa;member;fr,en;pensions;5
AS;Asian Fund;;Asia;associate;ar;health;7
EU;European Fund;;Europe;left;en;pensions;
"""
CONTACTS = """Institution,Email,First,Role,Language,Publications
AF,liaison@af.example,Ann,liaison,,monthly
AF,deputy@af.example,Bob,deputy,es-MX,monthly
AF,shared@x.example,,general,pt,monthly
AS,shared@x.example,,general,,monthly
AS,press@as.example,Cy,press,xx,monthly
EU,left@eu.example,Di,liaison,,monthly
AF,silent@af.example,Ed,press,,
"""
RULE = AudienceRule("monthly", ("en", "fr", "es"), default_language="en")


@pytest.fixture
def laid(here: World) -> World:
    here.institutions(INSTITUTIONS)
    here.contacts(CONTACTS)
    return here


def found(world: World, rule: AudienceRule) -> dict[str, tuple[str | None, str | None]]:
    """Local part and institution -> language and skip."""
    statement = recipients(rule, FIELDS).subquery()
    rows = world.rows(
        select(contact.c.address, contact.c.code, statement.c.language, statement.c.skip, statement.c.position)
        .join(statement, statement.c.contact_id == contact.c.id)
        .order_by(statement.c.position)
    )
    assert [row.position for row in rows] == list(range(1, len(rows) + 1))
    return {f"{row.address.split('@')[0]} {row.code[:2]}": (row.language, row.skip) for row in rows}


def test_the_language_is_the_contacts_then_the_institutions_then_the_default(laid: World) -> None:
    assert found(laid, RULE) == {
        "liaison AF": ("fr", None),  # the institution's first
        "deputy AF": ("es", None),  # es-MX falls to es
        "shared AF": ("fr", None),  # there is no pt; the institution's fr
        "shared AS": ("en", "covered by general"),  # nothing it reads; the default
        "press AS": ("en", None),
        "left EU": ("en", None),
    }


def test_who_reads_none_of_the_languages_is_left_out_with_the_reason(laid: World) -> None:
    late = found(laid, replace(RULE, languages=("ar",), default_language=None))
    assert late["press AS"] == ("ar", None)
    assert late["liaison AF"] == (None, "no edition in fr")
    assert late["deputy AF"] == (None, "no edition in es-MX")


def test_include_and_exclude(laid: World) -> None:
    rule = replace(
        RULE,
        include=parse('institution.region != "Europe"', FIELDS),
        exclude=parse('contact.role == "press" or "health" in institution.topics', FIELDS),
    )
    assert set(found(laid, rule)) == {"liaison AF", "deputy AF", "shared AF"}


def test_statutory_notices_go_to_all_contacts_of_members(laid: World) -> None:
    notices = AudienceRule("notices", ("en",), statutory=True, default_language="en")
    assert set(found(laid, notices)) == {
        "liaison AF",
        "deputy AF",
        "shared AF",
        "shared AS",
        "press AS",
        "silent AF",
    }


def test_one_copy_per_institution_by_role_then_lowest_id(laid: World) -> None:
    rule = replace(RULE, copies=Copies.INSTITUTION, roles=("deputy", "liaison"))
    assert {who: skip for who, (_, skip) in found(laid, rule).items()} == {
        "liaison AF": "covered by deputy",
        "deputy AF": None,
        "shared AF": "covered by deputy",
        "shared AS": None,
        "press AS": "covered by general",
        "left EU": None,
    }


def test_a_suppressed_contact_is_no_cover_for_the_next(laid: World) -> None:
    suppress(laid, "deputy@af.example", "address", Reason.BOUNCED)
    rule = replace(RULE, copies=Copies.INSTITUTION, roles=("deputy", "liaison"))
    result = found(laid, rule)
    assert result["deputy AF"] == ("es", "the address bounced")
    assert result["liaison AF"] == ("fr", None)


def suppress(world: World, address: str, scope: str, reason: Reason) -> None:
    with writing(world.engine) as connection:
        suppressions.add(connection, suppressions.key_of(address, KEYS), scope, reason, world.clock.now())


@pytest.mark.parametrize(
    ("scope", "monthly", "notices"),
    [
        ("publication:monthly", "unsubscribed", None),
        ("publication:events", None, None),
        ("news", "unsubscribed", None),
        ("address", "unsubscribed", "unsubscribed"),
    ],
)
def test_what_a_suppression_covers(laid: World, scope: str, monthly: str | None, notices: str | None) -> None:
    """An unsubscription never swallows a statutory notice."""
    suppress(laid, "LIAISON@AF.example", scope, Reason.UNSUBSCRIBED)
    assert found(laid, RULE)["liaison AF"][1] == monthly
    statutory = AudienceRule("notices", ("en",), statutory=True, default_language="en")
    assert found(laid, statutory)["liaison AF"][1] == notices


def test_no_address_and_inactive(laid: World) -> None:
    with writing(laid.engine) as connection:
        gone = contact.c.address == "press@as.example"
        connection.execute(update(contact).where(gone).values(address_key=None))
        connection.execute(update(contact).where(contact.c.address == "left@eu.example").values(active=False))
    result = found(laid, RULE)
    assert result["press AS"] == ("en", "no address")
    assert "left EU" not in result


RULES = [
    replace(RULE, copies=copies, languages=languages, include=parse(include, FIELDS), statutory=statutory)
    for copies, languages, include, statutory in itertools.product(
        Copies, [("en", "fr"), ("ar",)], ["true", 'institution.region != "Asia" and contact.role != "press"'], [0, 1]
    )
]


def test_the_count_explains_what_select_finds(laid: World) -> None:
    suppress(laid, "liaison@af.example", "news", Reason.COMPLAINED)
    for rule in RULES:
        rule = replace(rule, exclude=parse('contact.role == "deputy"', FIELDS), default_language=None)
        rows = found(laid, rule)
        skips = [skip for _, skip in rows.values() if skip]
        with reading(laid.engine) as connection:
            count = explain(connection, rule, FIELDS)
        assert count.matched == len(rows)
        assert count.recipients == len(rows) - len(skips) == sum(count.languages.values())
        assert count.covered == sum(skip.startswith("covered by") for skip in skips)
        assert count.no_edition == sum(skip.startswith("no edition") for skip in skips)
        assert sum(count.suppressed.values()) == skips.count("complained about our mail")
        left = count.no_address + sum(count.suppressed.values()) + count.no_edition + count.covered
        assert count.matched == count.recipients + left
        everybody = replace(rule, include=parse("true", FIELDS), exclude=None)
        assert count.entitled == len(found(laid, everybody))


def test_the_count_names_the_rule_and_the_unreached_institutions(laid: World) -> None:
    suppress(laid, "left@eu.example", "address", Reason.BOUNCED)
    rule = replace(
        RULE, include=parse('institution.region != "Asia"', FIELDS), exclude=parse('contact.role == "deputy"', FIELDS)
    )
    with reading(laid.engine) as connection:
        count = explain(connection, rule, FIELDS)
        assert count_segment(connection, parse("true", FIELDS), FIELDS) == 7
    assert count.left_out == {
        'not: institution.region != "Asia"': 2,
        'excluded: contact.role == "deputy"': 1,
    }
    assert (count.institutions, count.institutions_unreached) == (1, 1)
    assert [each.name for each in count.unreached] == ["European Fund"]
    assert count.suppressed == {"bounced": 1}


def test_field_values_as_a_delivery_keeps_them(laid: World) -> None:
    paths = [
        "contact.first_name",
        "contact.vip",
        "institution.name",
        "institution.topics",
        "institution.population",
        "institution.member_since",
    ]
    with writing(laid.engine) as connection:
        connection.execute(update(contact).where(contact.c.first_name == "Bob").values(fields={"vip": False}))
        connection.execute(update(contact).where(contact.c.first_name == "Cy").values(institution_id=None))
    rows = laid.rows(
        select(values_array(paths, "fr-CA", FIELDS))
        .select_from(contact.outerjoin(institution, institution.c.id == contact.c.institution_id))
        .where(contact.c.role.in_(["deputy", "press"]), contact.c.first_name != "Ed")
        .order_by(contact.c.id)
    )
    assert [row[0] for row in rows] == [
        ["Bob", False, "Caisse africaine", ["pensions"], 5, None],
        ["Cy", None, None, [], None, None],
    ]
