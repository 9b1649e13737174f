"""Words that came and went, and items that came, went or moved."""

from __future__ import annotations

from newsletter.workflow.content.wording import MOST, Moves, Piece, moves, pieces, words


def test_only_the_words_that_differ_are_marked_and_far_lines_left_out() -> None:
    before = ["Same", "Same too", "Near", "It opens at eight in the morning.", "End"]
    after = ["Same", "Same too", "Near", "It opens at nine in the morning.", "End"]
    assert pieces(before, before) == []
    assert pieces(before, after) == [
        Piece("gap"),
        Piece("same", "Near\n"),
        Piece("same", "It opens at "),
        Piece("del", "eight "),
        Piece("ins", "nine "),
        Piece("same", "in the morning.\n"),
        Piece("same", "End\n"),
    ]


def test_a_long_passage_is_shown_as_it_was_and_as_it_is() -> None:
    long = "word " * (MOST + 1)
    assert list(words(long, "short")) == [Piece("del", long), Piece("ins", "short")]


def test_items_come_go_and_move() -> None:
    before = {"a": "top", "b": "top", "c": "top", "gone": "rest"}
    after = {"b": "top", "c": "rest", "a": "top", "new": "rest"}
    assert moves(before, after, {"new": "A new one"}) == Moves(("A new one",), ("gone",), ("c", "a"))
    assert not moves(before, dict(before), {})
