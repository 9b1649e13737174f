"""A frame on a picture: in percent, so that it holds for any copy of it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from newsletter.model.crop import ASPECTS, Crop, frame

PERCENT = st.floats(1, 100).map(lambda each: round(each, 2))
SIDE = st.integers(40, 6000)


@st.composite
def frames(draw: st.DrawFn) -> Crop:
    width, height = draw(PERCENT), draw(PERCENT)
    return frame(draw(st.floats(0, 100 - width)), draw(st.floats(0, 100 - height)), width, height)


@given(frames(), SIDE, SIDE)
def test_a_frame_is_at_least_a_pixel_and_within_the_picture(crop: Crop, width: int, height: int) -> None:
    left, top, right, bottom = crop.box(width, height)
    assert 0 <= left < right <= width
    assert 0 <= top < bottom <= height


@given(frames(), st.sampled_from(sorted(ASPECTS)), st.integers(300, 6000), st.integers(300, 6000))
def test_a_frame_takes_an_aspect_and_keeps_it(crop: Crop, aspect: str, width: int, height: int) -> None:
    fitted = crop.fitted(aspect, width, height)
    assert fitted.fitted(aspect, width, height).box(width, height) == pytest.approx(fitted.box(width, height), abs=1)
    left, top, right, bottom = fitted.box(width, height)
    if fitted.width > 5 and fitted.height > 5:
        assert (right - left) / (bottom - top) == pytest.approx(ASPECTS[aspect], rel=0.15)
    assert Crop.model_validate(fitted.plain()) == fitted


def test_the_whole_as_an_aspect_is_its_middle() -> None:
    assert Crop().fitted("1:1", 400, 200).box(400, 200) == (100, 0, 300, 200)
    assert Crop().fitted("16:9", 400, 400).plain() == {"x": 0, "y": 21.88, "width": 100, "height": 56.25}
    assert Crop().fitted("free", 400, 200) == Crop()
    assert Crop().aspect(1600, 900) == "16:9"


def test_a_frame_beyond_the_picture_is_refused() -> None:
    with pytest.raises(ValidationError, match="beyond the picture"):
        Crop(x=60, width=50)
    with pytest.raises(ValidationError):
        Crop(width=0)
