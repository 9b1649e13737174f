"""Every finding leads to the field that mends it, or says in whose hands that lies."""

from __future__ import annotations

import importlib
import pkgutil
from types import SimpleNamespace
from typing import Any, cast

import pytest

from newsletter import checks
from newsletter.checks.finding import Finding, Rule, Severity, Where
from newsletter.i18n import Said
from newsletter.store.issues import IssueRow
from newsletter.web.studio.mending import mending

ISSUE = cast(IssueRow, SimpleNamespace(campaign="news", key="2026-12", name="news/2026-12"))
HERE = "/issues/news/2026-12"


def rules() -> dict[str, Rule]:
    names = [f"newsletter.checks.{each.name}" for each in pkgutil.iter_modules(checks.__path__)]
    names += [
        "newsletter.workflow.checking.check",
        "newsletter.workflow.checking.definition_checks",
        "newsletter.workflow.checking.link_checks",
    ]
    modules = [importlib.import_module(name) for name in names]
    return {each.code: each for module in modules for each in vars(module).values() if isinstance(each, Rule)}


def finding(code: str, **where: Any) -> Finding:
    return Finding(code, Severity.WARNING, Where(**where), "What", "Why", "Mend")


@pytest.mark.parametrize("code", sorted(rules()))
def test_each_code_has_a_place(code: str) -> None:
    found = mending(ISSUE, finding(code, languages=("fr",)), {})
    assert found.url or found.who
    rule = rules()[code]
    assert code in ("definition", "template", "mjml", "source-empty", "article", "merge-field", "postal-address") or (
        isinstance(rule.why, Said) and isinstance(rule.mend, Said)
    )


@pytest.mark.parametrize(
    ("code", "where", "url"),
    [
        ("subject-length", {"languages": ("fr",)}, f"{HERE}/content/subjects#f-subject-fr"),
        ("preview", {"languages": ("ar",)}, f"{HERE}/content/subjects#f-preview-ar"),
        ("typography", {"languages": ("fr",), "field": "subject"}, f"{HERE}/content/subjects#f-subject-fr"),
        (
            "typography",
            {"languages": ("fr",), "articles": ("a",), "field": "summary"},
            f"{HERE}/content/items/i1?language=fr#f-summary",
        ),
        ("link-target", {"languages": ("en",), "articles": ("a",)}, f"{HERE}/content/items/i1?language=en#f-body"),
        (
            "translation-missing",
            {"languages": ("de",), "articles": ("a",)},
            "/articles/new?campaign=news&article=a&language=de",
        ),
        ("translation-missing", {"languages": ("de",), "articles": ("a", "b")}, f"{HERE}/content?language=de#coverage"),
        ("translation-outdated", {"languages": ("de",), "articles": ("a",)}, "/articles/news/a"),
        ("link-led-gone", {"languages": ("fr",), "articles": ("a",), "link": 7}, f"{HERE}/links#l7"),
        (
            "field-empty",
            {"languages": ("fr",), "lacking": "contact.title"},
            f"{HERE}/recipients?run=1&language=fr&empty=contact.title#list",
        ),
        (
            "field-empty",
            {"languages": ("fr",), "lacking": "contact.title", "articles": ("a",), "field": "preview"},
            f"{HERE}/content/subjects#f-preview-fr",
        ),
        (
            "field-empty",
            {"languages": ("fr",), "lacking": "contact.title", "articles": ("a", "b"), "field": "summary"},
            f"{HERE}/content/items/i1?language=fr#f-summary",
        ),
    ],
)
def test_the_very_field(code: str, where: dict[str, Any], url: str) -> None:
    assert mending(ISSUE, finding(code, **where), {"a": "i1"}).url == url


def test_what_the_studio_has_no_page_for_names_who_mends_it() -> None:
    told = {
        code: mending(ISSUE, finding(code, languages=("fr",), articles=("a",)), {}).who
        for code in ("postal-address", "sender", "contrast", "string-missing")
    }
    assert "newsletter.toml" in told["postal-address"]
    assert "campaign.yaml" in told["sender"]
    assert "templates" in told["contrast"]
    assert "strings.yaml" in told["string-missing"]
    gap = finding("field-empty", languages=("fr",), lacking="contact.title", file="templates/digest.mjml", line=7)
    assert (mending(ISSUE, gap, {}).url, "templates/digest.mjml:7" in mending(ISSUE, gap, {}).who) == (None, True)
