"""The words: what a machine left in them, how they are set, and in which language they are."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from newsletter.checks.checked import HEADINGS, Checked, text_of
from newsletter.checks.finding import Finding, Rule, error, warning
from newsletter.i18n import Tongue, say

LONGEST_SUBJECT = 60
PREVIEW = (40, 90)  # characters
READ = 120  # letters from which the language of a text is sure enough

SUBJECT = error(
    "subject", say("A message without a subject is not opened, and often taken for junk."), say("Write a subject.")
)
LONG_SUBJECT = warning("subject-length", say("Phones cut it off."), say("Say it in 60 characters, the point first."))
NO_PREVIEW = warning(
    "preview",
    say("Inboxes then show the first words of the message, such as the language links."),
    say("Write a preview of 40 to 90 characters that adds to the subject."),
)
PREVIEW_LENGTH = warning(
    "preview-length",
    say("A short one is filled up with other words, a long one cut off."),
    say("Aim at 40 to 90 characters."),
)
NO_TEXT = error(
    "text-part", say("Some readers and all filters look at the plain text."), say("Write the template's .txt file.")
)
LEFTOVER = warning("leftover", say("Readers see what was meant for a machine."), say("Mend the text at its source."))
TYPOGRAPHY = warning("typography", say("Careful readers notice."), say("Set the text as its language is set."))
WRONG_LANGUAGE = warning(
    "part-language",
    say("Readers get a text that they may not understand, and screen readers mispronounce it."),
    say("Put the right translation in, or mark the text with its language."),
)

LEFTOVERS = (
    (re.compile(r"\{\{|\}\}|\{%|%\}"), say("template marks")),
    (re.compile("\ufffd"), say("a character that could not be read (U+FFFD)")),
    (re.compile(r"&(?:amp|nbsp|lt|gt|quot|#\d+);"), say("an HTML entity")),
    (re.compile(r"Ã[\u0080-\u00bf]|â€[\u0080-\u00bf™œ\u009d]|Ø§Ù"), say("text in a wrong encoding")),
)
STRAIGHT = (re.compile(r"""(?:^|[\s(])"\w|\w[.,!?…]?"(?=[\s).,;:!?]|$)"""), say("straight quotation marks"))
STRAIGHT_APOSTROPHE = (re.compile(r"\b\w+'\w+"), say("a straight apostrophe"))
RULES: dict[str, tuple[tuple[re.Pattern[str], str], ...]] = {
    "fr": (
        STRAIGHT,
        STRAIGHT_APOSTROPHE,
        (re.compile(r"\w+ [;:!?»](?=\s|$)"), say("a plain space before a mark (the line may break there)")),
        (re.compile(r"« \w*"), say("a plain space after « (the line may break there)")),
    ),
    "en": (STRAIGHT, STRAIGHT_APOSTROPHE),
    "de": (STRAIGHT, STRAIGHT_APOSTROPHE),
    "es": (STRAIGHT, STRAIGHT_APOSTROPHE),
    "ar": (STRAIGHT, (re.compile("\\w*\u200c\\w*"), say("a zero-width non-joiner, which parts Arabic letters"))),
}
SUBJECT_LINE, PLAIN, MESSAGE = say("The subject"), say("The plain text"), say("The message")
_VERBATIM = re.compile(r"https?://\S+|\S+@\S+")


def check(checked: Checked) -> Iterator[Finding]:
    yield from _inbox(checked)
    if not checked.text.strip():
        yield checked.found(NO_TEXT, say("There is no plain text"))
    for place, text in ((SUBJECT_LINE, checked.subject), (PLAIN, checked.text)):
        yield from _leftovers(checked, text, place)
    yield from _typography(checked, checked.subject, checked.language, SUBJECT_LINE)
    for spot in checked.spots:
        if spot.text:
            yield from _leftovers(checked, spot.text, MESSAGE, spot.element)
            yield from _typography(checked, spot.text, spot.language, MESSAGE, spot.element)
    yield from _languages(checked)


def _inbox(checked: Checked) -> Iterator[Finding]:
    subject, preview = len(checked.subject.strip()), len(checked.preview.strip())
    if not subject:
        yield checked.found(SUBJECT, say("The subject is empty"))
    elif subject > LONGEST_SUBJECT:
        yield checked.found(LONG_SUBJECT, say("The subject is over %(most)s characters long", most=LONGEST_SUBJECT))
    if not preview:
        yield checked.found(NO_PREVIEW, say("There is no preview text"))
    elif not PREVIEW[0] <= preview <= PREVIEW[1]:
        short = say("The preview text is shorter than %(least)s characters", least=PREVIEW[0])
        long = say("The preview text is longer than %(most)s characters", most=PREVIEW[1])
        yield checked.found(PREVIEW_LENGTH, short if preview < PREVIEW[0] else long)


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
    what = say("%(place)s has %(fault)s: “%(around)s”", place=place, fault=name, around=around.strip())
    return checked.found(rule, what, element, field="subject" if place is SUBJECT_LINE else None)


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
            values = {"marked": Tongue(spot.language), "found": Tongue(found), "text": text[:40]}
            what = say("A text marked as %(marked)s seems to be in %(found)s: “%(text)s”", **values)
            yield checked.found(WRONG_LANGUAGE, what, spot.element)
