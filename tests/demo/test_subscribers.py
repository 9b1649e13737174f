"""The demo's audience: large and varied enough to show what real lists hold, and unable to reach anybody."""

from __future__ import annotations

import csv
import re
import unicodedata
from collections import Counter
from pathlib import Path
from zoneinfo import available_timezones

import pytest
from babel import Locale
from pydantic import TypeAdapter
from ruamel.yaml import YAML

from newsletter.i18n import chain, normalise
from newsletter.model.address import check_address, normalise_address
from newsletter.model.fields import FieldsFile
from newsletter.model.institution import Status
from newsletter.model.mapping import ImportMapping
from newsletter.model.publication import Publications, Segments
from newsletter.model.segment import parse

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "subscribers"
LANGUAGES = {"fr", "en", "es", "de", "ar"}
RESERVED_DOMAIN = re.compile(r"(^|\.)(example|test|example\.(org|com|net))$")

Row = dict[str, str]


def yaml(name: str) -> object:
    return YAML(typ="safe").load((FOLDER / name).read_text("utf-8"))


def table(name: str) -> list[Row]:
    with (FOLDER / name).open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


@pytest.fixture(scope="module")
def institutions() -> list[Row]:
    return table("institutions.csv")


@pytest.fixture(scope="module")
def contacts() -> list[Row]:
    return table("contacts.csv")


def listed(row: Row, column: str) -> list[str]:
    return [part for part in row[column].split(";") if part]


def test_institutions_are_many_and_from_many_countries(institutions: list[Row]) -> None:
    assert len(institutions) >= 60
    assert len({row["Country"] for row in institutions}) >= 40
    assert len({row["Region"] for row in institutions}) == 5
    assert len({row["Code"] for row in institutions}) == len(institutions)
    assert {row["Status"] for row in institutions} == set(Status)
    assert Counter(row["Status"] for row in institutions).most_common(1)[0][0] == "member"


def test_institutions_hold_real_countries_zones_and_languages(institutions: list[Row]) -> None:
    territories, zones = Locale("en").territories, available_timezones()
    for row in institutions:
        assert row["Country"] in territories, row
        assert row["Time zone"] in zones, row
        assert listed(row, "Languages"), row
        assert all(normalise(tag) == tag for tag in listed(row, "Languages")), row


def test_contacts_belong_to_an_institution_and_no_code_comes_twice(
    institutions: list[Row], contacts: list[Row]
) -> None:
    known = {row["Code"] for row in institutions}
    assert len(contacts) >= 150
    assert len({row["Code"] for row in contacts}) == len(contacts)
    assert {row["Institution"] for row in contacts} == known
    assert {row["Role"] for row in contacts} == {
        "liaison officer",
        "deputy",
        "general mailbox",
        "communications",
        "press",
    }


def test_no_address_can_reach_a_person(contacts: list[Row]) -> None:
    addresses = [row["Email"] for row in contacts if row["Email"]]
    assert len(addresses) >= 150
    for address in addresses:
        assert check_address(address) == address
        assert RESERVED_DOMAIN.search(address.rpartition("@")[2]), address


def test_the_awkward_cases_of_real_lists_are_there(contacts: list[Row]) -> None:
    names = [f"{row['First name']} {row['Last name']}".strip() for row in contacts]
    addresses = [row["Email"] for row in contacts if row["Email"]]
    assert any("’" in name for name in names)
    assert any("'" in name for name in names)
    assert any("'" in address for address in addresses)
    assert max(map(len, names)) >= 70
    assert any(unicodedata.bidirectional(name[0]) == "AL" for name in names if name)
    assert any(row["Last name"] and not row["First name"] for row in contacts)
    assert any(not row["Last name"] and not row["First name"] for row in contacts)
    assert any(not address.isascii() for address in addresses)
    assert any(address.rpartition("@")[0].isupper() for address in addresses)
    assert any("+" in address for address in addresses)
    assert any(not row["Email"] for row in contacts)
    assert Counter(map(normalise_address, addresses)).most_common(1)[0][1] == 2
    assert any(row["Language"] == "es-MX" for row in contacts)


def test_every_language_of_the_demo_has_readers(institutions: list[Row], contacts: list[Row]) -> None:
    first = {row["Code"]: listed(row, "Languages")[0] for row in institutions}
    read = {chain(row["Language"] or first[row["Institution"]])[-1] for row in contacts}
    assert read >= LANGUAGES


def test_publications_and_segments_are_named_in_every_language_and_rules_hold() -> None:
    publications = TypeAdapter(Publications).validate_python(yaml("publications.yaml"))
    segments = TypeAdapter(Segments).validate_python(yaml("segments.yaml"))
    fields = FieldsFile.model_validate(yaml("fields.yaml")).fields()
    assert [name for name, found in publications.items() if found.statutory] == ["notices"]
    assert all(set(found.name) == set(found.description) == LANGUAGES for found in publications.values())
    assert len(segments) >= 6
    for segment in segments.values():
        assert set(segment.label) == LANGUAGES
        parse(segment.rule, fields)


@pytest.mark.parametrize("name", ["institutions", "contacts"])
def test_mappings_name_columns_that_the_files_have(name: str) -> None:
    mapping = ImportMapping.model_validate(yaml(f"imports/{name}.yaml"))
    assert mapping.file is not None
    with (ROOT / mapping.file).open(encoding="utf-8", newline="") as stream:
        header = next(csv.reader(stream))
    assert set(mapping.columns) == set(header)


def test_contacts_subscribe_to_news_that_exist(contacts: list[Row]) -> None:
    publications = TypeAdapter(Publications).validate_python(yaml("publications.yaml"))
    news = {name for name, found in publications.items() if not found.statutory}
    wanted = {name for row in contacts for name in listed(row, "Publications")}
    assert wanted == news
    assert any(not row["Publications"] for row in contacts)
