"""Sentences that the database keeps in English (why a send pauses, why a message was refused), for readers of others.

What a mail server said stays in its own words. A test holds the sentences to the code that keeps them.
"""

from __future__ import annotations

import re
from datetime import datetime
from functools import lru_cache
from zoneinfo import ZoneInfo

from newsletter.i18n import Moment, Number, say, say_many
from newsletter.recalling import recalling

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
    say("[transports.%(name)s] kind = %(kind)s is unknown: %(hint)s"),
    say("did you mean %(name)s?"),
    say("known: %(names)s"),
    say("[transports.%(name)s] names a user, so its password must stand in %(secret)s in the environment."),
    say('[transports.%(name)s] would send its password unencrypted: set tls = "starttls" or tls = "implicit".'),
    say("SendGrid needs its API key: set %(name)s in the environment."),
    say("%(name)s is no API key: it holds blanks or other characters than ASCII."),
    say("The host of [transports.%(name)s] must begin with https://, or the API key would travel in clear."),
    say(
        "The outbox %(folder)s cannot be written: %(why)s. Check the folder's permissions, or name another in "
        "[transports.%(name)s]."
    ),
    say("The outbox cannot be written: %(why)s"),
    say("Signing with DKIM needs the extra: pip install 'newsletter[dkim]'"),
    say("The DKIM key of %(domain)s cannot be used: it must be an RSA private key in PEM."),
    say("Another program is launching right now. Follow it with `newsletter status`."),
    say("%(server)s shows a certificate that does not verify: %(why)s. %(hint)s and ca_file."),
    say("%(server)s cannot be used as configured: %(why)s %(hint)s."),
    say("Check host, port and tls in newsletter.toml"),
    say("%(server)s is not who it says: %(why)s"),
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
    say("a language it reads"),
    say("no edition in %(language)s"),
    say("covered by contact %(contact)s, who has the same address"),
    say("covered by an earlier send of this issue"),
    say("covered by %(contact)s"),
    say("the sending program stopped before it knew the outcome"),
    say("this program was stopped before the answer came"),
    say("no language of this edition"),
    say("no longer a contact of a member"),
    say("no longer an active contact"),
    say("not subscribed"),
    say("not in the outbox"),
    say("the transport did not say"),
    say("the address needs SMTPUTF8, which the server does not offer"),
    say("the address cannot stand in an SMTP command"),
    say("the server answered what it was not asked"),
    say("another message was announced"),
    say("another recipient of the request was refused"),
    say("200: SendGrid's sandbox took it, and delivers nothing"),
    say("not sent: %(why)s"),
    say("no answer: %(why)s"),
    say("no known answer to the whole message: %(code)s"),
    say("a field value holds what marks the merge fields of this message"),
    say("the merge fields of this recipient are %(size)s bytes; SendGrid takes %(most)s"),
    say("SendGrid takes no sender's address outside ASCII"),
    say("the address is longer than 320 characters"),
    say("the subject is empty"),
    say("the message has a bare line feed or carriage return, and was not sent"),
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
_TIME = re.compile(r"(\d{4}-\d\d-\d\d \d\d:\d\d) \(([\w/+-]+)\)")
_NUMBER = re.compile(r"0|[1-9]\d{0,2}(?:,\d{3})*")


@lru_cache(maxsize=1000)
def recalled(text: str) -> str:
    """The sentence as `say` made it, so that it can be said in another language; anything else as it is."""
    return _recall(text) or (say(text) if text else text)


def _part(text: str) -> Moment | Number | str:
    if (time := _TIME.fullmatch(text)) is not None:
        return _moment(*time.groups()) or text
    return Number(text.replace(",", "")) if _NUMBER.fullmatch(text) else recalled(text)


def _moment(local: str, zone: str) -> Moment | None:
    """None where it only looks like one: a server or a person may write anything."""
    try:
        return Moment(datetime.fromisoformat(local), ZoneInfo(zone).key)
    except (ValueError, KeyError, OSError):
        return None


_recall = recalling(SENTENCES, _part)
