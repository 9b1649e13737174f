"""The demo's dates move by whole months, in date fields alone, so that nothing in it ages."""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path

from newsletter.workspace.demo import lay_demo, move_dates, next_month


def test_date_fields_move_and_prose_stays() -> None:
    text = (
        "---\ndate: 2026-11-30\nevent: {start: 2026-12-31T09:00, deadline: 2026-12-01}\n"
        'dates: {in_force: 2027-01-31, first: "2026-12-01"}\n---\nSince 2012-01-01 it is so.\n'
    )
    moved = move_dates(text, 3)
    assert "date: 2027-02-28" in moved
    assert "start: 2027-03-31T09:00, deadline: 2027-03-01" in moved
    assert '{in_force: 2027-04-30, first: "2027-03-01"}' in moved
    assert "Since 2012-01-01 it is so." in moved
    assert move_dates("<updated>2026-11-20T10:00:00Z</updated>", 1) == "<updated>2026-12-20T10:00:00Z</updated>"


def test_the_next_issue_is_next_months() -> None:
    assert next_month(date(2026, 11, 30)) == (2026, 12)
    assert next_month(date(2026, 12, 1)) == (2027, 1)


def test_laid_a_year_later_every_date_is_a_year_later(tmp_path: Path) -> None:
    lay_demo(tmp_path / "now", date(2026, 11, 24))
    lay_demo(tmp_path / "later", date(2027, 11, 24))
    path = "campaigns/monthly/articles/events/"
    for file in (tmp_path / "now" / path).glob("*.en.md"):
        years = {
            name: set(re.findall(r"(?:start|end|deadline): (\d{4})", (tmp_path / name / path / file.name).read_text()))
            for name in ("now", "later")
        }
        assert {int(year) + 1 for year in years["now"]} == {int(year) for year in years["later"]}
    assert (tmp_path / "now/subscribers/contacts.csv").read_bytes() == (
        tmp_path / "later/subscribers/contacts.csv"
    ).read_bytes()
