"""Sentences that the database keeps in English (why a send pauses, why a message was refused), for readers of others.

What a mail server said stays in its own words. A test holds the sentences to the code that keeps them.
"""

from __future__ import annotations

import re
from datetime import datetime
from functools import lru_cache

from newsletter.i18n import Moment, Number, say, say_many

SENTENCES = (
    # Of issues and of the schedule
    say("Planned for %(time)s; nobody was there to send it."),
    say("Planned for %(time)s, and not approved by then."),
    say("It could not be sent at its time. %(why)s"),
    say("It was to be sent by the campaign's schedule, and was not approved by then."),
    say("The rehearsal could not begin. %(why)s"),
    say("the campaign falls due by itself no longer"),
    say("nobody was there within %(span)s: newsletter gather or send, if it is still wanted"),
    say("%(issue)s was %(state)s already: nothing was gathered"),
    say("gathering failed (%(error)s): see the log"),
    say("there is no issue %(issue)s: nothing was sent"),
    say("%(issue)s was %(state)s then, not approved: nothing was sent"),
    say("%(issue)s was %(state)s then"),
    say(
        "The audience has %(counted)s recipients now, and %(approved)s were approved. Look at who "
        "joined or left, then submit the issue for approval again."
    ),
    # Of sends
    say("Paused by itself: %(failed)s of the last %(all)s messages failed. Last reply: %(reply)s"),
    say("Paused by itself: %(failed)s of the first %(all)s messages were refused or bounced."),
    say("Restored from a backup of %(time)s: what was sent since is not known here."),
    say("an event of it had arrived before"),
    say("an event of another message of the same request arrived"),
    say("found in SendGrid's logs"),
    say("paused by %(person)s"),
    say("resumed by %(person)s"),
    say("cancelled by %(person)s"),
    say("cancelled: %(why)s"),
    say("%(server)s refuses the user name or password: %(why)s."),
    say("%(server)s does not let us in: %(why)s."),
    say("%(server)s cannot be reached: %(why)s."),
    say("The mail server %(server)s"),
    say("The mail server does not take messages from this sender: %(reply)s"),
    say("The mail server closed the connection at once."),
    # Of sessions
    say("Browser"),
    say("Browser, %(system)s"),
    # Of messages
    say("no address"),
    say("refused by the server"),
    say("no edition in %(language)s"),
    say("covered by %(contact)s"),
    say("the sending program stopped before it knew the outcome"),
    say("this program was stopped before the answer came"),
    say("the transport did not say"),
    say("the transport failed: %(error)s"),
    say("the message could not be made: %(error)s"),
    say("held back: the intent was too old"),
    say("lost before the end of the message: %(why)s"),
    say("no answer to the whole message: %(why)s"),
    say("the connection was lost"),
    say("unsubscribed"),
    say("the address bounced"),
    say("the address is invalid"),
    say("complained about our mail"),
    say("unsubscribed before the data was erased"),
    say("on the do-not-mail list"),
    say_many(
        2,
        "gave up after %(num)s try, last reply: %(reply)s",
        "gave up after %(num)s tries, last reply: %(reply)s",
        reply="",
    ),
    say_many(2, "gave up after %(num)s try", "gave up after %(num)s tries"),
    say_many(2, "%(num)s hour", "%(num)s hours"),
    say_many(2, "%(num)s minute", "%(num)s minutes"),
)
_PARTS = re.compile(r"%\\\((\w+)\\\)s")
_TIME = re.compile(r"(\d{4}-\d\d-\d\d \d\d:\d\d) \(([\w/+-]+)\)")
_NUMBER = re.compile(r"\d{1,3}(?:,\d{3})*")
_FORMS = tuple(
    (each, re.compile(_PARTS.sub(r"(?P<\1>.+)", re.escape(form)), re.DOTALL))
    for each in SENTENCES
    for form in (each.plural, each.pattern)
    if form
)


@lru_cache(maxsize=1000)
def recalled(text: str) -> str:
    """The sentence as `say` made it, so that it can be said in another language; anything else as it is."""
    for sentence, form in _FORMS:
        if (found := form.fullmatch(text)) is None:
            continue
        parts = {name: _part(each) for name, each in found.groupdict().items()}
        if not sentence.plural:
            return say(sentence.pattern, **parts)
        if (num := str(parts.pop("num"))).isdigit():
            return say_many(int(num), sentence.pattern, sentence.plural, **parts)
    return say(text) if text else text


def _part(text: str) -> Moment | Number | str:
    if (time := _TIME.fullmatch(text)) is not None:
        return Moment(datetime.fromisoformat(time[1]), time[2])
    return Number(text.replace(",", "")) if _NUMBER.fullmatch(text) else recalled(text)
