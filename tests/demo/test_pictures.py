"""The demo's pictures: there, of the measures that mail needs, and light."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from PIL import Image

ROOT = Path(__file__).parents[2]
CAMPAIGNS = ROOT / "campaigns"
LEADS = {"pension-window.jpg", "assembly-hall.jpg"}
PICTURES = sorted((CAMPAIGNS / "monthly/pictures").glob("*"))


@pytest.mark.parametrize("file", PICTURES, ids=lambda file: file.name)
def test_pictures_have_twice_the_pixels_of_their_place_and_few_bytes(file: Path) -> None:
    lead = file.name in LEADS
    with Image.open(file) as picture:
        assert (picture.format, picture.size) == ("JPEG", (1072, 603) if lead else (720, 480))
    assert file.stat().st_size <= (150_000 if lead else 60_000)


def test_the_logo_stands_on_a_plate_of_its_own() -> None:
    """Opaque, so that it shows on light and on dark."""
    file = ROOT / "templates/images/logo.png"
    with Image.open(file) as logo:
        assert (logo.format, logo.width) == ("PNG", 280)
        assert logo.convert("RGBA").getextrema()[3] == (255, 255)
    assert file.stat().st_size <= 15_000


def test_every_picture_that_an_article_names_is_there_and_every_picture_is_named() -> None:
    named = set()
    for article in CAMPAIGNS.rglob("*.md"):
        for path in re.findall(r"^  file: (\S+)$", article.read_text("utf-8"), re.M):
            found = [home / path for home in (article.parents[2], article.parents[1], ROOT) if (home / path).is_file()]
            assert found, f"{article}: {path}"
            named.add(found[0].name)
    assert named == {file.name for file in PICTURES}
