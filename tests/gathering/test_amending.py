"""A file is changed where it is meant to be, and nowhere else."""

from __future__ import annotations

import pytest

from newsletter.errors import UsageError
from newsletter.gathering.amending import amended
from newsletter.gathering.frontmatter import split

TEXT = "---\n# by hand\ntitle: 'One: two'  # the headline\nlink: https://a.example/x\n---\n\n\nFirst.\n\n  Second.\n"


def test_a_value_is_set_and_all_else_stays() -> None:
    new = amended(TEXT, "a.md", {"key": "reform"})
    assert new.replace("key: reform\n", "") == TEXT
    assert amended(new, "a.md", {"key": None}) == TEXT


def test_a_file_without_front_matter_gets_one() -> None:
    assert amended("Text.\n", "a.md", {"key": "a"}) == "---\nkey: a\n---\nText.\n"


def test_another_body_and_what_cannot_be_kept() -> None:
    assert split(amended(TEXT, "a.md", {"title": "New"}, "Other."), "a.md")[:2] == (
        split(TEXT, "a.md")[0].model_copy(update={"title": "New"}),
        "Other.",
    )
    with pytest.raises(UsageError):
        amended(TEXT, "a.md", {}, "\n\nbegins with blank lines")


HEAD = """---
# by hand
title:   'One: two'  # the headline
link:
topics:
  - a
  - "b"   # second

picture: {file: pictures/hall.jpg, alt: A hall, credit: "Photo: A. Example"}   # of the hall
# about the event
event:
  start: 2026-12-15T09:30   # local
  # where
  place: "Geneva"
author: A. Example
---

Body
"""


def test_no_other_line_of_the_head_changes() -> None:
    assert amended(HEAD, "a.md", {"picture": {"alt": "A: hall, round"}}) == HEAD.replace(
        "alt: A hall", "alt: 'A: hall, round'"
    )
    assert amended(HEAD, "a.md", {"picture": {"file": "b.jpg", "credit": None}}) == HEAD.replace(
        'pictures/hall.jpg, alt: A hall, credit: "Photo: A. Example"', "b.jpg, alt: A hall"
    )
    assert amended(HEAD, "a.md", {"event": {"start": "2026-12-16T10:00", "place": None, "zone": "Europe/Zurich"}}) == (
        HEAD.replace("15T09:30   #", "16T10:00   #").replace('  place: "Geneva"\n', "  zone: Europe/Zurich\n")
    )
    assert amended(HEAD, "a.md", {"link": "https://a.example/x", "topics": ["a", "c"]}) == (
        HEAD.replace("link:\n", "link: https://a.example/x\n").replace('\n  - a\n  - "b"   # second\n', " [a, c]\n")
    )
    assert amended(HEAD, "a.md", {"picture": None, "author": None}) == (
        HEAD.replace(HEAD[HEAD.index("picture:") : HEAD.index("# about")], "").replace("author: A. Example\n", "")
    )


def test_a_table_that_was_not_there_stands_in_lines_of_its_own() -> None:
    new = amended("Text.\n", "a.md", {"picture": {"file": "a.jpg", "alt": "قاعة: كبيرة", "credit": None}})
    assert new == "---\npicture:\n  file: a.jpg\n  alt: 'قاعة: كبيرة'\n---\nText.\n"


def test_a_head_in_braces_is_written_anew() -> None:
    new = amended("---\n{title: One, link: https://a.example/}\n---\nText.\n", "a.md", {"title": "Two"})
    assert split(new, "a.md")[0].title == "Two"
