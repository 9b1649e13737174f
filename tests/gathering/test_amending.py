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
