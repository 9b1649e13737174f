"""Who sees what, who may do what, and what contacts may ask for."""

from __future__ import annotations

from pathlib import Path

import pytest

from newsletter.clock import FixedClock
from newsletter.errors import UsageError
from newsletter.model.permission import NotAllowed
from newsletter.store.engine import open_engine
from newsletter.workflow import deliveries as listing
from newsletter.workflow.contacts import import_file, suppress
from newsletter.workflow.context import draft_path
from newsletter.workflow.gather import gather_issue
from newsletter.workflow.rights import end_subscriptions, erase_contacts, export
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
