"""MJML to finished HTML: responsive, with the rules of `<mj-style inline="inline">` inlined.

Read, check, mend, compile (mrml, by mjml-python), put the kept texts back, inline. The output depends on the input
alone. What cannot be shown as npm's mjml shows it is refused, with file, line and reason.
"""

from __future__ import annotations

import re

from mjml import mjml2html

from newsletter.errors import Problem, ProblemsFound
from newsletter.i18n import say
from newsletter.rendering import lint
from newsletter.rendering.css_rules import Rule, read_rules
from newsletter.rendering.inlining import inline
from newsletter.rendering.mend import Mended, mend
from newsletter.rendering.mjml_tree import Source, read

_DOCTYPE = "<!DOCTYPE html>"
# What MJML loads by itself where a template uses them.
_FONTS = {
    name: f"https://fonts.googleapis.com/css?family={name.replace(' ', '+')}:300,400,500,700"
    for name in ("Open Sans", "Droid Sans", "Lato", "Roboto", "Ubuntu")
}


def finish(mjml: str, *, file: str) -> str:
    """The HTML of a message from its MJML. Raises `ProblemsFound` with all that is wrong, by line of `mjml`."""
    source = Source(mjml, file)
    document = read(source)
    problems = lint.problems(document, source)
    if problems or document.root is None:
        raise ProblemsFound(problems)
    mended = mend(document.root, mjml)
    if mended.wrong:
        raise ProblemsFound(source.problem(at, reason) for at, reason in mended.wrong)
    rules = _rules(mended, source)
    html = _compiled(mended, source)
    html = _with_fonts(html, mended)
    return inline(html, rules) if rules else html


def _rules(mended: Mended, source: Source) -> list[Rule]:
    rules: list[Rule] = []
    problems: list[Problem] = []
    for block in mended.inline:
        found, wrong = read_rules(block.css)
        rules += found
        problems += [source.problem(block.at + at, message) for at, message in wrong]
    if problems:
        raise ProblemsFound(problems)
    return rules


def _compiled(mended: Mended, source: Source) -> str:
    try:
        html = mjml2html(mended.mjml, fonts={})
    except ValueError as error:
        raise ProblemsFound([Problem(say("MJML cannot compile this: %(error)s", error=error), source.file)]) from error
    html, lost = mended.restore(html)
    if lost:
        raise ProblemsFound(source.problem(at, say("this is not shown where it stands; move it")) for at in lost)
    return _DOCTYPE + html[len(_DOCTYPE) :]


def _with_fonts(html: str, mended: Mended) -> str:
    """Links the fonts that the message uses, in an attribute or in a rule to be inlined."""
    families = _families(html)
    styles = [block.css.lower() for block in mended.inline]
    used = [
        url
        for name, url in {**_FONTS, **mended.fonts}.items()
        if name.lower().encode() in families or any(_ruled(style, name.lower()) for style in styles)
    ]
    if not used:
        return html
    links = "".join(f'<link href="{url}" rel="stylesheet" type="text/css">' for url in used)
    imports = "".join(f"@import url({url});" for url in used)
    block = f'<!--[if !mso]><!-->{links}<style type="text/css">{imports}</style><!--<![endif]-->'
    return html.replace("</head>", block + "</head>", 1)


def _families(html: str) -> bytes:
    """All that stands between `font-family:` and the quote that ends its attribute, in small letters."""
    _, *found = html.encode().lower().split(b"font-family:")
    return b'"'.join({each.partition(b'"')[0] for each in found})


def _ruled(style: str, name: str) -> bool:
    """Whether a style sheet asks for a font, both in small letters."""
    return name in style and re.search(rf"font-family:[^;}}]*{re.escape(name)}", style) is not None
