from __future__ import annotations

import io
import random
import struct
import zlib
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image, ImageCms, ImageDraw

from newsletter.gathering import moving as moving_pictures
from newsletter.gathering.images import PLACES, Asset, PictureError, make_asset, upright_size
from newsletter.model.crop import Crop


def saved(picture: Image.Image, kind: str = "PNG", **options: Any) -> bytes:
    stream = io.BytesIO()
    picture.save(stream, kind, **options)
    return stream.getvalue()


def photo(width: int, height: int, *, noise: int = 40) -> Image.Image:
    """Like a photograph: gradients with grain."""
    grain = Image.frombytes("L", (width, height), random.Random(1).randbytes(width * height))
    base = Image.linear_gradient("L").resize((width, height))
    mixed = Image.blend(base, grain, noise / 255)
    return Image.merge("RGB", (mixed, mixed.transpose(Image.Transpose.FLIP_LEFT_RIGHT), base))


def drawing(width: int = 1400, height: int = 700) -> Image.Image:
    picture = Image.new("RGB", (width, height), "#0B5A8A")
    draw = ImageDraw.Draw(picture)
    for number in range(12):
        draw.ellipse((number * 90, 40, number * 90 + 200, 240), fill=(40 * (number % 6), 120, 200))
    return picture


def opened(asset: Asset) -> Image.Image:
    return Image.open(io.BytesIO(asset.content))


@pytest.mark.parametrize("use", PLACES)
@pytest.mark.parametrize("noise", [10, 160])
def test_a_photograph_fits_its_place_in_width_and_bytes(use: str, noise: int) -> None:
    asset = make_asset(saved(photo(1800, 1100, noise=noise), "JPEG", quality=95), use=use, name="a.jpg")
    place = PLACES[use]
    assert asset.width <= place.width
    assert len(asset.content) <= place.limit
    assert abs(asset.width / asset.height - 1800 / 1100) < 0.02
    assert opened(asset).size == (asset.width, asset.height)
    if use != "logo":
        assert asset.media_type == "image/jpeg"


def test_a_small_picture_is_never_blown_up() -> None:
    assert make_asset(saved(photo(300, 200)), use="lead", name="a.png").width == 300


def test_drawings_and_logos_stay_png() -> None:
    assert make_asset(saved(drawing()), use="card", name="a.png").media_type == "image/png"
    logo = Image.new("RGBA", (560, 120), (0, 0, 0, 0))
    ImageDraw.Draw(logo).rectangle((10, 10, 300, 100), fill="#B4531A")
    asset = make_asset(saved(logo), use="logo", name="logo.png")
    assert (asset.media_type, asset.width) == ("image/png", 280)
    assert opened(asset).convert("RGBA").getpixel((0, 0))[3] == 0  # type: ignore[index]


def test_an_opaque_alpha_channel_does_not_make_a_photograph_png() -> None:
    assert make_asset(saved(photo(900, 600).convert("RGBA")), name="a.png").media_type == "image/jpeg"


def test_a_transparent_photograph_within_its_bytes() -> None:
    picture = photo(720, 480, noise=100).convert("RGBA")
    picture.putalpha(Image.linear_gradient("L").resize((720, 480)))
    asset = make_asset(saved(picture), name="a.png")
    assert asset.media_type == "image/png"
    assert len(asset.content) < len(saved(picture)) / 2


@pytest.mark.parametrize("kind", ["WEBP", "GIF", "BMP", "TIFF"])
def test_what_mail_programs_do_not_show_becomes_what_they_do(kind: str) -> None:
    asset = make_asset(saved(photo(400, 300), kind), name=f"a.{kind.lower()}")
    assert asset.content.startswith((b"\xff\xd8", b"\x89PNG"))


def test_the_first_frame_of_a_moving_picture() -> None:
    frames = [Image.new("RGB", (40, 40), colour) for colour in ("red", "blue")]
    asset = make_asset(saved(frames[0], "GIF", save_all=True, append_images=frames[1:]), name="a.gif")
    assert opened(asset).convert("RGB").getpixel((5, 5)) == (255, 0, 0)


def test_a_picture_taken_on_its_side_stands_upright_and_says_nothing_of_its_maker() -> None:
    exif = Image.Exif()
    exif[0x0112], exif[0x013B], exif[0x8825] = 6, "Maker", {1: "N", 2: (46.0, 12.0, 0.0)}
    asset = make_asset(saved(photo(300, 200), "JPEG", exif=exif, comment=b"SECRET"), name="a.jpg")
    assert (asset.width, asset.height) == (200, 300)
    assert b"Maker" not in asset.content
    assert b"SECRET" not in asset.content
    assert not opened(asset).getexif()
    assert "icc_profile" not in opened(asset).info


def test_other_colours_become_srgb() -> None:
    assert opened(make_asset(saved(photo(100, 100).convert("CMYK"), "JPEG"), name="a.jpg")).mode == "RGB"
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    same = make_asset(saved(drawing(), icc_profile=profile), name="a.png")
    assert opened(same).convert("RGB").getpixel((10, 350)) == (11, 90, 138)
    broken = saved(drawing(), icc_profile=b"nonsense" * 30)
    with pytest.raises(PictureError, match="is damaged"):
        make_asset(broken, name="a.png")


def test_sixteen_bits_keep_their_greys() -> None:
    picture = Image.new("I;16", (10, 10), 32896)
    assert opened(make_asset(saved(picture), name="a.png")).convert("L").getpixel((5, 5)) in (127, 128, 129)


def test_the_same_picture_gives_the_same_bytes() -> None:
    data = saved(photo(900, 600), "JPEG")
    assert make_asset(data, name="a").sha256 == make_asset(data, name="b").sha256


def header_only(width: int, height: int) -> bytes:
    """A PNG that claims a size and holds almost nothing."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(b"\0" * 1000)) + chunk(b"IEND", b"")
    )


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (header_only(9_000, 9_000), "has 9000 x 9000 pixels: scale it down"),
        (header_only(60_000, 60_000), "scale it down"),
        (
            b'<?xml version="1.0"?>\n<!-- x -->\n<svg xmlns="http://www.w3.org/2000/svg"/>',
            "is an SVG.*export it as PNG",
        ),
        (b"\xef\xbb\xbf  <SVG>", "is an SVG"),
        (b"", "no picture that can be read"),
        (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n", "no picture that can be read"),
        (b"<html>404</html>", "no picture that can be read"),
        (saved(drawing(), "JPEG")[:2000], "is damaged"),
        (header_only(100, 100), "is damaged"),
    ],
)
def test_what_cannot_be_used_is_said_with_its_name(data: bytes, reason: str) -> None:
    with pytest.raises(PictureError, match=rf"^pictures/x\.png .*{reason}"):
        make_asset(data, name="pictures/x.png")


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_damaged_bytes_never_raise_anything_else(data: st.DataObject) -> None:
    kind = data.draw(st.sampled_from(["PNG", "JPEG", "GIF", "WEBP"]))
    good = saved(photo(40, 30), kind)
    start, end = sorted(data.draw(st.tuples(st.integers(0, len(good)), st.integers(0, len(good)))))
    with suppress(PictureError):
        make_asset(good[:start] + data.draw(st.binary(max_size=8)) + good[end:], name="a")


def test_a_part_is_cut_from_the_upright_picture_and_says_nothing_else() -> None:
    """Stored on its side, its upper half is red once upright; the camera's notes go."""
    picture = Image.new("RGB", (200, 400), "red")
    picture.paste("blue", (0, 200, 200, 400))
    exif = Image.Exif()
    exif[0x0112], exif[0x010E] = 6, "where it was taken"
    lying = saved(picture.transpose(Image.Transpose.ROTATE_90), "JPEG", exif=exif)
    assert upright_size(lying, "a.jpg") == (200, 400)
    asset = make_asset(lying, name="a.jpg", crop=Crop(x=25, y=0, width=50, height=45))
    assert (asset.width, asset.height) == (100, 180)
    assert opened(asset).convert("RGB").getcolors() == [(100 * 180, (254, 0, 0))]
    assert not opened(asset).getexif()
    assert make_asset(lying, name="a.jpg", crop=Crop()) == make_asset(lying, name="a.jpg")


def moving(width: int, height: int, frames: int = 4, *, alpha: bool = False, **options: Any) -> bytes:
    """A red disc that goes from left to right on blue, or on nothing."""
    pictures = []
    for number in range(frames):
        picture = Image.new("RGBA", (width, height), (0, 0, 0, 0) if alpha else (11, 90, 138, 255))
        left = number * width // frames
        ImageDraw.Draw(picture).ellipse((left, 0, left + width // frames, height), fill=(200, 0, 0, 255))
        pictures.append(picture if alpha else picture.convert("RGB"))
    options = {"duration": [50 * (number + 1) for number in range(frames)], "loop": 3, **options}
    return saved(pictures[0], "GIF", save_all=True, append_images=pictures[1:], **options)


def frames_of(asset: Asset) -> list[Image.Image]:
    picture = opened(asset)
    frames = []
    for number in range(getattr(picture, "n_frames", 1)):
        picture.seek(number)
        frames.append(picture.convert("RGBA"))
    return frames


@pytest.mark.parametrize("alpha", [False, True])
def test_a_moving_gif_keeps_its_movement_at_the_width_of_its_place(alpha: bool) -> None:
    data = moving(1440, 400, alpha=alpha, comment=b"SECRET", disposal=2)
    asset = make_asset(data, use="card", name="a.gif")
    assert (asset.media_type, asset.width, asset.height, asset.still) == ("image/gif", 720, 200, False)
    assert b"SECRET" not in asset.content
    frames = frames_of(asset)
    assert [frame.size for frame in frames] == [(720, 200)] * 4
    for number, frame in enumerate(frames):
        colours = [frame.getpixel((each * 180 + 90, 100)) for each in range(4)]
        reds = [isinstance(colour, tuple) and colour[0] > 150 and colour[3] > 0 for colour in colours]
        assert reds == [each == number for each in range(4)], number
        corner = frame.getpixel((0, 0))
        assert isinstance(corner, tuple)
        assert (corner[3] == 0) == alpha
    picture = opened(asset)
    assert picture.info["loop"] == 3
    durations = []
    for number in range(4):
        picture.seek(number)
        durations.append(picture.info["duration"])
    assert durations == [50, 100, 150, 200]
    assert make_asset(data, use="card", name="a.gif") == asset


def test_a_part_of_a_moving_gif_and_where_nothing_moves() -> None:
    data = moving(800, 200)
    part = make_asset(data, use="lead", name="a.gif", crop=Crop(x=0, y=0, width=50, height=100))
    assert (part.media_type, part.width, part.height) == ("image/gif", 400, 200)
    assert len(frames_of(make_asset(data, use="kept", name="a.gif"))) == 4
    for use in ("logo", "thumb"):
        assert make_asset(data, use=use, name="a.gif").media_type in ("image/png", "image/jpeg")


def noisy(width: int, height: int, frames: int) -> bytes:
    grain = [
        Image.frombytes("L", (width, height), random.Random(each).randbytes(width * height)) for each in range(frames)
    ]
    return saved(grain[0], "GIF", save_all=True, append_images=grain[1:])


def test_a_movement_that_is_too_heavy_is_shown_half_as_wide_or_not_at_all() -> None:
    half = make_asset(noisy(640, 400, 6), use="lead", name="a.gif")
    assert (half.media_type, half.width, half.still) == ("image/gif", 320, False)
    assert len(half.content) <= PLACES["lead"].moving
    still = make_asset(noisy(1000, 900, 12), use="lead", name="a.gif")
    assert (still.media_type, still.still) == ("image/jpeg", True)
    assert len(still.content) <= PLACES["lead"].limit


def test_too_many_frames_or_pixels_are_never_decoded(monkeypatch: pytest.MonkeyPatch) -> None:
    assert len(frames_of(make_asset(moving(180, 20, 60), name="a.gif"))) == 60
    assert make_asset(moving(183, 20, 61), name="a.gif").still
    flat = [Image.new("P", (6000, 5000), number) for number in range(3)]
    bomb = saved(flat[0], "GIF", save_all=True, append_images=flat[1:])
    assert len(bomb) < 200_000
    seen: list[int] = []
    monkeypatch.setattr(moving_pictures, "_small", lambda frame, *_: seen.append(1) or frame.convert("RGB"))
    assert make_asset(bomb, name="a.gif").still
    assert len(seen) == 1
    with pytest.raises(PictureError, match="scale it down first"):
        make_asset(b"GIF89a" + struct.pack("<HH", 60_000, 60_000) + bomb[10:], name="a.gif")


def test_a_damaged_movement_is_one_sentence() -> None:
    data = moving(400, 100)
    with pytest.raises(PictureError, match=r"is damaged|no picture"):
        make_asset(data[: len(data) // 2], name="a.gif")
