"""Operations on a draft: each on the newest version; an approval falls; two texts that meet are both kept."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from newsletter.app import Workspace
from newsletter.clock import FixedClock
from newsletter.errors import UsageError
from newsletter.model.draft import Item, ItemState
from newsletter.model.issue import IssueState
from newsletter.model.permission import NotAllowed, Role
from newsletter.workflow.content.gather import library_of
from newsletter.workflow.drafts import drafting
from newsletter.workflow.drafts.drafting import Conflict, Texts
from newsletter.workspace.curating import find_item
from tests.workflow.office import ISSUE, approved, lay, office

ITEM = "i1"


@pytest.fixture
def ws(tmp_path: Path, clock: FixedClock) -> Iterator[Workspace]:
    with office(lay(tmp_path / "ws"), clock) as opened:
        yield opened


def text(ws: Workspace) -> str:
    return ws.context.documents.text(f"campaigns/{ISSUE}.yaml")


def item(ws: Workspace) -> Item:
    return find_item(ws.context.draft("news", "2026-12"), ITEM)


def texts(ws: Workspace) -> Texts:
    return drafting.texts_of(item(ws), library_of(ws.context, "news", ws.context.campaign("news")), "en")


def write(ws: Workspace, new: Texts, made_from: Texts, who: str = "ana") -> drafting.Done:
    return drafting.set_texts(
        ws.context, ws.issue(ISSUE), ITEM, "en", new, ws.context.person(who), made_from=made_from.hash
    )


def test_a_state_is_set_and_undone(ws: Workspace) -> None:
    before, ana = text(ws), ws.context.person("ana")
    done = drafting.set_state(ws.context, ws.issue(ISSUE), ITEM, ItemState.OUT, ana)
    assert item(ws).state is ItemState.OUT
    assert done.change is not None
    drafting.undo(ws.context, ws.issue(ISSUE), done.change, ana)
    assert text(ws) == before


def test_what_others_did_since_is_not_undone_by_the_way(ws: Workspace) -> None:
    row, ana = ws.issue(ISSUE), ws.context.person("ana")
    done = drafting.set_state(ws.context, row, ITEM, ItemState.OUT, ana)
    drafting.set_line(ws.context, row, "subject", "en", "News", ana, made_from=subject_hash(ws))
    assert done.change is not None
    with pytest.raises(UsageError, match="since"):
        drafting.undo(ws.context, row, done.change, ana)
    drafting.put_back(ws.context, row, done.change, ana)
    assert item(ws).state is ItemState.NEW


def test_doing_nothing_writes_nothing(ws: Workspace) -> None:
    row, ana = ws.issue(ISSUE), ws.context.person("ana")
    number = len(drafting.history(ws.context, row))
    assert drafting.set_state(ws.context, row, ITEM, ItemState.NEW, ana).change is None
    assert write(ws, texts(ws), texts(ws)).change is None
    assert len(drafting.history(ws.context, row)) == number


def test_an_approval_falls_with_any_edit(ws: Workspace) -> None:
    approved(ws)
    done = drafting.set_state(ws.context, ws.issue(ISSUE), ITEM, ItemState.IN, ws.context.person("ana"))
    assert done.fallen is not None
    assert ws.issue(ISSUE).state is IssueState.DRAFT


def test_only_who_may_edit(ws: Workspace) -> None:
    reader = replace(ws.context.person("ana"), roles=(Role.READER,))
    with pytest.raises(NotAllowed):
        drafting.set_state(ws.context, ws.issue(ISSUE), ITEM, ItemState.IN, reader)


def test_only_what_differs_from_the_article_is_stored(ws: Workspace) -> None:
    before, own = text(ws), texts(ws)
    write(ws, Texts("Another title\n", own.summary, own.body), own)
    edit = item(ws).edits["en"]
    assert (edit.title, edit.summary, edit.body) == ("Another title", None, None)
    write(ws, own, texts(ws))
    assert text(ws) == before


def test_two_who_change_one_text_lose_neither(ws: Workspace) -> None:
    own = texts(ws)
    hers, his = Texts("Hers", own.summary, own.body), Texts("His", own.summary, own.body)
    write(ws, hers, own)
    before = text(ws)
    with pytest.raises(Conflict) as caught:
        write(ws, his, own)
    assert (caught.value.mine, caught.value.theirs) == (his, hers)
    assert caught.value.change is not None
    assert caught.value.change.person == "Ana"
    assert text(ws) == before
    write(ws, his, hers)  # his, now that he has seen hers
    assert texts(ws) == his


def test_two_who_change_different_things_do_not_meet(ws: Workspace) -> None:
    row, ana, own = ws.issue(ISSUE), ws.context.person("ana"), texts(ws)
    write(ws, Texts("Hers", own.summary, own.body), own)
    drafting.set_state(ws.context, row, ITEM, ItemState.IN, ana)
    drafting.set_line(ws.context, row, "subject", "en", "Subject", ana, made_from=subject_hash(ws))
    assert texts(ws).title == "Hers"
    assert item(ws).state is ItemState.IN


def test_the_texts_of_an_item_are_put_back_and_all_else_stays(ws: Workspace) -> None:
    row, ana, own = ws.issue(ISSUE), ws.context.person("ana"), texts(ws)
    write(ws, Texts("First", own.summary, own.body), own)
    write(ws, Texts("Second", own.summary, own.body), texts(ws))
    drafting.set_state(ws.context, row, ITEM, ItemState.IN, ana)
    [second, first] = drafting.history(ws.context, row, f"edit {ITEM} en")
    drafting.put_texts_back(ws.context, row, ITEM, "en", second.id, ana)
    assert (texts(ws).title, item(ws).state) == ("First", ItemState.IN)
    drafting.put_texts_back(ws.context, row, ITEM, "en", first.id, ana)
    assert texts(ws) == own


def test_an_article_from_the_newsletter_only_and_into_its_sections_only(ws: Workspace) -> None:
    row, ana = ws.issue(ISSUE), ws.context.person("ana")
    with pytest.raises(UsageError, match="no article"):
        drafting.add(ws.context, row, "nowhere", first_section(ws), ana)
    with pytest.raises(UsageError, match="no section"):
        drafting.move(ws.context, row, ITEM, "nowhere", None, ana)


def test_a_subject_that_is_the_campaigns_is_not_stored(ws: Workspace) -> None:
    row, ana, before = ws.issue(ISSUE), ws.context.person("ana"), text(ws)
    drafting.set_line(ws.context, row, "subject", "en", "Another", ana, made_from=subject_hash(ws))
    assert ws.context.draft("news", "2026-12").subject == {"en": "Another"}
    with pytest.raises(Conflict):
        drafting.set_line(ws.context, row, "subject", "en", "Third", ana, made_from="0")
    drafting.set_line(ws.context, row, "subject", "en", "", ana, made_from=drafting.line_hash("Another"))
    assert text(ws) == before


def subject_hash(ws: Workspace) -> str:
    return drafting.line_hash(ws.context.campaign("news").subject["en"])


def first_section(ws: Workspace) -> str:
    return ws.context.campaign("news").sections[0].id
