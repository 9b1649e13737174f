"""What Word, Outlook and a .docx leave: headings, lists, links; and what is refused."""

from __future__ import annotations

import io
import zipfile

import pytest

from newsletter.gathering import pasting
from newsletter.gathering.pasting import UnreadableDocument, divided, of_docx, pasted, unwrapped

WORD = """\
<html xmlns:o="urn:schemas-microsoft-com:office:office"><head><style>p.MsoNormal {color: red}</style>
<!--[if gte mso 9]><xml><o:OfficeDocumentSettings/></xml><![endif]--></head><body lang=EN-GB>
<!--StartFragment--><h2 style='color:#2F5496'>The reform<o:p></o:p></h2>
<p class=MsoNormal style='margin:0'><span style='font-family:"Arial"'>It <b>begins</b> in
<a href="https://eur02.safelinks.protection.outlook.com/?url=https%3A%2F%2Fa.example%2Fx%3Fy%3D1&amp;data=05">May</a>.</span></p>
<p class=MsoListParagraphCxSpFirst style='mso-list:l0'><![if !supportLists]><span>&middot;<span>&nbsp;
</span></span><![endif]>One</p>
<p class=MsoListParagraphCxSpLast style='mso-list:l0'><![if !supportLists]><span>&middot;<span>&nbsp;
</span></span><![endif]>Two</p>
<p class=MsoListParagraph><![if !supportLists]>1.<span>&nbsp; </span><![endif]>First</p>
<p class=MsoNormal>End <script>alert(1)</script><a href="javascript:alert(1)">here</a></p>
<div id="Signature"><p>Ana, Communications</p></div><!--EndFragment--></body></html>"""


def test_the_clutter_of_word_goes_and_its_meaning_stays() -> None:
    assert pasted(WORD) == (
        "## The reform\n\nIt **begins** in [May](https://a.example/x?y=1).\n\n- One\n- Two\n\n1. First\n\nEnd here"
    )


@pytest.mark.parametrize(
    "address",
    [
        "https://nam01.safelinks.protection.outlook.com/?url=https%3A%2F%2Fa.example%2F&data=x",
        "https://www.google.com/url?q=https://a.example/&sa=D",
        "https://urldefense.com/v3/__https://a.example/__;!!abc$",
        "https://urldefense.proofpoint.com/v2/url?u=https-3A__a.example_&d=x",
    ],
)
def test_links_lead_where_they_say(address: str) -> None:
    assert unwrapped(address) == "https://a.example/"


def test_a_title_is_the_first_heading_or_a_short_line() -> None:
    assert divided("# A title\n\nText") == ("A title", "Text")
    assert divided("**A title**\n\nText") == ("A title", "Text")
    assert divided("- no title\n\nText") == ("", "- no title\n\nText")


def docx(body: str, **more: str) -> bytes:
    stream = io.BytesIO()
    word = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
    kind = "application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"
    office = "http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument"
    relations = "http://schemas.openxmlformats.org/package/2006/relationships"
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(
            "[Content_Types].xml",
            '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
            f'<Override PartName="/word/document.xml" ContentType="{kind}"/></Types>',
        )
        archive.writestr(
            "_rels/.rels",
            f'<Relationships xmlns="{relations}">'
            f'<Relationship Id="r1" Type="{office}" Target="word/document.xml"/></Relationships>',
        )
        archive.writestr(
            "word/document.xml",
            f'{more.get("top", "")}<w:document xmlns:w="{word}"><w:body>{body}</w:body></w:document>',
        )
    return stream.getvalue()


def paragraph(text: str) -> str:
    return f"<w:p><w:r><w:t>{text}</w:t></w:r></w:p>"


def test_a_word_document_is_read() -> None:
    assert of_docx(docx(paragraph("A counter opens") + paragraph("It opens at eight."))) == (
        "A counter opens\n\nIt opens at eight."
    )


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"PK\x03\x04 and nothing",
        docx(paragraph("x"), top='<!DOCTYPE a [<!ENTITY b "c">]>'),
        docx("<w:p>" * 20_000),
        docx(" " * 13_000_000),
    ],
    ids=["empty", "broken", "entities", "torn", "bomb"],
)
def test_what_is_made_to_harm_is_refused(content: bytes) -> None:
    with pytest.raises(UnreadableDocument):
        of_docx(content)


def test_deep_nesting_harms_nobody() -> None:
    assert isinstance(pasted("<div>" * 5_000 + "x" + "</div>" * 5_000), str)


def test_a_document_of_very_many_paragraphs_is_refused_before_it_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    assert of_docx(docx(paragraph("x") * 100))
    monkeypatch.setattr(pasting, "TAGS", 100)
    with pytest.raises(UnreadableDocument, match="too large"):
        of_docx(docx(paragraph("x") * 100))


def test_a_table_within_a_table_is_read_once_however_deep() -> None:
    """A layout of tables, as mail programs write it: each cell's text stands there once."""
    assert pasted("<table><tr><td>a<table><tr><td>b</td></tr></table></td><td>c</td></tr></table>") == "a\n\nb\n\nc"
    deep = "<table><tr><td>" * 40 + "inside" + "</td></tr></table>" * 40
    assert pasted(deep) == "inside"
