from __future__ import annotations

import csv
from datetime import timedelta

import pytest
from sqlalchemy import func, select, update

from newsletter.audience import consent, suppressions
from newsletter.audience.consent import Act, new_source
from newsletter.errors import ProblemsFound
from newsletter.model.contact import SourceKind
from newsletter.model.suppression import Reason
from newsletter.store.engine import writing
from newsletter.store.tables import audit, contact, institution, source, subscription
from newsletter.store.tables import consent as consents
from tests.audience.world import CONTACT, INSTITUTION, KEYS, World

INSTITUTIONS = """Code;Name;Name (fr);Country;Languages;Topics;Member since;Population
CH-1;National Fund;Caisse nationale;ch;fr, de;pensions, health;2001-02-03;8 700 000
FR-1;Other Fund;;FR;fr;;;
"""
CONTACTS = """Institution,Email,First,Role,Language,VIP,Publications
CH-1,ann@fund.example,Ann,liaison,,yes,monthly;notices
CH-1,info@fund.example,,general,fr_ca,,monthly
FR-1,info@fund.example,,general,,,
"""


def test_a_first_import_keeps_values_and_sources(here: World) -> None:
    report = here.institutions(INSTITUTIONS)
    assert (report.added, report.refused) == (2, 0)
    row = here.rows(select(institution).where(institution.c.code == "CH-1"))[0]
    assert (row.name, row.names, row.country, row.status) == (
        "National Fund",
        {"fr": "Caisse nationale"},
        "CH",
        "member",
    )
    assert (row.languages, row.topics) == (["fr", "de"], ["pensions", "health"])
    assert row.fields == {"member_since": "2001-02-03", "population": 8700000}
    (origin,) = here.rows(select(source))
    assert (origin.kind, origin.person_id, len(origin.file_hash)) == ("import", 1, 64)
    assert row.sources["names.fr"] == row.sources["population"] == origin.id

    report = here.contacts(CONTACTS)
    assert (report.added, report.subscribed, report.refused) == (3, 2, 0)
    ann = here.rows(select(contact).where(contact.c.address == "ann@fund.example"))[0]
    assert (ann.domain, ann.role, ann.fields) == ("fund.example", "liaison", {"vip": True})
    assert ann.code.startswith("CH-1-")
    assert "code" not in ann.sources  # it was made up
    assert [row.publication for row in here.rows(select(subscription))] == ["monthly", "monthly"]
    assert {(row.action, row.basis) for row in here.rows(select(consents))} == {("given", "membership")}


def test_one_mailbox_may_belong_to_two_contacts(here: World) -> None:
    here.institutions(INSTITUTIONS)
    here.contacts(CONTACTS)
    keys = here.rows(select(contact.c.address_key, func.count()).group_by(contact.c.address_key))
    assert sorted(count for _, count in keys) == [1, 2]
    ambiguous = here.contacts("Email,First\ninfo@fund.example,Bob\n", key="address")
    assert ambiguous.refusals == [(2, "2 contacts have this address")]


def test_the_second_run_changes_nothing(here: World) -> None:
    here.institutions(INSTITUTIONS)
    here.contacts(CONTACTS)
    before = here.rows(select(contact).order_by(contact.c.id)), here.rows(select(consents))
    here.clock.advance(timedelta(hours=1))
    assert here.institutions(INSTITUTIONS).unchanged == 2
    again = here.contacts(CONTACTS)
    assert (again.added, again.updated, again.unchanged, again.subscribed) == (0, 0, 3, 0)
    assert (here.rows(select(contact).order_by(contact.c.id)), here.rows(select(consents))) == before


def test_a_dry_run_tells_the_same_and_writes_nothing(here: World) -> None:
    here.institutions(INSTITUTIONS)
    dry = here.contacts(CONTACTS, dry_run=True)
    assert here.rows(select(contact)) == []
    assert len(here.rows(select(source))) == 1
    real = here.contacts(CONTACTS)
    assert (dry.added, dry.updated, dry.subscribed) == (real.added, real.updated, real.subscribed)
    assert dry.dry_run
    changed = CONTACTS.replace("Ann", "Anne")
    assert here.contacts(changed, dry_run=True).updated == 1
    assert here.rows(select(contact.c.first_name).where(contact.c.first_name.is_not(None)))[0][0] == "Ann"


def test_an_import_overwrites_only_what_an_import_wrote(here: World) -> None:
    here.institutions(INSTITUTIONS)
    here.contacts(CONTACTS)
    ann = here.ids()["ann@fund.example"]
    with writing(here.engine) as connection:
        chosen = new_source(connection, SourceKind.RECIPIENT, "preferences", here.clock.now())
        staff = new_source(connection, SourceKind.STAFF, "studio", here.clock.now(), person_id=1)
        connection.execute(
            update(contact)
            .where(contact.c.id == ann)
            .values(language="ar", role="deputy", sources={"language": chosen, "role": staff, "first_name": 2})
        )
    changed = "Institution,Email,First,Role,Language\nCH-1,ann@fund.example,Anne,press,en\n"
    assert here.contacts(changed).updated == 1
    row = here.rows(select(contact).where(contact.c.id == ann))[0]
    assert (row.first_name, row.role, row.language) == ("Anne", "deputy", "ar")
    (entry,) = here.rows(select(audit.c.data).where(audit.c.subject == f"contact:{ann}"))
    assert entry.data["before"] == {"first_name": "Ann"}


def test_what_a_person_emptied_stays_empty(here: World) -> None:
    here.institutions(INSTITUTIONS)
    here.contacts(CONTACTS)
    ann = here.ids()["ann@fund.example"]
    with writing(here.engine) as connection:
        staff = new_source(connection, SourceKind.STAFF, "studio", here.clock.now(), person_id=1)
        connection.execute(
            update(contact).where(contact.c.id == ann).values(first_name=None, sources={"first_name": staff})
        )
    assert here.contacts(CONTACTS, mode="fill").updated == 0
    assert here.rows(select(contact.c.first_name).where(contact.c.id == ann))[0][0] is None


def test_modes_add_update_and_fill(here: World) -> None:
    here.institutions("Code;Name;Region\nA;Alpha;\nB;Beta;Asia\n")
    changed = "Code;Name;Region\nA;Alpha 2;Africa\nB;Beta 2;\nC;Gamma;Europe\n"
    names = select(institution.c.code, institution.c.name, institution.c.region).order_by(institution.c.code)

    added = here.institutions(changed, mode="add")
    assert (added.added, added.updated, added.unchanged) == (1, 0, 2)
    assert here.institutions(changed, mode="fill").updated == 1
    assert here.rows(names) == [("A", "Alpha", "Africa"), ("B", "Beta", "Asia"), ("C", "Gamma", "Europe")]
    assert here.institutions(changed).updated == 2
    assert here.rows(names)[1] == ("B", "Beta 2", "Asia")  # a blank cell keeps what is there
    assert here.institutions(changed, blanks="clear").updated == 1
    assert here.rows(names)[1] == ("B", "Beta 2", None)


def test_no_import_subscribes_again(here: World) -> None:
    """Ended subscriptions, 'unsubscribe from all' and suppressions all stand against it."""
    here.institutions(INSTITUTIONS)
    here.contacts(CONTACTS)
    ids = here.ids()
    with writing(here.engine) as connection:
        page = new_source(connection, SourceKind.RECIPIENT, "unsubscribe page", here.clock.now())
        act = Act(page, here.clock.now())
        consent.unsubscribe(connection, ids["ann@fund.example"], "monthly", act)
        key = suppressions.key_of("new@fund.example", KEYS)
        suppressions.add(connection, key, "news", Reason.UNSUBSCRIBED, here.clock.now())
    again = CONTACTS + "CH-1,new@fund.example,New,,,,monthly;events\n"
    report = here.contacts(again)
    assert (report.subscribed, report.held_back) == (0, 2)
    with writing(here.engine) as connection:
        consent.unsubscribe_all(connection, ids["ann@fund.example"], act)
    everything = "Institution,Email,Publications\nCH-1,ann@fund.example,monthly;events\n"
    assert here.contacts(everything).subscribed == 0
    assert consent_states(here, ids["ann@fund.example"]) == {"monthly": "ended"}


def consent_states(here: World, id_: int) -> dict[str, str]:
    with writing(here.engine) as connection:
        return {name: str(state) for name, state in consent.states(connection, id_).items()}


def test_refused_rows_are_kept_with_line_and_reason(there: World) -> None:
    there.institutions(INSTITUTIONS)
    report = there.contacts(
        "Institution,Email,Language,Publications\n"
        "CH-1,ok@fund.example,,\n"
        "CH-1,no-address,,\n"
        "XX,a@fund.example,,\n"
        'CH-1,b@fund.example,,"monthli"\n'
        "CH-1,OK@fund.example,,\n"
        "CH-1,c@fund.example,french please,\n"
        "CH-1,,,\n"
        "CH-1,d@fund.example,,,one too many\n"
        "CH-1,e@fund.example\x07,,\n"
        '"CH-1,never closed\n'
    )
    assert (report.rows, report.added, report.refused) == (10, 1, 9)
    assert report.refused_file is not None
    with report.refused_file.open(encoding="utf-8-sig", newline="") as stream:
        kept = {int(row["line"]): row for row in csv.DictReader(stream)}
    assert [*sorted(kept)] == [3, 4, 5, 6, 7, 8, 9, 10, 11]
    for line, part in {
        3: "@-sign",
        4: "no institution 'XX'",
        5: "did you mean 'monthly'?",
        6: "the same institution and address as in line 2",
        7: "no language tag",
        8: "address is empty",
        9: "5 cells, the header 4",
        10: "cannot be read",
        11: "never closed",
    }.items():
        assert part in kept[line]["reason"]
    assert kept[4]["Email"] == "a@fund.example"
    assert report.refused_file.stat().st_mode & 0o077 == 0
    assert all("fund.example" not in reason for _, reason in report.refusals)  # reasons may be logged


def test_a_mended_refused_file_can_be_imported(there: World) -> None:
    there.institutions(INSTITUTIONS)
    report = there.contacts("Institution,Email\nCH-2,a@fund.example\n")
    assert report.refused_file is not None
    mended = report.refused_file.read_text(encoding="utf-8-sig").replace("CH-2", "CH-1")
    assert there.contacts(mended).added == 1


def test_a_mapping_that_does_not_fit_stops_before_anything_is_done(there: World) -> None:
    columns = {"Kode": "code", "Name": "nam", "Country": "country"}
    with pytest.raises(ProblemsFound) as caught:
        there.bring({**INSTITUTION, "columns": columns}, "Code;Name;Country\nA;Alpha;CH\n")
    assert "did you mean 'Code'?" in str(caught.value)
    assert "did you mean 'name'?" in str(caught.value)
    assert there.rows(select(source)) == []


def test_contacts_may_bring_their_institutions(here: World) -> None:
    columns = {"Email": "address", "Org": "institution", "Org name": "institution.name"}
    mapping = {**CONTACT, "columns": columns, "create_institutions": True}
    table = "Email;Org;Org name\na@x.example;X;Ex\nb@x.example;X;Ex\nc@y.example;Y;\n"
    dry = here.bring(mapping, table, dry_run=True)
    report = here.bring(mapping, table)
    assert (report.added, report.new_institutions) == (dry.added, dry.new_institutions) == (3, 2)
    assert here.rows(select(institution.c.name).order_by(institution.c.code)) == [("Ex",), ("Y",)]
    assert here.bring(mapping, table).unchanged == 3


def test_an_address_that_changes_hands_gets_a_code_of_its_own(here: World) -> None:
    here.institutions(INSTITUTIONS)
    here.contacts("Institution,Email\nCH-1,a@x.example\n")
    with writing(here.engine) as connection:
        connection.execute(update(contact).values(address="b@x.example", address_key="elsewhere"))
    assert here.contacts("Institution,Email\nCH-1,a@x.example\n").added == 1
    first, second = (row.code for row in here.rows(select(contact.c.code).order_by(contact.c.id)))
    assert second == f"{first}.2"


def test_more_rows_than_one_commit_holds(there: World) -> None:
    lines = "".join(f"I{n};Institution {n}\n" for n in range(1203))
    heard: list[int] = []
    file = there.folder / "many.csv"
    file.write_text("Code;Name\n" + lines + "I7;again\n")
    from newsletter.audience.importing import run_import

    report = run_import(there.engine, there.job(INSTITUTION), file, heard.append)
    assert (report.added, report.refusals) == (1203, [(1205, "the same code as in line 9")])
    assert heard == [500, 1000, 1204]
