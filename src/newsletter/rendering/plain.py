"""One message for one recipient, without any symbolic machinery: the oracle of the compiler, and a last resort."""

from __future__ import annotations

from collections.abc import Callable

from newsletter.message.slots import Links, field_values
from newsletter.model.recipient import Recipient
from newsletter.rendering.dialect import CodeCache
from newsletter.rendering.manuscript import SUBJECT, Manuscript, Rendered
from newsletter.rendering.sandbox import Sandbox

Finish = Callable[[str], str]


def render(
    manuscript: Manuscript, recipient: Recipient, links: Links, *, finish: Finish, cache: CodeCache | None = None
) -> Rendered:
    """The parts of the message for this recipient; `finish` makes HTML of MJML. ProblemsFound with file and line."""
    paths = [field.path for field in manuscript.fields]
    values = dict(zip(paths, field_values(recipient, paths), strict=True))
    texts = Sandbox(manuscript, cache).render(values.__getitem__, lambda name: getattr(links, name))
    templates = manuscript.templates
    return Rendered(texts[SUBJECT], texts[templates.text], finish(texts[templates.html]))
