"""The do-not-mail exports of other systems. The headers are those of the systems' files."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from sqlalchemy import select

from newsletter.audience.presets import PRESETS, preset
from newsletter.audience.suppressions import key_of
from newsletter.errors import UsageError
from newsletter.store.tables import suppression
from tests.audience.world import KEYS, World

MAILCHIMP = """"Email Address","First Name",MEMBER_RATING,OPTIN_TIME,UNSUB_TIME,UNSUB_CAMPAIGN_TITLE,UNSUB_REASON,NOTES
a@x.example,Ann,2,"2020-01-01 00:00:00","2021-03-04 05:06:07",Digest,NORMAL,
b@x.example,Bob,2,"2020-01-01 00:00:00","2021-03-04 05:06:07",Digest,"SPAM: I never signed up",
"""


def suppressed(world: World) -> dict[str, tuple[str, str]]:
    rows = world.rows(select(suppression))
    known = {key_of(f"{name}@x.example", KEYS): name for name in "abcde"}
    return {known[row.address_key]: (row.scope, row.reason) for row in rows}


def bring(world: World, name: str, content: str) -> tuple[int, int, int]:
    report = world.bring(preset(name).model_dump(exclude_none=True), content)
    return report.added, report.unchanged, report.refused


def test_mailchimp(here: World) -> None:
    assert bring(here, "mailchimp/unsubscribed", MAILCHIMP) == (2, 0, 0)
    assert bring(here, "mailchimp/unsubscribed", MAILCHIMP) == (0, 2, 0)
    assert bring(here, "mailchimp/cleaned", '"Email Address",CLEAN_TIME\nc@x.example,"2022-01-01 00:00:00"\n') == (
        1,
        0,
        0,
    )
    assert suppressed(here) == {
        "a": ("news", "unsubscribed"),
        "b": ("address", "complained"),
        "c": ("address", "bounced"),
    }
    at = here.rows(select(suppression.c.at).where(suppression.c.reason == "unsubscribed"))[0].at
    assert at == datetime(2021, 3, 4, 5, 6, 7, tzinfo=UTC)


def test_brevo(there: World) -> None:
    blocked = "email;reason;blockedAt\na@x.example;hardBounce;2022-01-01T00:00:00Z\nb@x.example;unsubscribedViaEmail;\n"
    assert bring(there, "brevo/blocked", blocked) == (2, 0, 0)
    assert bring(there, "brevo/complained", "CONTACT ID;EMAIL;FIRSTNAME\n7;c@x.example;Cy\n") == (1, 0, 0)
    assert suppressed(there) == {
        "a": ("address", "bounced"),
        "b": ("news", "unsubscribed"),
        "c": ("address", "complained"),
    }


def test_sendgrid_names_an_address_as_often_as_it_bounced(there: World) -> None:
    bounces = (
        "status,reason,email,created\n"
        '5.1.1,"550 no such user",a@x.example,1443651125\n'
        '5.1.1,"550 no such user",A@X.example,1443651999\n'
        ",,not-an-address,1443651999\n"
        ",,b@x.example,yesterday\n"
    )
    assert bring(there, "sendgrid/bounces", bounces) == (1, 1, 2)
    assert bring(there, "sendgrid/unsubscribes", "email,created\na@x.example,1443651125\n") == (1, 0, 0)
    assert sorted(row.scope for row in there.rows(select(suppression))) == ["address", "news"]
    assert there.rows(select(suppression.c.at))[0].at == datetime(2015, 9, 30, 22, 12, 5, tzinfo=UTC)


def test_a_preset_that_is_not_there() -> None:
    with pytest.raises(UsageError, match="did you mean 'mailchimp/cleaned'"):
        preset("mailchimp/clean")
    assert {name.partition("/")[0] for name in PRESETS} == {"mailchimp", "brevo", "sendgrid"}
