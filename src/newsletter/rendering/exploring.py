"""Taking every way through a manuscript's questions.

A run renders the templates for a recipient who is not known yet and notes the way of questions and answers that it
took. Exploring takes the other answers too, until every way has been seen: both answers of yes/no questions by force,
those of other questions (how many topics, which value) as far as the witnesses give them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from newsletter.i18n import say
from newsletter.message.expressions import describe
from newsletter.message.parts import Expression
from newsletter.message.slots import field_values
from newsletter.message.tree import answer_key, bind_question
from newsletter.model.recipient import Recipient
from newsletter.rendering.conditions import Path, Question, Values, example, possible
from newsletter.rendering.dialect import CodeCache
from newsletter.rendering.manuscript import SUBJECT, Fault, Manuscript
from newsletter.rendering.markers import Marks
from newsletter.rendering.places import Place, here
from newsletter.rendering.symbolic import SymbolicSandbox

Sources = tuple[str, str, str]  # subject, text and MJML of one variant, with markers
MOST_QUESTIONS = 100  # in one version
Choice = tuple[Any, Sequence[Values]]  # an answer, and the witnesses who give it


@dataclass(frozen=True, slots=True)
class Limits:
    """How many variants a language may have: with all answers, and with those of the witnesses."""

    forced: int = 64
    witnessed: int = 256
    ways: int = 1024  # different answers may lead to equal texts


class TooMany(Exception):
    """More variants than allowed."""


@dataclass(frozen=True, slots=True)
class _Branch:
    """A way whose first answers are given, and the witnesses who gave them."""

    path: Path
    witnesses: Sequence[Values]


@dataclass(slots=True)
class Leaf:
    path: Path
    sources: Sources


@dataclass(slots=True)
class _Run:
    """One rendering along a branch. Beyond its answers it takes the first possible one and notes the others."""

    branch: _Branch
    explorer: Explorer
    path: list[tuple[Question, Any]] = field(default_factory=list)
    answers: dict[str, Any] = field(default_factory=dict)
    others: list[_Branch] = field(default_factory=list)
    witnesses: Sequence[Values] = ()

    def __post_init__(self) -> None:
        self.witnesses = self.branch.witnesses

    def ask(self, kind: str, expression: Expression) -> Any:
        question = Question(kind, expression)
        if question.key not in self.answers:
            if len(self.path) == MOST_QUESTIONS:
                raise Fault(
                    say(
                        "more than %(most)s questions about the recipient; is there a macro without end?",
                        most=MOST_QUESTIONS,
                    )
                )
            self.answers[question.key] = answer = self._answer(question)
            self.path.append((question, answer))
        return self.answers[question.key]

    def _answer(self, question: Question) -> Any:
        depth = len(self.path)
        if depth < len(self.branch.path):
            known, answer = self.branch.path[depth]
            assert known.key == question.key, "a template asked otherwise the second time"
            return answer
        so_far = tuple(self.path)
        (answer, self.witnesses), *others = self.explorer.choices(question, so_far, self.witnesses)
        self.others += [_Branch((*so_far, (question, other)), witnesses) for other, witnesses in others]
        return answer

    def mark(self, expression: Expression, mode: str) -> str:
        return self.explorer.marks.mark(expression, mode, here())


class Explorer:
    """Takes all ways through one manuscript's questions."""

    def __init__(self, manuscript: Manuscript, cache: CodeCache | None = None, *, trace: bool = False) -> None:
        self.manuscript = manuscript
        self.marks = Marks()
        self.asked_at: dict[str, Place] = {}
        self._sandbox = SymbolicSandbox(manuscript, self.marks, cache, trace=trace)
        self._paths = [each.path for each in manuscript.fields]
        self._bound: dict[str, Callable[[Values], Any]] = {}
        self._force = True

    def explore(self, witnesses: Sequence[Recipient], *, force: bool, limits: Limits) -> list[Leaf]:
        """The leaf of every way; TooMany beyond the limit."""
        self._force = force
        limit = limits.forced if force else limits.witnessed
        leaves: list[Leaf] = []
        texts: set[Sources] = set()
        pending = [_Branch((), self._known(witnesses))]
        while pending:
            run = _Run(pending.pop(), self)
            texts.add(sources := self._render(run))
            leaves.append(Leaf(tuple(run.path), sources))
            pending += reversed(run.others)
            if len(texts) > limit or len(leaves) > limits.ways:
                raise TooMany(self._most_answers(leaves, limit))
        return leaves

    def again(self, leaf: Leaf) -> tuple[str, list[str]]:
        """The MJML of a leaf, and the names of the templates that its notes count (tracing.py)."""
        return self._render(_Run(_Branch(leaf.path, ()), self))[2], self._sandbox.names or []

    def _known(self, witnesses: Sequence[Recipient]) -> list[Values]:
        """The different witnesses; where there are none, an example and an empty one."""
        given = list(witnesses) or [example(self.manuscript.fields, filled=filled) for filled in (True, False)]
        different = {repr(values): values for values in (field_values(each, self._paths) for each in given)}
        return [different[name] for name in sorted(different)]

    def _render(self, run: _Run) -> Sources:
        texts = self._sandbox.run(run)
        templates = self.manuscript.templates
        return texts[SUBJECT], texts[templates.text], texts[templates.html]

    def choices(self, question: Question, path: Path, witnesses: Sequence[Values]) -> Sequence[Choice]:
        """The answers to go on with, each with the witnesses who give it."""
        self.asked_at.setdefault(question.key, here())
        answer_of, by_answer = self._asking(question), dict[str, tuple[Any, list[Values]]]()
        for values in witnesses:
            answer = answer_of(values)
            name = ("true" if answer else "false") if question.kind == "bool" else answer_key(answer)
            by_answer.setdefault(name, (answer, []))[1].append(values)
        if self._force and question.kind == "bool":
            either: list[Choice] = [(each, by_answer.get(answer_key(each), (each, []))[1]) for each in (True, False)]
            kept = [choice for choice in either if choice[1] or self._possible(question, choice[0], path)]
            return kept or either
        if not by_answer:
            return [(self._likely(question, path), [])]
        return [by_answer[name] for name in sorted(by_answer)]

    def _likely(self, question: Question, path: Path) -> Any:
        """An answer for a forced way that no witness takes."""
        examples = [example(self.manuscript.fields, filled=filled) for filled in (True, False)]
        answers = [self._asking(question)(field_values(each, self._paths)) for each in examples]
        return next((answer for answer in answers if self._possible(question, answer, path)), answers[0])

    def _possible(self, question: Question, answer: Any, path: Path) -> bool:
        return possible((*path, (question, answer)), self.manuscript.fields, self.manuscript.language)

    def _asking(self, question: Question) -> Callable[[Values], Any]:
        if question.key not in self._bound:
            self._bound[question.key] = bind_question(
                question.kind, question.expression, self._paths, self.manuscript.language
            )
        return self._bound[question.key]

    def _most_answers(self, leaves: Sequence[Leaf], limit: int) -> str:
        answers: dict[str, set[str]] = {}
        said: dict[str, str] = {}
        for leaf in leaves:
            for question, answer in leaf.path:
                answers.setdefault(question.key, set()).add(answer_key(answer))
                file, line = self.manuscript.templates.place(*self.asked_at[question.key])
                said[question.key] = f"{describe(question.expression)} ({file}:{line})"
        most = sorted(answers, key=lambda name: -len(answers[name]))[:6]
        listed = "; ".join(f"{said[name]}: {len(answers[name])}" for name in most)
        return say(
            "More than %(limit)s versions of this message in %(language)r would be needed. Ask fewer "
            "conditions; those with most answers: %(listed)s",
            limit=limit,
            language=self.manuscript.language,
            listed=listed,
        )
