"""What `finish` makes looks as npm's mjml makes it, pixel by pixel, at two widths, or is refused with a reason."""

from __future__ import annotations

from pathlib import Path

import pytest

from newsletter.errors import ProblemsFound
from newsletter.rendering.mjml import finish
from tests.fidelity.generate import document
from tests.fidelity.npm import Npm
from tests.fidelity.pixels import Camera

CASES = sorted((Path(__file__).parent / "cases").glob("*.mjml"))
MOST = 0.001  # share of pixels

pytestmark = [pytest.mark.node, pytest.mark.browser]


def _same(mjml: str, name: str, reference: Npm, camera: Camera) -> None:
    theirs = reference.html(mjml)
    assert theirs is not None
    share = camera.difference(finish(mjml, file=name), theirs)
    assert share <= MOST, f"{share:.2%} of the pixels differ"


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.stem)
def test_own_documents_look_alike(case: Path, reference: Npm, camera: Camera) -> None:
    _same(case.read_text(encoding="utf-8"), case.name, reference, camera)


@pytest.mark.parametrize("seed", range(100, 112))
def test_random_documents_look_alike_or_are_refused(seed: int, reference: Npm, camera: Camera) -> None:
    mjml = document(seed)
    try:
        finish(mjml, file="random.mjml")
    except ProblemsFound as refusal:
        if all(problem.line for problem in refusal.problems):
            return
        raise
    _same(mjml, "random.mjml", reference, camera)
