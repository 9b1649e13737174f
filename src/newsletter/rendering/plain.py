"""One message for one recipient, without any symbolic machinery: the oracle of the compiler, and a last resort."""

from __future__ import annotations

from collections.abc import Callable

from newsletter.message.slots import Links, field_values
from newsletter.model.recipient import Recipient
from newsletter.rendering.dialect import CodeCache
from newsletter.rendering.manuscript import SUBJECT, Manuscript, Rendered
from newsletter.rendering.sandbox import Sandbox

Finish = Callable[[str], str]  # makes HTML of MJML
Render = Callable[[Recipient, Links], Rendered]


def renderer(manuscript: Manuscript, *, finish: Finish, cache: CodeCache | None = None) -> Render:
    """What renders the message for one recipient after the other. ProblemsFound with file and line."""
    sandbox = Sandbox(manuscript, cache)
    paths = [field.path for field in manuscript.fields]
    html, text = manuscript.templates.html, manuscript.templates.text

    def render(recipient: Recipient, links: Links) -> Rendered:
        values = dict(zip(paths, field_values(recipient, paths), strict=True))
        texts = sandbox.render(values.__getitem__, lambda name: getattr(links, name))
        return Rendered(texts[SUBJECT], texts[text], finish(texts[html]))

    return render
