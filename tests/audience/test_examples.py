from __future__ import annotations

import io

import pytest
from sqlalchemy import select, update

from newsletter.audience.examples import by_address, by_ids, public, witnesses, worst_case
from newsletter.audience.exporting import export_contacts
from newsletter.audience.sql import values_array
from newsletter.model.fields import UnknownField
from newsletter.model.segment import parse
from newsletter.store.engine import reading, writing
from newsletter.store.tables import contact, institution
from tests.audience.world import CONTACT, FIELDS, KEYS, World

LONG = "Institution de prévoyance " * 3


@pytest.fixture
def laid(here: World) -> World:
    here.institutions(f"Code;Name;Name (fr);Languages;Topics\nA;Alpha;Alphé;fr,en;pensions\nB;{LONG};;;\n")
    here.contacts(
        "Institution,Email,First,Language,VIP\n"
        "A,ann@a.example,Ann,,yes\nA,info@a.example,=cmd(),en,\nB,info@a.example,,,no\n,lone@c.example,Lone,,\n"
    )
    return here


def test_real_contacts_as_templates_see_them(laid: World) -> None:
    ids = laid.ids()
    with reading(laid.engine) as connection:
        (ann,) = by_address(connection, "ANN@a.example", KEYS, FIELDS)
        (lone,) = by_ids(connection, [ids["lone@c.example"]], FIELDS)
        shared = by_address(connection, "info@a.example", KEYS, FIELDS, "de")
    assert (ann.language, ann.value("institution.name"), ann.value("contact.vip")) == ("fr", "Alphé", True)
    assert (ann.value("contact.last_name"), ann.value("institution.topics")) == (None, ["pensions"])
    assert lone.value("institution.name") is None
    assert lone.value("institution.languages") == []
    assert [each.value("institution.name") for each in shared] == ["Alpha", LONG.strip()]


def test_values_in_sql_are_those_of_the_example(laid: World) -> None:
    """A delivery's values and a plain rendering start from the same."""
    paths = [field.path for field in FIELDS]
    joined = contact.outerjoin(institution, institution.c.id == contact.c.institution_id)
    for language in ("fr", "en", "es-MX"):
        with reading(laid.engine) as connection:
            rows = connection.execute(select(contact.c.id, values_array(paths, language, FIELDS)).select_from(joined))
            found = {id_: values for id_, values in rows}  # noqa: C416
            for each in by_ids(connection, found, FIELDS, language):
                assert found[each.contact_id] == [each.value(path) for path in paths]


def test_witnesses_are_spread_over_institutions(laid: World) -> None:
    with reading(laid.engine) as connection:
        found = witnesses(connection, select(contact.c.id), FIELDS, "en", 3)
        assert [each.value("institution.code") for each in found] == ["A", "B", None]


def test_the_worst_case_is_the_longest_name_and_nothing_else(laid: World) -> None:
    with reading(laid.engine) as connection:
        worst = worst_case(connection, FIELDS, "fr")
    assert worst.value("institution.name") == LONG.strip()
    assert worst.value("contact.first_name") is None
    assert worst.address == ""


def test_the_public_profile_knows_its_fields() -> None:
    reader = public({"institution": {"region": "Africa"}}, FIELDS, "fr")
    assert (reader.value("institution.region"), reader.value("contact.role")) == ("Africa", None)
    with pytest.raises(UnknownField, match=r"institution\.region"):
        public({"institution": {"regoin": "Africa"}}, FIELDS, "fr")


def test_an_export_is_safe_in_a_spreadsheet_and_comes_back_unchanged(laid: World) -> None:
    with writing(laid.engine) as connection:
        connection.execute(update(contact).where(contact.c.first_name == "Ann").values(last_name="＠SUM"))
    stream = io.StringIO()
    with reading(laid.engine) as connection:
        count = export_contacts(connection, stream, FIELDS, parse("institution.code", FIELDS))
    assert count == 3
    text = stream.getvalue()
    assert "'=cmd()" in text
    assert "'＠SUM" in text
    names = text.splitlines()[0].split(",")
    mapping = {**CONTACT, "columns": {name: name for name in names}, "key": "code"}
    again = laid.bring(mapping, text)
    assert (again.unchanged, again.refused) == (3, 0)
