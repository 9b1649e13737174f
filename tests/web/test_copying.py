"""A new issue that begins as a copy of the last: its content, and nothing of what became of the other."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from newsletter.clock import FixedClock
from newsletter.model.draft import Draft, ItemState
from newsletter.workflow.approving.approve import standing
from newsletter.workflow.content.gather import library_of
from newsletter.workflow.drafts import drafting
from newsletter.workflow.drafts.drafting import Texts
from newsletter.workflow.results.overview import overview
from newsletter.workspace.copies import copy_of
from newsletter.workspace.loading import load_yaml
from tests.web.desk import client, post
from tests.workflow.office import ISSUE, approved, carry, lay, office

DRAFT = """
title: December
planned: 2026-12-01 09:00
subject: {en: "Quotes: 'yes', #1"}
sections:
  - id: top
    items:
      - {id: i7, article: b, state: in, edits: {fr: {title: "on", body: "One\\n\\n- two  \\n\\tthree\\n"}}}
      - {id: i2, article: a, state: kept}
  - id: rest
    items: []
proposed: [a, b, gone]
"""


def test_a_copy_says_the_same_with_numbers_of_its_own() -> None:
    before, after = (load_yaml(text, "x", Draft) for text in (DRAFT, copy_of(load_yaml(DRAFT, "x", Draft), "New: one")))
    assert (after.title, after.planned, after.subject, after.proposed) == (None, None, before.subject, before.proposed)
    assert [item.id for item in after.items()] == ["i1", "i2"]
    told = [[(each.article, each.state, each.edits) for each in draft.items()] for draft in (before, after)]
    assert told[0] == told[1]


def test_an_issue_that_was_sent_is_copied_as_a_draft(tmp_path: Path) -> None:
    with office(lay(tmp_path / "ws"), FixedClock(datetime(2026, 11, 24, 10, 0, tzinfo=UTC))) as ws:
        ctx, row, ana = ws.context, ws.issue(ISSUE), ws.context.person("ana")
        [item] = [each for each in ctx.draft("news", "2026-12").items() if each.article == "counter"]
        own = drafting.texts_of(item, {}, "en")
        made_from = drafting.texts_of(item, library_of(ctx, "news", ctx.campaign("news")), "en").hash
        drafting.set_texts(ctx, row, item.id, "en", Texts("Mine", own.summary, "Body."), ana, made_from=made_from)
        approved(ws)
        carry(ws)
        browser = client(ws, "ana")
        answer = post(browser, "/issues/copy", {"like": ISSUE, "name": "2027-01"})
        assert answer.headers["location"].startswith("/issues/news/2027-01?said=")
        shown = overview(ctx, ws.issue("news/2027-01"))
        assert (shown.card.row.state.value, shown.edition, shown.runs) == ("draft", None, ())
        assert shown.draft is not None
        copied = next(each for each in shown.draft.items() if each.article == "counter")
        assert (copied.edits["en"].title, copied.state) == ("Mine", ItemState.NEW)
        assert "copy of" in browser.get("/issues/news/2027-01/content/history").text
        again = post(browser, "/issues/copy", {"like": ISSUE, "name": "2027-01"})
        assert again.status_code == 422
        assert "another name" in again.text
        assert post(browser, "/issues/copy", {"like": ISSUE, "name": "../x"}).status_code == 422
        assert post(browser, "/issues/copy", {"like": "news/none", "name": "x"}).status_code == 422
        edition = overview(ctx, row).edition
        assert edition is not None
        assert standing(ctx, edition).missing == ()
