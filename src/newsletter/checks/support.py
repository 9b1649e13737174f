"""What mail programs show, as caniemail.com publishes it: features, found by how HTML and CSS write them.

Data: Can I email… (caniemail.com, MIT), out of the npm package `caniemail`; the newest version of a program counts.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

# Where an association's readers are as a rule; newsletter.toml may name others.
PROGRAMS = (
    *("gmail.desktop-webmail", "gmail.ios", "gmail.android"),
    *("outlook.windows", "outlook.outlook-com", "outlook.macos", "outlook.ios", "outlook.android"),
    *("apple-mail.macos", "apple-mail.ios"),
    *("yahoo.desktop-webmail", "samsung-email.android", "thunderbird.macos"),
)


@dataclass(frozen=True, slots=True)
class Feature:
    """`level` by program (`outlook.windows`): y yes, n no, a partly, u unknown."""

    slug: str
    title: str
    level: Mapping[str, str]


@dataclass(frozen=True, eq=False)
class Support:
    """`names`: of families and platforms, as people know them."""

    features: Mapping[str, Feature]
    names: Mapping[str, str]

    def lacking(self, slug: str, programs: Sequence[str]) -> list[str]:
        """Those of the programs that show nothing of a feature."""
        level = self.features[slug].level
        return [program for program in programs if level.get(program) == "n"]

    def named(self, programs: Sequence[str]) -> str:
        """`Gmail (iOS, Android), Outlook (Windows)`: names of products, the same in every language."""
        families: dict[str, list[str]] = {}
        for program in programs:
            family, _, platform = program.partition(".")
            families.setdefault(self.names[family], []).append(self.names[platform])
        return ", ".join(f"{family} ({', '.join(platforms)})" for family, platforms in families.items())

    @cached_property
    def programs(self) -> frozenset[str]:
        return frozenset(program for feature in self.features.values() for program in feature.level)

    # Features by how they are written

    @cached_property
    def properties(self) -> Mapping[str, str]:
        return dict(self._written("css-", _PROPERTY))

    @cached_property
    def at_rules(self) -> Mapping[str, str]:
        return dict(self._written("css-at-", re.compile(r"@([a-z-]+)")))

    @cached_property
    def functions(self) -> Mapping[str, str]:
        return dict(self._written("css-", re.compile(r"([a-z-]+)\(\)"))) | {"calc": "css-unit-calc", "var": VARIABLES}

    @cached_property
    def units(self) -> Mapping[str, str]:
        return dict(self._written("css-unit-", re.compile(r"([a-z]+) unit")))

    @cached_property
    def elements(self) -> Mapping[str, str]:
        """Without those that stand for several types of one element: see `inputs`."""
        return dict(self._written("html-", re.compile(r"<([a-z]+)>(?: element)?"))) | {"svg": "html-svg"}

    @cached_property
    def inputs(self) -> Mapping[tuple[str, str], str]:
        """<input> and <button> by their type."""
        pattern = re.compile(r'<(\w+) type="(\w+)">')
        found = ((pattern.match(each.title), each.slug) for each in self.features.values())
        return {(match[1], match[2]): slug for match, slug in found if match}

    @cached_property
    def displays(self) -> Mapping[str, str]:
        shown = dict(self._written("css-display-", re.compile(r"display:([a-z]+)")))
        return shown | {f"inline-{value}": slug for value, slug in shown.items() if value in ("flex", "grid")}

    def _written(self, prefix: str, pattern: re.Pattern[str]) -> Iterator[tuple[str, str]]:
        """What features that begin so are titled: one title may name several."""
        for slug, feature in self.features.items():
            if slug.startswith(prefix):
                for part in re.split(r", | & ", feature.title):
                    if found := pattern.fullmatch(part.strip()):
                        yield found[1], slug


VARIABLES = "css-variables"
_PROPERTY = re.compile(r"([a-z]+(?:-[a-z]+)*)(?: property| CSS property|:[a-z]+|: [a-z]+| longhand properties)?")


def read(text: str) -> Support:
    """Out of caniemail's JSON; its versions run from old to new."""
    data = json.loads(text)
    names = data["nicenames"]
    features = {
        each["slug"]: Feature(each["slug"], each["title"], dict(_levels(each["stats"]))) for each in data["data"]
    }
    return Support(features, {**names["platform"], **names["family"]})


def _levels(stats: Mapping[str, Mapping[str, Mapping[str, Any]]]) -> Iterator[tuple[str, str]]:
    for family, platforms in stats.items():
        for platform, versions in platforms.items():
            if versions:
                yield f"{family}.{platform}", str([*versions.values()][-1]).split()[0]
