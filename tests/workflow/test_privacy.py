"""Who sees what, who may do what, and what contacts may ask for."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest
from sqlalchemy import select

from newsletter.clock import FixedClock
from newsletter.errors import NewsletterError, UsageError
from newsletter.model.fields import Fields, UnknownField
from newsletter.model.permission import NotAllowed
from newsletter.model.rule_source import RuleError
from newsletter.model.segment import parse
from newsletter.settings import SECRETS_FILE, STATE_FOLDER
from newsletter.store.engine import open_engine, reading
from newsletter.store.tables import audit
from newsletter.workflow.content.gather import gather_issue
from newsletter.workflow.context import draft_path
from newsletter.workflow.people import deliveries as listing
from newsletter.workflow.people.contacts import import_file, suppress
from newsletter.workflow.people.rights import end_subscriptions, erase_contacts, export
from tests.workflow.office import ISSUE, approved, carry, lay, office

ASTRID = "astrid.berg@npf.example"


def test_addresses_are_masked_for_who_may_not_see_them(tmp_path: Path, clock: FixedClock) -> None:
    with office(lay(tmp_path / "ws"), clock) as ws:
        approved(ws)
        carry(ws)
        shown = {
            who: {row.address for row in listing.deliveries(ws.context, ISSUE, person=ws.context.person(who))}
            for who in ("luc", "ana")
        }
    assert ASTRID in shown["ana"]
    assert shown["luc"] == {"a…@npf.example", "i…@npf.example", "j…@shi.example"}


def test_gathering_takes_the_role_and_names_who_changed_the_draft(tmp_path: Path, clock: FixedClock) -> None:
    reader = '\n[people.eva]\nname = "Eva"\nroles = ["reader"]\n'
    folder = lay(tmp_path / "ws", tables=reader)
    with office(folder, clock) as ws:
        with pytest.raises(NotAllowed, match="Eva may not edit issues"):
            gather_issue(ws.context, "news", "2026-12", ws.context.person("eva"))
        (folder / "campaigns/news/articles/later.en.txt").write_text("Later\n\nIt came.\n\nIt is here.")
        gather_issue(ws.context, "news", "2026-12", ws.context.person("luc"))
        assert ws.issue(ISSUE).changed_by == ws.context.person("luc").id


@pytest.mark.parametrize("key", ["../../zz", "2026/12", "a b", "Ü", "campaign", ""])
def test_a_key_that_cannot_name_a_draft_is_refused(key: str) -> None:
    with pytest.raises(UsageError, match="cannot be an issue's key"):
        draft_path("news", key)


def test_a_typo_is_not_put_on_the_do_not_mail_list(tmp_path: Path, clock: FixedClock) -> None:
    with office(lay(tmp_path / "ws"), clock) as ws:
        ana = ws.context.person("ana")
        with pytest.raises(UsageError, match="no address"):
            suppress(ws.context, "bogus", "news", ana, lift=False)
        assert "No contact has this address" in suppress(ws.context, "x@y.example", "news", ana, lift=False)
        assert "No contact" not in suppress(ws.context, ASTRID, "news", ana, lift=False)


def test_refused_rows_of_every_import_are_kept(tmp_path: Path, clock: FixedClock) -> None:
    folder = lay(tmp_path / "ws")
    with office(folder, clock) as ws:
        file = folder / "bad.csv"
        file.write_text("Institution,Email,First name,Last name,Role,Language,Publications\nNPF,bogus,,,,,\n")
        ana = ws.context.person("ana")
        real = import_file(ws.context, "contacts", file, ana).refused_file
        dry = import_file(ws.context, "contacts", file, ana, dry_run=True).refused_file
        assert real is not None
        assert dry is not None
        assert real != dry
        assert real.exists()


def test_who_asks_to_end_it_gets_no_more_and_who_asks_for_erasure_is_gone(tmp_path: Path, clock: FixedClock) -> None:
    folder = lay(tmp_path / "ws")
    with office(folder, clock) as ws:
        ana, luc = ws.context.person("ana"), ws.context.person("luc")
        with pytest.raises(NotAllowed):
            end_subscriptions(ws.context, ASTRID, None, luc)
        with pytest.raises(UsageError, match="no publication"):
            end_subscriptions(ws.context, ASTRID, "nws", ana)
        assert end_subscriptions(ws.context, ASTRID, "news", ana) == "news ended for 1 contact."
        assert erase_contacts(ws.context, "info@npf.example", ana) == 1
        with pytest.raises(UsageError, match="No contact"):
            erase_contacts(ws.context, "info@npf.example", ana)
        approved(ws)
        assert "accepted 1" in carry(ws)
        assert export(ws.context, folder / "all.csv", "true", ana) == 2
        assert "info@npf.example" not in (folder / "all.csv").read_text(encoding="utf-8-sig")


def test_an_address_of_a_database_that_is_none_is_not_told() -> None:
    with pytest.raises(UsageError, match="no database address") as told:
        open_engine("nonsense:secret")
    assert "secret" not in str(told.value)


def test_lost_keys_are_not_replaced_by_new_ones(tmp_path: Path, clock: FixedClock) -> None:
    folder = lay(tmp_path / "ws")
    with office(folder, clock) as ws:
        kept = ws.context.secrets
    file = folder / STATE_FOLDER / SECRETS_FILE
    backup = file.read_text()
    file.unlink()
    for _ in range(2):
        with pytest.raises(NewsletterError, match=r"missing.*Restore it from a backup"), office(folder, clock):
            pass
    assert not file.exists()
    environment = dict(line.split("=") for line in backup.splitlines() if line.startswith("NEWSLETTER_"))
    with office(folder, clock, environment) as ws:
        assert ws.context.secrets == kept


def test_the_folder_of_keys_and_addresses_is_for_its_owner_alone(tmp_path: Path, clock: FixedClock) -> None:
    with office(lay(tmp_path / "ws"), clock) as ws:
        assert stat.S_IMODE((ws.context.folder / STATE_FOLDER).stat().st_mode) == 0o700


def test_who_took_a_copy_of_the_contacts_is_on_record(tmp_path: Path, clock: FixedClock) -> None:
    with office(lay(tmp_path / "ws"), clock) as ws:
        ana, luc = ws.context.person("ana"), ws.context.person("luc")
        with pytest.raises(NotAllowed, match="see or change contacts"):
            export(ws.context, tmp_path / "no.csv", "true", luc)
        assert not (tmp_path / "no.csv").exists()
        export(ws.context, tmp_path / "all.csv", "true", ana)
        with reading(ws.context.engine) as connection:
            row = connection.execute(select(audit.c.person_id, audit.c.data).where(audit.c.action == "export")).one()
        assert tuple(row) == (ana.id, {"count": 3})


@pytest.mark.parametrize(
    ("path", "meant"),
    [
        ("contact.nme", "known: contact.code, contact.first_name"),
        ("contact.frst_name", "contact.first_name"),
        ("institution.nme", "institution.name"),
    ],
)
def test_the_nearest_field_is_told_by_its_name(path: str, meant: str) -> None:
    with pytest.raises(UnknownField) as told:
        Fields()[path]
    assert meant in str(told.value)
    with pytest.raises(RuleError) as said:
        parse(path, Fields())
    assert meant in str(said.value)


def test_a_malformed_article_that_the_issue_does_not_use_holds_nothing_up(tmp_path: Path, clock: FixedClock) -> None:
    folder = lay(tmp_path / "ws")
    with office(folder, clock) as ws:
        (folder / "campaigns/news/articles/broken.en.md").write_text("---\ntitel: x\n---\nText.\n")
        approved(ws)
        assert any("broken.en.md" in str(each) for each in ws.compose(ISSUE).check())
