"""One message for one recipient, without any symbolic machinery: the oracle of the compiler, and a last resort."""

from __future__ import annotations

from collections.abc import Callable

from newsletter.errors import ProblemsFound
from newsletter.message.slots import Links, field_values
from newsletter.model.recipient import Recipient
from newsletter.rendering import tracing
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
        read = values.__getitem__, lambda name: getattr(links, name)
        texts = sandbox.render(*read)
        try:
            finished = finish(texts[html])
        except ProblemsFound as error:
            traced = Sandbox(manuscript, trace=True)
            noted = traced.render(*read)[html]
            found = tracing.in_templates(error.problems, noted, traced.names or [], manuscript.templates)
            raise ProblemsFound(found) from error
        return Rendered(texts[SUBJECT], texts[text], finished)

    return render
