"""Compiling a message of one language: all its variants, and the decision tree that leads each recipient to one.

Both answers of every yes/no question get their variant, so that approval covers what will be sent. Where that is too
much, all questions are answered by the witnesses alone.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from newsletter.errors import NewsletterError, Problem, ProblemsFound
from newsletter.i18n import say, told
from newsletter.libraries import in_words
from newsletter.message.expressions import fields_of, key
from newsletter.message.parts import Compiled, CompiledLanguage, Slot, Tree
from newsletter.message.slots import Links, bind_value, field_values
from newsletter.message.tree import answer_key
from newsletter.model.recipient import Recipient
from newsletter.rendering import markers, tracing
from newsletter.rendering.conditions import Path, example
from newsletter.rendering.dialect import CodeCache
from newsletter.rendering.exploring import Explorer, Leaf, Limits, Sources, TooMany
from newsletter.rendering.manuscript import Manuscript
from newsletter.rendering.plain import Finish


def compile_language(
    manuscript: Manuscript,
    *,
    witnesses: Sequence[Recipient],
    finish: Finish,
    limits: Limits | None = None,
    cache: CodeCache | None = None,
) -> CompiledLanguage:
    """All variants of the message in the manuscript's language.

    `finish` makes HTML of MJML. ProblemsFound names file and line of what cannot be compiled.
    """
    explorer = Explorer(manuscript, cache)
    leaves, complete = _leaves(explorer, witnesses, limits or Limits())
    finished: dict[Sources, Compiled] = {}
    for leaf in leaves:
        if leaf.sources not in finished:
            finished[leaf.sources] = _compiled(leaf, explorer, finish)
    _check_evaluation(explorer)
    variants = list(dict.fromkeys(map(_Same, (finished[leaf.sources] for leaf in leaves))))
    number = {same: index for index, same in enumerate(variants)}
    root = _grown([(leaf.path, number[_Same(finished[leaf.sources])]) for leaf in leaves], 0)
    compiled = [same.compiled for same in variants]
    fields = sorted({*_slot_fields(compiled), *_tree_fields(root)})
    return CompiledLanguage(manuscript.language, tuple(fields), Tree(root), tuple(compiled), complete)


def _leaves(explorer: Explorer, witnesses: Sequence[Recipient], limits: Limits) -> tuple[list[Leaf], bool]:
    try:
        return explorer.explore(witnesses, force=True, limits=limits), True
    except TooMany:
        pass
    try:
        return explorer.explore(witnesses, force=False, limits=limits), False
    except TooMany as error:
        raise ProblemsFound([Problem(told(error))]) from None


def _compiled(leaf: Leaf, explorer: Explorer, finish: Finish) -> Compiled:
    marks, templates = explorer.marks, explorer.manuscript.templates
    subject, text, mjml = leaf.sources
    try:
        html = finish(mjml)
    except ProblemsFound as error:
        said = [Problem(marks.say(each.message), each.file, each.line, each.column) for each in error.problems]
        raise ProblemsFound(_in_templates(said, leaf, explorer.manuscript)) from error
    except NewsletterError as error:
        raise NewsletterError(marks.say(told(error))) from error
    problems = markers.problems(mjml, html, marks, templates)
    if problems:
        raise ProblemsFound(problems)
    return Compiled(marks.split(subject), marks.split(text), marks.split(html))


def _in_templates(problems: Sequence[Problem], leaf: Leaf, manuscript: Manuscript) -> Sequence[Problem]:
    """The lines of the templates, for problems that were found in the rendered MJML."""
    try:
        traced, names = Explorer(manuscript, trace=True).again(leaf)
    except (AssertionError, NewsletterError):
        return problems  # a condition on the length of a text sees the notes in it
    return tracing.in_templates(problems, traced, names, manuscript.templates)


def _check_evaluation(explorer: Explorer) -> None:
    """Evaluates every slot for a filled and an empty example, so that none fails while a message is being sent."""
    manuscript, marks = explorer.manuscript, explorer.marks
    paths = [each.path for each in manuscript.fields]
    examples = [field_values(example(manuscript.fields, filled=filled), paths) for filled in (True, False)]
    problems = []
    for slot, place in zip(marks.slots, marks.places, strict=True):
        try:
            evaluate = bind_value(slot.expression, paths, manuscript.language)
            found = [evaluate(values, Links("https://link.example/u", "https://link.example/p")) for values in examples]
            why = say("is a list; put its items together with the filter 'join'") if _has_list(found) else None
        except Exception as error:
            why = say("cannot be computed: %(error)s", error=in_words(told(error)))
        if why:
            text = markers.about(slot, why)
            problems.append(Problem(text, *manuscript.templates.place(*place)))
    if problems:
        raise ProblemsFound(problems)


def _has_list(values: Sequence[Any]) -> bool:
    return any(isinstance(value, (list, tuple, dict)) for value in values)


class _Same:
    """A variant that equals another of the same text."""

    def __init__(self, compiled: Compiled) -> None:
        self.compiled = compiled
        self._key = tuple(
            tuple(part if isinstance(part, str) else (part.mode, key(part.expression)) for part in parts)
            for parts in (compiled.subject, compiled.text, compiled.html)
        )

    def __hash__(self) -> int:
        return hash(self._key)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Same) and self._key == other._key


def _grown(ways: Sequence[tuple[Path, int]], depth: int) -> dict[str, Any]:
    """The decision tree of these ways. A question whose two answers lead to the same place is not asked."""
    path, number = ways[0]
    if len(path) == depth:
        return {"variant": number}
    question = path[depth][0]
    by_answer: dict[str, list[tuple[Path, int]]] = {}
    for way in ways:
        by_answer.setdefault(answer_key(way[0][depth][1]), []).append(way)
    then = {answer: _grown(some, depth + 1) for answer, some in by_answer.items()}
    if question.kind == "bool" and then.get("true") == then.get("false"):
        return then["true"]
    return {"ask": [question.kind, question.expression], "then": then}


def _slot_fields(variants: Sequence[Compiled]) -> Iterator[str]:
    for variant in variants:
        for part in (*variant.subject, *variant.text, *variant.html):
            if isinstance(part, Slot):
                yield from fields_of(part.expression)


def _tree_fields(node: dict[str, Any]) -> Iterator[str]:
    if "ask" in node:
        yield from fields_of(node["ask"][1])
        for then in node["then"].values():
            yield from _tree_fields(then)
