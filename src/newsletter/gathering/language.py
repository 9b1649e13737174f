"""The language of a text: stated, in the file name, of the source, else detected; in doubt the person is asked.

Detection is lingua's low accuracy mode over the workspace's languages and their neighbours
(docs/decisions/0007-language-detection.md has the figures).
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from functools import lru_cache
from typing import TYPE_CHECKING

from newsletter.errors import Problem, ProblemsFound
from newsletter.i18n import match, say

if TYPE_CHECKING:
    from lingua import Language, LanguageDetector

Detect = Callable[[str], str | None]

# What a text in one of our languages is mistaken for: without these, Portuguese would pass for Spanish with certainty.
_NEIGHBOURS = {
    "fr": ("it", "ca", "es"),
    "es": ("pt", "ca", "it"),
    "pt": ("es", "it"),
    "it": ("es", "fr", "pt"),
    "en": ("nl", "de", "fr"),
    "de": ("nl", "da"),
    "ar": ("fa", "ur"),
    "ru": ("uk", "bg", "sr"),
}
_SURE = 0.75  # at least, of the best language
_LEAD = 0.5  # at least, before the second
_SHORTEST = 20  # letters
_READ = 4000  # characters


def detector(languages: Iterable[str]) -> Detect:
    """A function that names the language of a text among these, or None in doubt. Loads lingua when first asked."""
    ours = tuple(sorted(set(languages)))

    def detect(text: str) -> str | None:
        letters = sum(sign.isalpha() for sign in text[:_READ])
        if letters < _SHORTEST:
            return None
        lingua = _built(ours)
        best, second = lingua.compute_language_confidence_values(text[:_READ])[:2]
        if best.value < _SURE or best.value - second.value < _LEAD:
            return None
        if letters >= 6 * _SHORTEST and not _agree(lingua, best.language, text[:_READ]):
            return None
        return _tag(best.language.iso_code_639_1.name.lower(), ours)

    return detect


def _agree(lingua: LanguageDetector, language: Language, text: str) -> bool:
    """Whether each third of a text is in this language: one that changes its language is for a person to divide."""
    third = len(text) // 3
    parts = (text[:third], text[third : 2 * third], text[2 * third :])
    return all(lingua.detect_language_of(part) == language for part in parts)


def settle(text: str, *, stated: str | None, named: str | None, usual: str | None, detect: Detect, file: str) -> str:
    """The language of a text; ProblemsFound asks where nothing says it and detection is in doubt.

    `stated` stands in the text itself, `named` in the file name, `usual` in the campaign's source.
    """
    found = stated or named or usual or detect(text)
    if found is None:
        message = say(
            "The language of this text is not clear: name the file like `name.fr.md`, or write "
            "`language: fr` in its front matter or at its source in campaign.yaml."
        )
        raise ProblemsFound([Problem(message, file, 1)])
    return found


def _tag(code: str, languages: Collection[str]) -> str | None:
    """The workspace's tag for a detected code: `pt` is `pt-BR` where that is the only Portuguese."""
    same = [tag for tag in languages if tag.split("-")[0] == code]
    return match([code], languages) or (same[0] if len(same) == 1 else None)


@lru_cache(maxsize=4)
def _built(languages: tuple[str, ...]) -> LanguageDetector:
    from lingua import IsoCode639_1, LanguageDetectorBuilder  # 96 MB of models: only where something is to be detected

    primary = {tag.split("-")[0] for tag in languages}
    wanted = {"en", "fr", *primary, *(near for tag in primary for near in _NEIGHBOURS.get(tag, ()))}
    codes = [getattr(IsoCode639_1, code.upper(), None) for code in sorted(wanted)]
    builder = LanguageDetectorBuilder.from_iso_codes_639_1(*(code for code in codes if code is not None))
    return builder.with_low_accuracy_mode().build()
