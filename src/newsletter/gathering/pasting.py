"""Texts from Word and Outlook, pasted or as .docx: headings, lists and links stay, clutter goes.

Gone are styles, colours, comments, signatures, and the addresses in which mail filters wrap links.
"""

from __future__ import annotations

import io
import re
import zipfile
from urllib.parse import parse_qs, unquote, urlsplit

import lxml.html
import mammoth  # type: ignore[import-untyped]
from lxml.html import HtmlElement

from newsletter.errors import NewsletterError
from newsletter.gathering.html_markdown import to_markdown, without_controls
from newsletter.gathering.linking import web_address
from newsletter.i18n import say

PARTS = 2000  # files within a .docx
UNPACKED = 60_000_000  # bytes of all of them
TEXT = 12_000_000  # bytes of one that is XML: it is held as a tree
TAGS = 100_000  # of all that are XML, opening and closing: these are read within seconds, and are a book
LONGEST = 4_000_000  # characters of pasted HTML

TOO_LARGE = say("This Word document is too large: divide it, or upload it as text.")

_CONDITIONAL = re.compile(
    r"<!--\[if !?supportLists\]-->.*?<!--\[endif\]-->|<!\[if !supportLists\]>.*?<!\[endif\]>", re.S
)
_MARKS = re.compile(r"<!\[[^\]>]*\]>|<\?xml[^>]*>|</?[ovwm]:[^>]*>", re.IGNORECASE)
_LIST = re.compile(r"MsoListParagraph|ListParagraph", re.IGNORECASE)
_BULLET = re.compile(r"^\s*(?:[·•§‣▪o\uf0b7\uf0a7-]|\d{1,3}[.)]|[a-z][.)])[\s\xa0]+")
_NUMBER = re.compile(r"^\s*(?:\d{1,3}|[a-z])[.)]")
_SIGNATURE = (
    "//*[@id='Signature' or @id='signature' or contains(@class, 'gmail_signature') or contains(@class, 'MsoSignature')]"
)


class UnreadableDocument(NewsletterError):
    """A file that is not what its name says, or is made to harm."""


def pasted(html: str) -> str:
    """HTML from a clipboard as Markdown."""
    if len(html) > LONGEST:
        raise UnreadableDocument(say("This is too much to paste at once: upload it as a file."))
    lists = _CONDITIONAL.sub(lambda found: _plain_mark(found[0]), html)
    text = without_controls(_MARKS.sub("", lists))
    if not text.strip():
        return ""
    root = lxml.html.fragment_fromstring(text.replace("\r\n", "\n"), create_parent="div")
    for element in root.xpath(_SIGNATURE):
        element.drop_tree()
    _lists(root)
    return to_markdown(lxml.html.tostring(root, encoding="unicode"), unwrapped)


def of_docx(content: bytes) -> str:
    """A Word document as Markdown; pictures are left out (they are chosen apart). UnreadableDocument says why not."""
    _check(content)
    try:
        html = mammoth.convert_to_html(io.BytesIO(content), convert_image=mammoth.images.img_element(lambda _: {}))
    except (Exception, RecursionError) as error:
        raise UnreadableDocument(say("This Word document cannot be read: save it anew in Word as .docx.")) from error
    return pasted(html.value)


def unwrapped(address: str) -> str | None:
    """Where a link really leads: out of the wrapping of mail filters; None for what is no link of the web or mail."""
    for _ in range(5):
        inner = _inner(address)
        if inner is None:
            break
        address = inner
    if address.startswith(("mailto:", "tel:")):
        return address
    return web_address(address)


def divided(markdown: str) -> tuple[str, str]:
    """Title and body: a first heading, else a short first paragraph, is the title."""
    first, _, rest = markdown.partition("\n\n")
    heading = re.fullmatch(r"#{1,3} (.+)", first)
    if heading:
        return _bare(heading[1]), rest
    if "\n" not in first and len(first) <= 120 and rest and not first.startswith(("- ", "1. ", "> ", "|", "![")):
        return _bare(first), rest
    return "", markdown


def _bare(line: str) -> str:
    return re.sub(r"\\([^\w\s])", r"\1", line.strip().strip("*")).strip()


def _inner(address: str) -> str | None:
    parts = urlsplit(address)
    host, query = parts.hostname or "", parse_qs(parts.query)
    if host.endswith("safelinks.protection.outlook.com"):
        return next(iter(query.get("url", [])), None)
    if host in ("www.google.com", "google.com") and parts.path == "/url":
        return next(iter(query.get("q") or query.get("url") or []), None)
    if host.endswith("urldefense.com") and (found := re.search(r"/v3/__(.+?)__;", address)):
        return unquote(found[1])
    if host.endswith("urldefense.proofpoint.com") and "u" in query:
        return unquote(query["u"][0].replace("-", "%").replace("_", "/"))
    return None


def _plain_mark(mark: str) -> str:
    """The bullet or number that Word writes into a list paragraph."""
    text = re.sub(r"<[^>]*>|&nbsp;", " ", mark)
    return f"{text.strip()} "


def _lists(root: HtmlElement) -> None:
    """Word's list paragraphs become lists."""
    current: HtmlElement | None = None
    for paragraph in list(root.iter("p")):
        text = paragraph.text_content()
        if not _LIST.search(paragraph.get("class", "")) or not _BULLET.match(text):
            current = None
            continue
        kind = "ol" if _NUMBER.match(text) else "ul"
        previous = paragraph.getprevious()
        if current is None or previous is not current or current.tag != kind:
            current = lxml.html.Element(kind)
            paragraph.addprevious(current)
        _without_bullet(paragraph)
        paragraph.tag, paragraph.tail = "li", None
        current.append(paragraph)


def _without_bullet(element: HtmlElement) -> None:
    for each in element.iter():
        if each.text and each.text.strip():
            each.text = _BULLET.sub("", each.text + (" " if not _BULLET.match(each.text) else ""), count=1)
            return


def _check(content: bytes) -> None:
    """Before anything is unpacked: what the archive says of itself; then that no part declares entities."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            parts = archive.infolist()
            if "word/document.xml" not in archive.namelist():
                raise UnreadableDocument(say("This is no Word document (.docx)."))
            texts = [part for part in parts if part.filename.endswith((".xml", ".rels"))]
            largest = max(part.file_size for part in texts)
            if len(parts) > PARTS or sum(part.file_size for part in parts) > UNPACKED or largest > TEXT:
                raise UnreadableDocument(TOO_LARGE)
            tags = 0
            for part in texts:
                with archive.open(part) as stream:  # reads no more than the size that it states
                    content = stream.read(TEXT + 1)
                if b"<!DOCTYPE" in content[:2000].upper():
                    raise UnreadableDocument(say("This Word document holds what none should: it is not read."))
                tags += content.count(b"<")
            if tags > TAGS:
                raise UnreadableDocument(TOO_LARGE)
    except (zipfile.BadZipFile, OSError, ValueError, RuntimeError, NotImplementedError) as error:
        raise UnreadableDocument(say("This is no Word document (.docx).")) from error
