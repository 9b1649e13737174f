"""States of an issue, and the one table of what may follow what.

Stored: draft, in review, approved, scheduled, cancelled, held, missed. Derived from the runs (rehearsals apart):
sending, paused, sent.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum

from newsletter.errors import NewsletterError
from newsletter.i18n import Listed, say
from newsletter.model.delivery import RunState


class IssueState(StrEnum):
    DRAFT = "draft"
    IN_REVIEW = "in review"
    APPROVED = "approved"
    SCHEDULED = "scheduled"
    SENDING = "sending"
    PAUSED = "paused"
    SENT = "sent"
    CANCELLED = "cancelled"
    HELD = "held"  # something needs a person
    MISSED = "missed"


class Step(StrEnum):
    """What people and the schedule do to an issue."""

    SUBMIT = "submit"
    ASK_CHANGES = "ask for changes"
    APPROVE = "approve"
    SCHEDULE = "schedule"
    UNSCHEDULE = "unschedule"
    LAUNCH = "launch"
    EDIT = "edit"
    HOLD = "hold"
    MISS = "miss"
    CANCEL = "cancel"
    REOPEN = "reopen"


IN_WORDS = {
    IssueState.DRAFT: say("draft"),
    IssueState.IN_REVIEW: say("in review"),
    IssueState.APPROVED: say("approved"),
    IssueState.SCHEDULED: say("scheduled"),
    IssueState.SENDING: say("sending"),
    IssueState.PAUSED: say("paused"),
    IssueState.SENT: say("sent"),
    IssueState.CANCELLED: say("cancelled"),
    IssueState.HELD: say("held"),
    IssueState.MISSED: say("missed"),
}
STEPS_IN_WORDS = {
    Step.SUBMIT: say("submit"),
    Step.ASK_CHANGES: say("ask for changes"),
    Step.APPROVE: say("approve"),
    Step.SCHEDULE: say("schedule"),
    Step.UNSCHEDULE: say("unschedule"),
    Step.LAUNCH: say("launch"),
    Step.EDIT: say("edit"),
    Step.HOLD: say("hold"),
    Step.MISS: say("miss"),
    Step.CANCEL: say("cancel"),
    Step.REOPEN: say("reopen"),
}


class NotNow(NewsletterError):
    """The issue's state does not allow this step."""


_S = IssueState
_EDITABLE = (_S.IN_REVIEW, _S.APPROVED, _S.SCHEDULED, _S.HELD, _S.MISSED, _S.SENT, _S.PAUSED)

# From a state, by a step, to a stored state. A later run takes the same way as the first, so SENT may submit again.
TRANSITIONS: dict[tuple[IssueState, Step], IssueState] = {
    **{(state, Step.SUBMIT): _S.IN_REVIEW for state in (_S.DRAFT, *_EDITABLE)},
    (_S.IN_REVIEW, Step.ASK_CHANGES): _S.DRAFT,
    (_S.IN_REVIEW, Step.APPROVE): _S.APPROVED,
    (_S.APPROVED, Step.APPROVE): _S.APPROVED,
    (_S.APPROVED, Step.SCHEDULE): _S.SCHEDULED,
    (_S.SCHEDULED, Step.SCHEDULE): _S.SCHEDULED,
    (_S.SCHEDULED, Step.UNSCHEDULE): _S.APPROVED,
    (_S.APPROVED, Step.LAUNCH): _S.APPROVED,
    (_S.SCHEDULED, Step.LAUNCH): _S.APPROVED,
    **{(state, Step.EDIT): _S.DRAFT for state in (_S.DRAFT, _S.IN_REVIEW, _S.APPROVED, _S.SCHEDULED, _S.HELD)},
    **{
        (state, Step.HOLD): _S.HELD for state in (_S.DRAFT, _S.IN_REVIEW, _S.APPROVED, _S.SCHEDULED, _S.MISSED, _S.SENT)
    },
    **{(state, Step.MISS): _S.MISSED for state in (_S.DRAFT, _S.IN_REVIEW, _S.APPROVED, _S.SCHEDULED)},
    **{
        (state, Step.CANCEL): _S.CANCELLED
        for state in (_S.DRAFT, _S.IN_REVIEW, _S.APPROVED, _S.SCHEDULED, _S.HELD, _S.MISSED)
    },
    (_S.CANCELLED, Step.REOPEN): _S.DRAFT,
    (_S.MISSED, Step.REOPEN): _S.DRAFT,
    (_S.HELD, Step.REOPEN): _S.DRAFT,
    (_S.HELD, Step.APPROVE): _S.APPROVED,
    (_S.MISSED, Step.APPROVE): _S.APPROVED,
}


def after(state: IssueState, step: Step) -> IssueState:
    """The state that a step leads to; NotNow says why it cannot be taken."""
    try:
        return TRANSITIONS[state, step]
    except KeyError:
        allowed = [each for (from_, each) in TRANSITIONS if from_ == state]
        offer = say("; possible: %(steps)s", steps=Listed(STEPS_IN_WORDS[each] for each in allowed)) if allowed else ""
        raise NotNow(
            say(
                "An issue that is %(state)s cannot be taken through %(step)r%(offer)s.",
                state=IN_WORDS[state],
                step=STEPS_IN_WORDS[step],
                offer=offer,
            )
        ) from None


def shown(stored: IssueState, runs: Sequence[RunState]) -> IssueState:
    """The state that people see: what its real runs are at, else what is stored."""
    if RunState.PAUSED in runs:
        return _S.PAUSED
    if RunState.SENDING in runs or RunState.LAUNCHING in runs:
        return _S.SENDING
    if RunState.DONE in runs and stored == _S.APPROVED:
        return _S.SENT
    if runs and stored == _S.APPROVED and all(run == RunState.CANCELLED for run in runs):
        return _S.CANCELLED
    return stored
