"""The difference of an issue as it stands to the version last approved and to the last issue."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

from newsletter.clock import FixedClock
from newsletter.model.draft import ItemState
from newsletter.workflow.drafts import drafting
from newsletter.workflow.drafts.duplicating import duplicate
from tests.web.desk import client
from tests.workflow.office import ISSUE, approved, lay, office

HERE = f"/issues/{ISSUE}/preview/difference?language=en"


def test_words_subject_and_articles_against_the_approved_version_and_the_last_issue(tmp_path: Path) -> None:
    clock = FixedClock(datetime(2026, 11, 24, 10, 0, tzinfo=UTC))
    folder = lay(tmp_path / "ws")
    (folder / "campaigns/news/articles/door.en.md").write_text(
        "---\ntitle: A door\nlink: https://d.example/\n---\nSee.\n"
    )
    with office(folder, clock) as ws:
        ctx, row, ana, browser = ws.context, ws.issue(ISSUE), ws.context.person("ana"), client(ws, "ana")
        assert "nothing to compare with" in browser.get(HERE).text
        approved(ws)
        assert "Subject and text are the same" in browser.get(HERE).text
        later = duplicate(ctx, row, "2027-01", ana)
        clock.advance(timedelta(minutes=1))
        counter = folder / "campaigns/news/articles/counter.en.txt"
        counter.write_text(counter.read_text().replace("opens at eight", "opens at <nine>"))
        door = next(each for each in ctx.draft("news", "2026-12").items() if each.article == "door")
        drafting.set_state(ctx, row, door.id, ItemState.OUT, ana)
        page = browser.get(HERE).text
        assert "<del>eight. </del><ins>&lt;nine&gt;.\n</ins>" in page
        assert "Gone" in page
        assert "A door" in page
        last = browser.get(f"/issues/{later.name}/preview/difference?language=en").text
        assert "different from the issue 2026-12" in last
        assert "https://d.example/" not in last
        assert "&lt;nine&gt;" in last
