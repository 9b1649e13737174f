"""The issue as an editor sees it: what is missing in a language, what is over, what is old, what is gone."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime

from newsletter.checks.finding import Finding, Rule, Where, error, warning
from newsletter.errors import Problem
from newsletter.i18n import Listed, Number, Tongue, match, pick, say
from newsletter.model.article import Article, Library, outdated
from newsletter.model.draft import Draft, ItemState

GAP = warning(
    "translation-missing",
    say("Its readers do not get the article, or get it in another language."),
    say("Add the translation, or leave it so on purpose."),
)
GONE = error(
    "article-gone",
    say("The issue would go out without it."),
    say("Bring the article back, or take it out of the issue."),
)
OUTDATED = warning(
    "translation-outdated",
    say("Its readers get what has changed since."),
    say("Look the translation through: change it, or say that it is still right."),
)
PAST_EVENT = warning(
    "event-over", say("Nobody can go there any more."), say("Take it out of the issue, or mend its date.")
)
PAST_DEADLINE = warning(
    "deadline-over", say("Readers come too late."), say("Take it out of the issue, or mend the deadline.")
)
STRINGS = warning(
    "string-missing",
    say("Its readers see the words of another language, or none."),
    say("Write it among the words of the template."),
)
PICTURE = warning("picture-left-out", say("The article goes out without it."), say("Mend or replace the picture."))
STILL = warning(
    "picture-still",
    say("It has too many frames, or is too heavy, for a message."),
    say("Shorten it, or make it smaller: up to 60 frames and 1 MB are played."),
)
EMPTY_FIELD = warning(
    "field-empty",
    say("Where it is empty, the sentence has a gap."),
    say('Fill the field in, or say what stands there instead: {{ contact.first_name | default("Dear colleague") }}.'),
)

USED = (ItemState.NEW, ItemState.IN)
NOWHERE = Where()


@dataclass(frozen=True, slots=True)
class EmptyField:
    """For how many recipients of a language a merge field without a default is empty."""

    path: str
    language: str
    empty: int
    recipients: int
    label: str = ""  # as people call the field
    contacts: tuple[int, ...] = ()  # the first of them
    where: Where = NOWHERE  # what prints it


@dataclass(frozen=True, slots=True)
class Contents:
    """What the checks of an issue's content look at. `day`: when it goes out."""

    draft: Draft
    draft_file: str
    library: Library
    languages: Sequence[str]
    day: date
    strings: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    notices: Sequence[str] = ()
    stills: Sequence[str] = ()
    empty_fields: Sequence[EmptyField] = ()


def check(contents: Contents) -> Iterator[Finding]:
    yield from _gaps(contents)
    yield from _gone(contents)
    for translations in _used(contents).values():
        yield from _old(translations)
        yield from _over(next(iter(translations.values())), contents.day)
    for notice in contents.notices:
        yield PICTURE.at(notice)
    for still in contents.stills:
        yield STILL.at(still)
    yield from strings_missing(contents.strings, contents.languages)
    for each in contents.empty_fields:
        if each.empty:
            values = {"empty": Number(each.empty), "all": Number(each.recipients)}
            share = max(1, round(100 * each.empty / each.recipients))
            what = say(
                "“%(field)s” is empty for %(empty)s of %(all)s recipients (%(share)s%%)",
                field=each.label or each.path,
                share=share,
                **values,
            )
            where = replace(each.where, languages=(each.language,), lacking=each.path, contacts=each.contacts)
            yield replace(EMPTY_FIELD.at(what), where=where)


def _used(contents: Contents) -> dict[str, Mapping[str, Article]]:
    keys = dict.fromkeys(item.article for item in contents.draft.items() if item.state in USED)
    return {key: contents.library[key] for key in keys if contents.library.get(key)}


def _gaps(contents: Contents) -> Iterator[Finding]:
    used = _used(contents)
    for language in contents.languages:
        lacking = [key for key, translations in used.items() if match([language], translations) is None]
        if lacking:
            values = {"lacking": Number(len(lacking)), "all": Number(len(used)), "language": Tongue(language)}
            what = say("%(lacking)s of %(all)s articles have no text in %(language)s", **values)
            yield GAP.at(what, languages=[language], articles=lacking)


def _gone(contents: Contents) -> Iterator[Finding]:
    for item in contents.draft.items():
        if item.state in USED and not contents.library.get(item.article):
            problem = Problem("", contents.draft_file)
            yield GONE.at(say("The article is gone"), articles=[item.article], problem=problem)


def _old(translations: Mapping[str, Article]) -> Iterator[Finding]:
    for language, article in translations.items():
        if outdated(article, translations):
            yield OUTDATED.at(
                say("The text that this translates has changed"),
                languages=[language],
                articles=[article.key],
                problem=Problem("", article.file),
            )


def _over(article: Article, day: date) -> Iterator[Finding]:
    event = article.event
    if event is None:
        return
    problem = Problem("", article.file)
    for rule, what, when in (
        (PAST_EVENT, say("The event is over when the issue goes out"), (event.end or event.start).date()),
        (PAST_DEADLINE, say("Registration has ended when the issue goes out"), _day(event.deadline)),
    ):
        if when is not None and when < day:
            yield rule.at(what, articles=[article.key], problem=problem)
            return


def _day(value: date | None) -> date | None:
    return value.date() if isinstance(value, datetime) else value


def strings_missing(texts: Mapping[str, Mapping[str, str]], languages: Sequence[str]) -> Iterator[Finding]:
    """The template's strings that a language lacks."""
    for language in languages:
        lacking = [name for name, by_language in texts.items() if not pick(by_language, language)]
        if lacking:
            values = {"count": Number(len(lacking)), "names": Listed(lacking[:5]), "language": Tongue(language)}
            what = say("%(count)s words of the template have no text in %(language)s: %(names)s", **values)
            yield STRINGS.at(what, languages=[language], problem=Problem("", "templates/strings.yaml"))


def problem(rule: Rule, found: Problem) -> Finding:
    """A problem of a file as a finding."""
    return rule.at(found.message, problem=found)
