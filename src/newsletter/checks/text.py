"""The words: what a machine left in them, how they are set, and in which language they are."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from newsletter.checks.checked import HEADINGS, Checked, text_of
from newsletter.checks.finding import Finding, Rule, error, warning

LONGEST_SUBJECT = 60
PREVIEW = (40, 90)  # characters
READ = 120  # letters from which the language of a text is sure enough

SUBJECT = error("subject", "A message without a subject is not opened, and often taken for junk.", "Write a subject.")
LONG_SUBJECT = warning("subject-length", "Phones cut it off.", "Say it in 60 characters, the point first.")
NO_PREVIEW = warning(
    "preview",
    "Inboxes then show the first words of the message, such as the language links.",
    "Write a preview of 40 to 90 characters that adds to the subject.",
)
PREVIEW_LENGTH = warning(
    "preview-length", "A short one is filled up with other words, a long one cut off.", "Aim at 40 to 90 characters."
)
NO_TEXT = error("text-part", "Some readers and all filters look at the plain text.", "Write the template's .txt file.")
LEFTOVER = warning("leftover", "Readers see what was meant for a machine.", "Mend the text at its source.")
TYPOGRAPHY = warning("typography", "Careful readers notice.", "Set the text as its language is set.")
WRONG_LANGUAGE = warning(
    "part-language",
    "Readers get a text that they may not understand, and screen readers mispronounce it.",
    "Put the right translation in, or mark the text with its language.",
)

LEFTOVERS = (
    (re.compile(r"\{\{|\}\}|\{%|%\}"), "template marks"),
    (re.compile("\ufffd"), "a character that could not be read (U+FFFD)"),
    (re.compile(r"&(?:amp|nbsp|lt|gt|quot|#\d+);"), "an HTML entity"),
    (re.compile(r"Ã[\u0080-\u00bf]|â€[\u0080-\u00bf™œ\u009d]|Ø§Ù"), "text in a wrong encoding"),
)
STRAIGHT = (re.compile(r"""(?:^|[\s(])"\w|\w[.,!?…]?"(?=[\s).,;:!?]|$)"""), "straight quotation marks")
STRAIGHT_APOSTROPHE = (re.compile(r"\b\w+'\w+"), "a straight apostrophe")
RULES: dict[str, tuple[tuple[re.Pattern[str], str], ...]] = {
    "fr": (
        STRAIGHT,
        STRAIGHT_APOSTROPHE,
        (re.compile(r"\w+ [;:!?»](?=\s|$)"), "a plain space before a mark (the line may break there)"),
        (re.compile(r"« \w*"), "a plain space after « (the line may break there)"),
    ),
    "en": (STRAIGHT, STRAIGHT_APOSTROPHE),
    "de": (STRAIGHT, STRAIGHT_APOSTROPHE),
    "es": (STRAIGHT, STRAIGHT_APOSTROPHE),
    "ar": (STRAIGHT, (re.compile("\\w*\u200c\\w*"), "a zero-width non-joiner, which parts Arabic letters")),
}
_VERBATIM = re.compile(r"https?://\S+|\S+@\S+")


def check(checked: Checked) -> Iterator[Finding]:
    yield from _inbox(checked)
    if not checked.text.strip():
        yield checked.found(NO_TEXT, "there is no plain text")
    for place, text in (("subject", checked.subject), ("plain text", checked.text)):
        yield from _leftovers(checked, text, place)
    yield from _typography(checked, checked.subject, checked.language, "subject")
    for spot in checked.spots:
        if spot.text:
            yield from _leftovers(checked, spot.text, "HTML", spot.element)
            yield from _typography(checked, spot.text, spot.language, "HTML", spot.element)
    yield from _languages(checked)


def _inbox(checked: Checked) -> Iterator[Finding]:
    subject, preview = len(checked.subject.strip()), len(checked.preview.strip())
    if not subject:
        yield checked.found(SUBJECT, "the subject is empty")
    elif subject > LONGEST_SUBJECT:
        yield checked.found(LONG_SUBJECT, f"the subject is over {LONGEST_SUBJECT} characters long")
    if not preview:
        yield checked.found(NO_PREVIEW, "there is no preview text")
    elif not PREVIEW[0] <= preview <= PREVIEW[1]:
        how = "shorter than 40" if preview < PREVIEW[0] else "longer than 90"
        yield checked.found(PREVIEW_LENGTH, f"the preview text is {how} characters")


def _leftovers(checked: Checked, text: str, place: str, element: Any = None) -> Iterator[Finding]:
    for pattern, name in LEFTOVERS:
        if found := pattern.search(text):
            yield _seen(checked, LEFTOVER, name, place, found, element)


def _typography(checked: Checked, text: str, language: str, place: str, element: Any = None) -> Iterator[Finding]:
    """The recipient's own words are as the association's records have them."""
    for word in checked.personal:
        text = text.replace(word, "")
    text = _VERBATIM.sub("", text)
    for pattern, name in RULES.get(language.split("-")[0], ()):
        if found := pattern.search(text):
            yield _seen(checked, TYPOGRAPHY, name, place, found, element)


def _seen(checked: Checked, rule: Rule, name: str, place: str, found: re.Match[str], element: Any = None) -> Finding:
    around = " ".join(found.string[max(0, found.start() - 15) : found.end() + 15].split(" "))
    return checked.found(rule, f"the {place} has {name}: {around!r}", element)


def _languages(checked: Checked) -> Iterator[Finding]:
    """The texts that are long enough, each beside the language that it says it is in."""
    if checked.detect is None:
        return
    for spot in checked.spots:
        if spot.hidden or spot.tag not in (*HEADINGS, "p", "li", "td", "blockquote") or not spot.text:
            continue
        text = text_of(spot.element)
        if sum(sign.isalpha() for sign in text) < READ:
            continue
        found = checked.detect(text)
        if found is not None and spot.language and found.split("-")[0] != spot.language.split("-")[0]:
            what = f"a text marked {spot.language} seems to be in {found}: {text[:40]!r}"
            yield checked.found(WRONG_LANGUAGE, what, spot.element)
