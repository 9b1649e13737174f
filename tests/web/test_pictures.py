"""The picture of an article: chosen, uploaded, cropped, described; what is none is refused, and files stay whole."""

from __future__ import annotations

import io
import re
import struct
import zlib
from collections.abc import Iterator
from pathlib import Path

import pytest
from httpx import Response
from PIL import Image
from starlette.testclient import TestClient

from newsletter.app import Workspace
from newsletter.clock import FixedClock
from newsletter.gathering.frontmatter import Front, split
from newsletter.model.crop import Crop
from newsletter.model.issue import IssueState
from newsletter.web.studio.preview import PICTURES
from newsletter.workflow.content import picture_files
from tests.gathering.test_images import drawing, moving, photo, saved
from tests.web.desk import client, csrf, scripted
from tests.workflow.office import ISSUE, approved, lay, office

AT = "/articles/news/hall/picture"
ROSA = '\n[people.rosa]\nname = "Rosa"\naddress = "rosa@example.org"\nroles = ["reader"]\n'
HALL = """---
# by hand
title:   "A new hall"   # the headline
topics: [building]
---

It  stands.
"""
SALLE = "---\ntitle: Une salle\n---\nElle est là.\n"


@pytest.fixture
def ws(tmp_path: Path, clock: FixedClock) -> Iterator[Workspace]:
    folder = lay(tmp_path / "ws", tables=ROSA)
    settings = folder / "newsletter.toml"
    settings.write_text(settings.read_text().replace('languages = ["en"]', 'languages = ["en", "fr"]'))
    definition = folder / "campaigns/news/campaign.yaml"
    definition.write_text(definition.read_text().replace("subject: {", "subject: {fr: Nouvelles, "))
    articles = folder / "campaigns/news/articles"
    (articles / "hall.en.md").write_text(HALL)
    (articles / "hall.fr.md").write_text(SALLE)
    (articles / "door.en.md").write_text(
        "---\ntitle: A door\npicture: {file: pictures/door.png, alt: A red door, credit: 'Photo: Zoë'}\n---\nOpen.\n"
    )
    pictures = folder / "campaigns/news/pictures"
    pictures.mkdir()
    (pictures / "door.png").write_bytes(saved(drawing(1400, 700)))
    with office(folder, clock) as opened:
        yield opened


@pytest.fixture
def ana(ws: Workspace) -> TestClient:
    return scripted(ws, "ana")


def text(ws: Workspace, name: str = "hall.en.md") -> str:
    return (ws.context.folder / "campaigns/news/articles" / name).read_text()


def front(ws: Workspace, name: str = "hall.en.md") -> Front:
    return split(text(ws, name), name)[0]


def upload(browser: TestClient, content: bytes, name: str = "A Hall.JPG") -> Response:
    answer: Response = browser.post(f"{AT}/upload", files={"file": (name, content)})
    return answer


def stands(browser: TestClient, page: str = AT) -> str:
    found = re.search(r'name="made_from" value="(\w+)"', browser.get(page).text)
    assert found
    return found[1]


def images(page: str) -> list[str]:
    return [each.replace("&amp;", "&") for each in re.findall(r'<img[^>]* src="(/pictures[^"]+)"', page)]


def test_a_picture_is_uploaded_without_what_the_camera_noted(ws: Workspace, ana: TestClient) -> None:
    assert "There is no picture yet" in ana.get(AT).text
    exif = Image.Exif()
    exif[0x0112], exif[0x010E] = 6, "where it was taken"
    answer = upload(ana, saved(photo(1200, 800), "JPEG", exif=exif))
    assert answer.headers["location"].startswith(f"{AT}?said=")
    assert text(ws) == HALL.replace("[building]\n", "[building]\npicture:\n  file: pictures/a-hall.jpg\n")
    assert text(ws, "hall.fr.md") == SALLE
    kept = Image.open(ws.context.folder / "campaigns/news/pictures/a-hall.jpg")
    assert (kept.size, len(kept.getexif())) == ((800, 1200), 0)
    page = ana.get(AT).text
    assert page.count("Missing: readers") == 2
    (image,) = images(page)
    shown = ana.get(image)
    assert shown.headers["content-type"] == "image/jpeg"
    again = ana.get(image, headers={"if-none-match": shown.headers["etag"]})
    assert again.status_code == 304
    upload(ana, saved(drawing(400, 300), "PNG"), "a-hall.jpg")
    upload(ana, saved(photo(1200, 800, noise=60), "JPEG"), "../../a-hall.jpg")
    assert front(ws).the_picture.source == "pictures/a-hall-2.jpg"
    assert sorted(each.name for each in (ws.context.folder / "campaigns/news/pictures").iterdir()) == [
        *("a-hall-2.jpg", "a-hall.jpg", "a-hall.png", "door.png")
    ]


def bomb(width: int, height: int) -> bytes:
    """A PNG of a few hundred bytes that says it is as large as this."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    rows = chunk(b"IDAT", zlib.compress(b"\0" * 1000))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + rows + chunk(b"IEND", b"")


def test_what_is_no_picture_or_too_large_is_refused_in_a_sentence(
    ws: Workspace, ana: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    svg = b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>"
    tiff = saved(drawing(40, 30), "TIFF")
    cases = [
        ("a.png", b"MZ" + b"\0" * 400, "no picture that can be read"),
        ("a.jpg", b"<html><script>alert(1)</script></html>", "no picture that can be read"),
        ("a.png", svg, "is an SVG"),
        ("a.jpg", tiff, "no picture that can be read"),
        ("a.png", saved(drawing(400, 300))[:-300], "is damaged"),
        ("a.png", bomb(9000, 9000), "scale it down first"),
        ("a.png", bomb(60_000, 60_000), "scale it down first"),
    ]
    for name, content, sentence in cases:
        answer = upload(ana, content, name)
        assert (answer.status_code, sentence in answer.text) == (422, True), (sentence, answer.text[-3000:])
    monkeypatch.setattr(picture_files, "LARGEST", 1000)
    answer = upload(ana, saved(drawing(400, 300)), "a.png")
    assert answer.status_code == 422
    assert "too large" in answer.text
    assert text(ws) == HALL
    assert [each.name for each in (ws.context.folder / "campaigns/news/pictures").iterdir()] == ["door.png"]


def test_a_picture_of_the_workspace_is_found_and_chosen_with_its_words(ws: Workspace, ana: TestClient) -> None:
    page = ana.get(f"{AT}/choose").text
    assert "door.png" in page
    assert "Photo: Zoë" in page
    assert "A door" in page
    assert all(ana.get(each).status_code == 200 for each in images(page))
    assert "door.png" in ana.get(f"{AT}/choose?asked=zoë").text
    assert "No picture says this" in ana.get(f"{AT}/choose?asked=harbour").text
    assert ana.post(f"{AT}/choose", data={"source": "pictures/door.png"}).status_code == 303
    picture = front(ws).picture
    assert picture
    assert (picture.file, picture.alt, picture.credit) == ("pictures/door.png", "A red door", "Photo: Zoë")
    assert text(ws, "hall.fr.md") == SALLE
    assert "Missing: readers" in ana.get(AT).text  # in French


@pytest.mark.parametrize(
    "source",
    [
        *("pictures/none.png", "../../etc/passwd", "newsletter.toml", ".newsletter/secrets.env", "articles/hall.en.md"),
        *("https://a.example/x.png", "/etc/hosts", "a\0b.png", ""),
    ],
)
def test_nothing_else_of_the_workspace_is_chosen_or_shown(ws: Workspace, ana: TestClient, source: str) -> None:
    assert ana.post(f"{AT}/choose", data={"source": source}).status_code == 422
    assert text(ws) == HALL
    for path in (source, f"campaigns/news/{source}"):
        assert ana.get("/pictures", params={"file": path}).status_code == 404


def test_an_image_comes_at_the_sizes_of_pages_and_no_other(ana: TestClient) -> None:
    door = {"file": "campaigns/news/pictures/door.png"}
    whole, part = ana.get("/pictures", params=door), ana.get("/pictures", params=door | {"crop": "0_0_50_100"})
    sizes = [Image.open(io.BytesIO(each.content)).size for each in (whole, part)]
    assert sizes == [(320, 160), (320, 320)]
    for wrong in ({"use": "kept"}, {"crop": "1_2"}, {"crop": "a_b_c_d"}, {"crop": "0_0_0_0"}, {"crop": "90_0_50_50"}):
        assert ana.get("/pictures", params=door | wrong).status_code == 404


def test_what_it_says_is_kept_by_language_and_the_credit_once(ws: Workspace, ana: TestClient) -> None:
    upload(ana, saved(drawing(800, 600)), "hall.png")
    words = {"alt.en": "A hall:  round & bright", "alt.fr": "Une salle ronde", "credit": "Photo: Zoë"}
    answer = ana.post(AT, data={"made_from": stands(ana), **words})
    assert answer.status_code == 303
    assert front(ws).the_picture == split(text(ws), "x")[0].the_picture
    assert "  file: pictures/hall.png\n  alt: 'A hall: round & bright'\n  credit: 'Photo: Zoë'\n" in text(ws)
    french = front(ws, "hall.fr.md").picture
    assert french
    assert (french.file, french.alt, french.credit) == ("pictures/hall.png", "Une salle ronde", "Photo: Zoë")
    page = ana.get(AT).text
    assert "Missing: readers" not in page
    before = text(ws)
    ana.post(AT, data={"made_from": stands(ana), **words, "alt.fr": "Une salle"})
    assert text(ws) == before
    assert front(ws, "hall.fr.md").picture.alt == "Une salle"
    late = ana.post(AT, data={"made_from": "0" * 16, **words, "alt.en": "Typed late"})
    assert late.status_code == 409
    assert "Typed late" in late.text
    assert text(ws) == before
    ana.post(AT, data={"made_from": stands(ana), "alt.en": "", "alt.fr": "", "credit": ""})
    assert ana.get(AT).text.count("Missing: readers") == 2


def test_credits_that_differ_by_language_stay_apart(ws: Workspace, ana: TestClient) -> None:
    articles = ws.context.folder / "campaigns/news/articles"
    for name, credit in (("hall.en.md", "Drawing: A"), ("hall.fr.md", "Dessin : A")):
        file = articles / name
        file.write_text(f"---\ntitle: A hall\npicture: {{file: pictures/door.png, credit: '{credit}'}}\n---\nText\n")
    page = ana.get(AT).text
    assert 'value="Drawing: A"' in page
    assert 'value="Dessin : A"' in page
    words = {"alt.en": "A door", "alt.fr": "Une porte", "credit.en": "Drawing: A", "credit.fr": "Dessin : B"}
    ana.post(AT, data={"made_from": stands(ana), **words})
    assert [front(ws, name).picture.credit for name in ("hall.en.md", "hall.fr.md")] == ["Drawing: A", "Dessin : B"]


def test_a_language_with_a_picture_of_its_own_keeps_it(ws: Workspace, ana: TestClient) -> None:
    upload(ana, saved(drawing(800, 600)), "hall.png")
    file = ws.context.folder / "campaigns/news/articles/hall.fr.md"
    file.write_text(SALLE.replace("---\nE", "picture: {file: pictures/door.png, alt: Une porte}\n---\nE"))
    assert "a picture of its own" in ana.get(AT).text
    upload(ana, saved(drawing(700, 600)), "other.png")
    ana.post(AT, data={"made_from": stands(ana), "alt.en": "x", "alt.fr": "Une porte rouge", "credit": "Zoë"})
    french = front(ws, "hall.fr.md").picture
    assert french
    assert (french.file, french.alt, french.credit) == ("pictures/door.png", "Une porte rouge", "")
    ana.post(f"{AT}/remove")
    assert front(ws).picture is None
    assert front(ws, "hall.fr.md").picture == french


def test_a_part_is_chosen_by_numbers_and_can_be_chosen_anew(ws: Workspace, ana: TestClient) -> None:
    upload(ana, saved(photo(1600, 1000), "JPEG"), "hall.jpg")
    page = f"{AT}/crop"
    original = (ws.context.folder / "campaigns/news/pictures/hall.jpg").read_bytes()

    def crop(**typed: object) -> Response:
        form = {"made_from": stands(ana, page), "x": "0", "y": "0", "width": "100", "height": "100", **typed}
        answer: Response = ana.post(page, data=form)
        return answer

    before = text(ws)
    looked = crop(aspect="1:1", then="look")
    assert "1000 × 1000 pixels" in looked.text
    assert text(ws) == before
    assert crop(aspect="1:1").status_code == 303
    assert "  crop: {x: 18.75, y: 0, width: 62.5, height: 100}\n" in text(ws)
    assert 'value="1:1" data-ratio="1.0" checked' in ana.get(page).text
    (image,) = images(ana.get(AT).text)
    assert Image.open(io.BytesIO(ana.get(image).content)).size == (1000, 1000)
    assert crop(x="10", y="20", width="50,5", height="40.25", aspect="").status_code == 303
    assert front(ws).picture.crop == Crop(x=10, y=20, width=50.5, height=40.25)
    for wrong in ({"x": "60", "width": "50"}, {"x": "-1"}, {"width": "0"}, {"y": "nan"}, {"height": "wide"}, {"x": ""}):
        answer = crop(**wrong)
        assert (answer.status_code, "There is a problem" in answer.text) == (422, True), wrong
    assert crop(width="1", height="1").status_code == 422  # 16 by 10 pixels
    assert ana.post(page, data={"made_from": "x", "x": "0", "y": "0", "width": "9", "height": "9"}).status_code == 409
    assert crop(then="whole").status_code == 303
    assert front(ws).picture.crop is None
    assert (ws.context.folder / "campaigns/news/pictures/hall.jpg").read_bytes() == original


def test_the_part_stands_in_the_message(ws: Workspace, ana: TestClient) -> None:
    upload(ana, saved(photo(1600, 1000), "JPEG"), "hall.jpg")
    page = f"{AT}/crop"
    square = {"x": "0", "y": "0", "width": "100", "height": "100", "aspect": "1:1"}
    ana.post(page, data={"made_from": stands(ana, page), **square})
    ana.post("/articles/news/hall/use", data={"place": "2026-12/news"})
    ws.gather("news", key="2026-12", person="ana")
    sizes = {(each.width, each.height) for each in ws.compose(ISSUE).composition.assets.values()}
    assert (720, 720) in sizes


def test_a_change_takes_the_approval_of_an_issue_that_shows_it(ws: Workspace, ana: TestClient) -> None:
    ws.gather("news", key="2026-12", person="ana")
    approved(ws)
    answer = upload(ana, saved(drawing(800, 600)), "hall.png")
    assert "no longer holds" in ana.get(answer.headers["location"]).text
    assert ws.issue(ISSUE).state is IssueState.DRAFT


def test_others_and_forged_forms_change_nothing(ws: Workspace) -> None:
    content = saved(drawing(400, 300))
    rosa = client(ws, "rosa")
    token = csrf(rosa.get("/account").text)
    for path in ("", "/upload", "/remove", "/choose", "/crop"):
        files = {"file": ("a.png", content)}
        assert rosa.post(AT + path, data={"csrf": token, "source": "x"}, files=files).status_code == 403, path
    assert rosa.get(AT).status_code == 403
    browser = client(ws, "ana")
    assert browser.post(f"{AT}/upload", files={"file": ("a.png", content)}).status_code == 403
    assert client(ws).get("/pictures", params={"file": "campaigns/news/pictures/door.png"}).status_code == 303
    assert text(ws) == HALL
    assert len(list((ws.context.folder / "campaigns/news/pictures").iterdir())) == 1


def test_a_gathered_article_and_one_that_is_not_there(ws: Workspace, ana: TestClient) -> None:
    answer = ana.get("/articles/news/counter/picture")  # a .txt
    assert answer.status_code == 422
    assert "in an issue that uses it" in answer.text
    assert ana.get("/articles/news/nowhere/picture").status_code == 404


def test_a_picture_that_went_away_is_told(ws: Workspace, ana: TestClient) -> None:
    upload(ana, saved(drawing(800, 600)), "hall.png")
    (ws.context.folder / "campaigns/news/pictures/hall.png").unlink()
    page = ana.get(AT)
    assert page.status_code == 200
    assert "cannot be shown" in page.text
    assert ana.get(f"{AT}/crop").status_code == 200


def test_the_article_and_its_editing_lead_to_the_picture(ws: Workspace, ana: TestClient) -> None:
    upload(ana, saved(drawing(800, 600)), "hall.png")
    for page in ("/articles/news/hall", "/articles/news/hall/fr/edit"):
        (image,) = images(ana.get(page).text)
        assert ana.get(image).status_code == 200
    edit = "/articles/news/hall/fr/edit"
    form = {"made_from": stands(ana, edit), "title": "Une grande salle", "body": "Elle est là.", "then": "picture"}
    assert ana.post(edit, data=form).headers["location"].startswith(AT)
    assert front(ws, "hall.fr.md").title == "Une grande salle"


def test_a_language_gets_another_picture_and_gives_it_back(ws: Workspace, ana: TestClient) -> None:
    upload(ana, saved(drawing(800, 600)), "hall.png")
    english, alone = text(ws), f"{AT}/in/fr"
    assert f'href="{alone}"' in ana.get(AT).text
    assert "holds for this language alone" in ana.get(alone).text
    assert ana.post(f"{alone}/own").status_code == 422  # it has none of its own
    answer = ana.post(f"{alone}/upload", files={"file": ("Salle.png", saved(drawing(700, 500)))})
    assert answer.headers["location"].startswith(f"{alone}?said=")
    square = {"x": "0", "y": "0", "width": "50", "height": "100", "aspect": ""}
    ana.post(f"{alone}/crop", data={"made_from": stands(ana, f"{alone}/crop"), **square})
    ana.post(alone, data={"made_from": stands(ana, alone), "alt.fr": "Une salle", "credit": "Zoë"})
    assert text(ws) == english
    french = front(ws, "hall.fr.md").picture
    assert french
    assert (french.file, french.alt, french.credit) == ("pictures/salle.png", "Une salle", "Zoë")
    assert french.crop == Crop(x=0, y=0, width=50, height=100)
    assert "This language shows a picture of its own" in ana.get(alone).text
    german = ws.context.folder / "campaigns/news/articles/hall.de.md"
    german.write_text("---\ntitle: Eine Halle\n---\nSie steht.\n")
    assert "of its own" not in ana.get(f"{AT}/in/de").text  # it shows that of the English text
    assert ana.post(f"{alone}/own").headers["location"].startswith(f"{AT}?said=")
    assert text(ws, "hall.fr.md") == SALLE
    assert text(ws) == english


def test_languages_that_borrow_a_picture_keep_it_when_the_lender_gets_another(ws: Workspace, ana: TestClient) -> None:
    ana.post(f"{AT}/choose", data={"source": "pictures/door.png"})
    before = text(ws, "hall.fr.md")
    alone = f"{AT}/in/en"
    ana.post(alone, data={"made_from": stands(ana, alone), "alt.en": "Only words", "credit": "Photo: Zoë"})
    assert text(ws, "hall.fr.md") == before == SALLE
    ana.post(f"{alone}/upload", files={"file": ("Hall.png", saved(drawing(700, 500)))})
    assert front(ws).the_picture.source == "pictures/hall.png"
    french = front(ws, "hall.fr.md").picture
    assert french
    assert (french.file, french.alt, french.credit) == ("pictures/door.png", "", "Photo: Zoë")
    ana.post(f"{alone}/own")
    assert front(ws).picture is None
    assert "door.png" in ana.get(AT).text
    assert ana.get(f"{AT}/in/de").status_code == 422


def test_a_moving_picture_is_kept_moving_or_refused(ws: Workspace, ana: TestClient) -> None:
    upload(ana, moving(600, 150), "Doors.gif")
    assert front(ws).the_picture.source == "pictures/doors.gif"
    kept = Image.open(ws.context.folder / "campaigns/news/pictures/doors.gif")
    assert getattr(kept, "n_frames", 1) == 4
    (image,) = images(ana.get(AT).text)
    assert ana.get(image).headers["content-type"] == "image/gif"
    ws.gather("news", key="2026-12", person="ana")
    (shown,) = [each for each in ws.compose(ISSUE).composition.assets.values() if each.media_type == "image/gif"]
    ana.get(f"/issues/{ISSUE}/preview")
    assert ana.get(f"{PICTURES}/{shown.file_name}").headers["content-type"] == "image/gif"
    approved(ws)
    assert client(ws).get(f"/a/{shown.file_name}").headers["content-type"] == "image/gif"
    answer = upload(ana, moving(183, 20, 61), "Rain.gif")
    assert (answer.status_code, "Rain.gif moves for too long" in answer.text) == (422, True)
    assert front(ws).the_picture.source == "pictures/doors.gif"
