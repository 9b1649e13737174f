"""A small message that passes every check, and the codes of what is wrong once something in it is changed."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from newsletter.checks import Checked, Expected, Finding, Item, examine
from newsletter.i18n import direction
from newsletter.message.envelope import Envelope, Mailbox
from newsletter.workflow.checking.mail_programs import published

PUBLIC = "https://news.example.org"
WORDS = {
    "en": ("A digest of four articles", "What members changed this month, and what it cost them", "The pension rule"),
    "fr": ("Quatre articles ce mois", "Ce que nos membres ont changé ce mois, et à quel coût", "La règle des pensions"),
    "ar": ("أربع مقالات هذا الشهر", "ماذا غيّر أعضاؤنا هذا الشهر وبأي كلفة وماذا تعلّموا منه", "قاعدة المعاشات"),
}
EXPECTED = Expected(
    unsubscribe=f"{PUBLIC}/u/AAA",
    preferences=f"{PUBLIC}/p/AAA",
    web=f"{PUBLIC}/i/monthly/2026-12/en",
    postal_address="Alliance, 12 Example Lane, Geneva",
)
DARK = "@media (prefers-color-scheme:dark) { body, div { background-color:#1B1F24 !important } "
DARK += "p, th, h1, h2, h4 { color:#ECEFF2 !important } .ln { color:#8CC8F0 !important } }"
WIRE = (
    b"From: Alliance <digest@news.example.org>\r\nList-ID: Digest <monthly.news.example.org>\r\n"
    b"List-Unsubscribe: <https://news.example.org/u/AAA>\r\n"
    b"List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n\r\n"
)
HIDDEN = "display:none;max-height:0;overflow:hidden;mso-hide:all"


def style(language: str, *, size: int = 16, colour: str = "#1F2933") -> str:
    flow = ";direction:rtl;text-align:right" if direction(language) == "rtl" else ""
    return f"margin:0;font-family:Arial;font-size:{size}px;color:{colour}{flow}"


def link(target: str, name: str) -> str:
    return f'<a href="{target}" class="ln" style="color:#0B5A8A">{name}</a>'


def html(language: str = "en", *, extra: str = "", css: str = DARK) -> str:
    subject, preview, title = WORDS[language]
    way, text = direction(language), style(language)
    footer = "".join(
        f'<p style="{text}">{link(target, name)}</p>'
        for target, name in (
            (EXPECTED.preferences, "1"),
            (EXPECTED.unsubscribe, "2"),
            (EXPECTED.web, "3"),
        )
    )
    return (
        f'<!DOCTYPE html><html lang="{language}" dir="{way}"><head><title>{subject}</title><style>{css}</style></head>'
        f'<body style="background-color:#FFFFFF"><div lang="{language}" dir="{way}" style="background-color:#FFFFFF">'
        f'<div style="{HIDDEN}">{preview}</div>'
        f'<h1 style="{text}">{subject}</h1>'
        '<table role="presentation"><tr><td>'
        f'<h2 style="{text}">{link(f"{PUBLIC}/l/1/1", title)}</h2></td></tr></table>'
        f"{extra}{footer}"
        f'<p style="{text}">{EXPECTED.postal_address}</p></div></body></html>'
    )


def letter(language: str = "en", *, extra: str = "", css: str = DARK, **changes: Any) -> Checked:
    """`extra` goes before the footer; `changes` replace parts of the message."""
    links = (EXPECTED.preferences, EXPECTED.unsubscribe, EXPECTED.web)
    return replace(
        Checked(
            language=language,
            direction=direction(language),
            subject=WORDS[language][0],
            html=html(language, extra=extra, css=css),
            text="\n".join([WORDS[language][0], *links, EXPECTED.postal_address]),
            wire=WIRE,
            envelope=Envelope(Mailbox("digest@news.example.org", "Alliance"), language, "news.example.org"),
            expected=EXPECTED,
            items=(Item("pension-rule", WORDS[language][2], f"{PUBLIC}/l/1/1", "The whole text of it."),),
            public_url=PUBLIC,
            assets=frozenset((f"{PUBLIC}/a/1f.png",)),
            support=published(),
        ),
        **changes,
    )


def codes(checked: Checked) -> set[str]:
    return {finding.code for finding in examine(checked)}


def told(checked: Checked, code: str) -> list[Finding]:
    return [finding for finding in examine(checked) if finding.code == code]


def paragraph(text: str, more: str = "", *, language: str = "en") -> str:
    return f'<p style="{style(language)};{more}">{text}</p>'
