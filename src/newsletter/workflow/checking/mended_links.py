"""Where the links of an issue lead: seen, and led elsewhere at once for everybody who has the message already."""

from __future__ import annotations

from urllib.parse import quote, urlsplit, urlunsplit

import idna

from newsletter.errors import UsageError
from newsletter.gathering.linking import web_address
from newsletter.i18n import say
from newsletter.model.address import ascii_domain
from newsletter.model.permission import Action, require
from newsletter.store import audit, links
from newsletter.store.engine import reading, writing
from newsletter.store.issues import IssueRow
from newsletter.store.links import LinkRow
from newsletter.store.people import Person
from newsletter.workflow.context import Context

LONGEST = 2000  # characters that browsers and proxies let pass
KEPT = "%/:?@!$&'()*+,;=~[]"  # what stays as it is in an address beside letters and digits


def links_of(ctx: Context, issue: IssueRow) -> list[LinkRow]:
    """Those of every edition; none before the first was put up for approval."""
    with reading(ctx.engine) as connection:
        return links.of_issue(connection, issue.id)


def point(ctx: Context, issue: IssueRow, number: int, target: str, person: Person, *, seen: str) -> LinkRow:
    """Leads a link elsewhere. `seen`: where it led for the one who decides; the audit log keeps both."""
    require(person.name, person.roles, Action.APPROVE)
    known = {row.number: row for row in links_of(ctx, issue)}
    if number not in known:
        raise UsageError(say("There is no such link in this issue."))
    original = known[number].original
    target = original if target == original else checked(ctx, target)
    if target == seen:
        return known[number]
    now, told = ctx.clock.now(), {"link": number, "before": seen, "after": target}
    with writing(ctx.engine) as connection:
        if not links.point(connection, issue.id, number, target, seen=seen, person_id=person.id, now=now):
            raise UsageError(say("Somebody has changed this link meanwhile: look where it leads now."))
        audit.note(connection, "link led elsewhere", f"issue:{issue.id}", at=now, person_id=person.id, data=told)
    return next(row for row in links_of(ctx, issue) if row.number == number)


def checked(ctx: Context, address: str) -> str:
    """An address of the web that a link of ours may lead to."""
    typed = web_address(address.strip())
    found = _in_ascii(typed) if typed else None
    if found is None or len(found) > LONGEST or not found.isprintable():
        raise UsageError(
            say(
                "This is no address of a web page. It begins with https:// (or http://), like https://example.org/page."
            )
        )
    if found.startswith(f"{ctx.settings.public_url}/l/"):
        raise UsageError(say("This is a link of an issue itself: give the address of the page that it should lead to."))
    return found


def _in_ascii(address: str) -> str | None:
    """As it goes into a header: letters of other alphabets in their coded form; what is coded already stays."""
    parts = urlsplit(address)
    try:
        host = ascii_domain(parts.hostname or "") + (f":{parts.port}" if parts.port else "")
    except (ValueError, idna.IDNAError):
        return None
    path, query, fragment = (quote(each, safe=KEPT) for each in (parts.path, parts.query, parts.fragment))
    return urlunsplit((parts.scheme, host, path, query, fragment))
