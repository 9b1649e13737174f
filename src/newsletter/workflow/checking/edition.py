"""A composed issue as scripts, previews and checks look at it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from newsletter.errors import UsageError
from newsletter.i18n import Listed, Tongue, say
from newsletter.workflow.composing import preview
from newsletter.workflow.composing.composition import Composition
from newsletter.workflow.context import Context

if TYPE_CHECKING:
    from newsletter.checks import Finding


@dataclass(frozen=True, slots=True)
class Edition:
    """A composed issue: its messages, as anybody would get them."""

    context: Context
    composition: Composition

    @property
    def languages(self) -> list[str]:
        return list(self.composition.languages)

    def message(self, language: str, *, recipient: str | None = None) -> preview.Message:
        """As a contact (by address), `worst`, or (None) the public profile."""
        if language not in self.composition.languages:
            raise UsageError(
                say(
                    "This issue has no %(language)r; it has %(languages)s.",
                    language=language,
                    languages=Listed(map(Tongue, self.languages)),
                )
            )
        composed = self.composition.languages[language]
        found = preview.recipient_for(self.context, language, recipient, self.composition.campaign.public)
        at = self.context.clock.now()
        return preview.message(self.context, composed.compiled, composed.envelope, found, at)

    def local(self, html: str, folder: str) -> str:
        """A message's HTML with its pictures beside it instead of at the public address."""
        return html.replace(f"{self.context.settings.public_url}/a/", f"{folder}/")

    def check(self) -> Sequence[Finding]:
        """Findings: code, where, why, mend."""
        from newsletter.workflow.checking.check import check  # reads HTML with lxml, which small processes do without

        return check(self.context, self.composition)
