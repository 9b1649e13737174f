"""How two texts and two orders differ, for people: words that came and went, items that came, went or moved."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

NEAR = 1  # lines of what is the same that are shown around a change
MOST = 400  # words of a passage that are compared one by one; a longer one is shown as it was and as it is
WORD = re.compile(r"\S+\s*|\s+")


@dataclass(frozen=True, slots=True)
class Piece:
    """`kind`: same, ins, del; or gap: what is the same and is left out."""

    kind: str
    text: str = ""


@dataclass(frozen=True, slots=True)
class Moves:
    """Titles, in their new order (those that went: in the old one)."""

    added: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    moved: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.added or self.removed or self.moved)


def pieces(before: Sequence[str], after: Sequence[str]) -> list[Piece]:
    """Lines against lines, and within those that differ words against words. Nothing where all is the same."""
    steps = SequenceMatcher(a=before, b=after, autojunk=False).get_opcodes()
    if all(kind == "equal" for kind, *_ in steps):
        return []
    found: list[Piece] = []
    for number, (kind, i, j, k, n) in enumerate(steps):
        if kind == "equal":
            found += _near(after[k:n], first=number == 0, last=number == len(steps) - 1)
        else:
            found += words(_joined(before[i:j]), _joined(after[k:n]))
    return found


def words(before: str, after: str) -> Iterator[Piece]:
    """Two passages, word by word; the space after a word is no difference."""
    old, new = WORD.findall(before), WORD.findall(after)
    if max(len(old), len(new)) > MOST:
        yield from _turned(before, after)
        return
    matcher = SequenceMatcher(a=[each.strip() for each in old], b=[each.strip() for each in new], autojunk=False)
    for kind, i, j, k, n in matcher.get_opcodes():
        if kind == "equal":
            yield Piece("same", "".join(new[k:n]))
        else:
            yield from _turned("".join(old[i:j]), "".join(new[k:n]))


def moves(before: Mapping[str, str], after: Mapping[str, str], titles: Mapping[str, str]) -> Moves:
    """`before` and `after`: keys in order, each with its section."""
    old, new = ([key for key in one if key in other] for one, other in ((before, after), (after, before)))
    still: set[str] = set()
    for block in SequenceMatcher(a=old, b=new, autojunk=False).get_matching_blocks():
        still.update(old[block.a : block.a + block.size])
    return Moves(
        tuple(titles.get(key, key) for key in after if key not in before),
        tuple(titles.get(key, key) for key in before if key not in after),
        tuple(titles.get(key, key) for key in new if key not in still or before[key] != after[key]),
    )


def _joined(lines: Sequence[str]) -> str:
    return "".join(f"{line}\n" for line in lines)


def _turned(before: str, after: str) -> Iterator[Piece]:
    """What came stands in the line of what went, where both are of one line."""
    if before.endswith("\n") and after.endswith("\n") and before.count("\n") == after.count("\n") == 1:
        before = f"{before[:-1]} "
    if before:
        yield Piece("del", before)
    if after:
        yield Piece("ins", after)


def _near(lines: Sequence[str], *, first: bool, last: bool) -> Iterator[Piece]:
    """What is the same, but for its middle."""
    head, tail = (0 if first else NEAR), (0 if last else NEAR)
    if len(lines) <= head + tail + 1:
        yield Piece("same", _joined(lines))
        return
    if head:
        yield Piece("same", _joined(lines[:head]))
    yield Piece("gap")
    if tail:
        yield Piece("same", _joined(lines[-tail:]))
