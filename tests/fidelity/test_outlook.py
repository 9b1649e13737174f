"""What Outlook alone is given, in its comments: the same elements as from npm's mjml, with the same attributes."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

from newsletter.errors import ProblemsFound
from newsletter.rendering.mjml import finish
from tests.fidelity.generate import document
from tests.fidelity.npm import Npm

CASES = sorted((Path(__file__).parent / "cases").glob("*.mjml"))
# Comments of one's own for Outlook stand within those of MJML, which are then cut otherwise.
OWN_COMMENTS = {"raw-and-comments", "raw-pairs"}
COMMENT = re.compile(r"<!--\[if (?:mso|gte mso|lte mso|IE)[^\]]*\]>(.*?)<!\[endif\]-->", re.S)

pytestmark = pytest.mark.node


class _Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, {name: _value(name, value) for name, value in attrs if value}))

    def handle_endtag(self, tag: str) -> None:
        self.found.append((f"/{tag}", {}))


def _value(name: str, value: str) -> str:
    """However it is written: blanks, the order of declarations, zeros, parts of a tenth of a pixel."""
    if name == "style":
        pairs = dict(each.split(":", 1) for each in value.split(";") if ":" in each and not each.startswith("align:"))
        value = ";".join(f"{key.strip()}:{' '.join(text.split())}" for key, text in sorted(pairs.items()))
    value = re.sub(r"\d+\.\d+", lambda number: f"{float(number[0]):.1f}", value)
    return re.sub(r"\s*,\s*", ",", re.sub(r"\b0px\b|\.0(?!\d)", lambda zero: "0" if "px" in zero[0] else "", value))


def for_outlook(html: str) -> list[tuple[str, dict[str, str]]]:
    reader = _Tags()
    for comment in COMMENT.findall(html):
        reader.feed(comment)
    return reader.found


@pytest.mark.parametrize("case", [each for each in CASES if each.stem not in OWN_COMMENTS], ids=lambda case: case.stem)
def test_own_documents_say_the_same_to_outlook(case: Path, reference: Npm) -> None:
    mjml = case.read_text(encoding="utf-8")
    theirs = reference.html(mjml)
    assert theirs is not None
    assert for_outlook(finish(mjml, file=case.name)) == for_outlook(theirs)


@pytest.mark.parametrize("seed", [seed for seed in range(100, 160) if "[if" not in document(seed)])
def test_random_documents_say_the_same_to_outlook(seed: int, reference: Npm) -> None:
    mjml = document(seed)
    try:
        ours = finish(mjml, file="random.mjml")
    except ProblemsFound:
        return  # with file and line, which the pixels' test looks at
    theirs = reference.html(mjml)
    assert theirs is not None
    assert for_outlook(ours) == for_outlook(theirs)
