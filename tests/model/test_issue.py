"""The one table of what may follow what, for an issue; and the rules of approval."""

from __future__ import annotations

from itertools import product

import pytest

from newsletter.model.approval import Given, OwnChange, approved_count, check_approver, missing
from newsletter.model.delivery import RunState
from newsletter.model.issue import TRANSITIONS, IssueState, NotNow, Step, after, shown
from newsletter.model.permission import Action, NotAllowed, Role, may, require


@pytest.mark.parametrize(("state", "step"), list(product(IssueState, Step)))
def test_every_pair_is_either_in_the_table_or_refused_in_words(state: IssueState, step: Step) -> None:
    if (state, step) in TRANSITIONS:
        assert after(state, step) is TRANSITIONS[state, step]
    else:
        with pytest.raises(NotNow, match=state.value):
            after(state, step)


def test_no_step_leads_to_a_derived_state() -> None:
    derived = {IssueState.SENDING, IssueState.PAUSED, IssueState.SENT}
    assert not derived & set(TRANSITIONS.values())


@pytest.mark.parametrize(
    ("stored", "runs", "seen"),
    [
        (IssueState.APPROVED, [], IssueState.APPROVED),
        (IssueState.APPROVED, [RunState.LAUNCHING], IssueState.SENDING),
        (IssueState.APPROVED, [RunState.DONE], IssueState.SENT),
        (IssueState.APPROVED, [RunState.DONE, RunState.PAUSED], IssueState.PAUSED),
        (IssueState.APPROVED, [RunState.CANCELLED], IssueState.CANCELLED),
        (IssueState.IN_REVIEW, [RunState.DONE], IssueState.IN_REVIEW),
    ],
)
def test_what_people_see_follows_from_the_runs(stored: IssueState, runs: list[RunState], seen: IssueState) -> None:
    assert shown(stored, runs) is seen


def test_an_edition_is_approved_by_its_own_hash_and_every_language_that_must_be_signed() -> None:
    hashes = {"en": "e1", "fr": "f1"}

    def lacking(*given: Given) -> list[str]:
        return missing(given, edition_hash="h", language_hashes=hashes, sign_off=["fr", "es"])

    assert lacking() == ["an approval of the edition", "a sign-off of fr"]
    assert lacking(Given("other", 5)) == ["an approval of the edition", "a sign-off of fr"]
    assert lacking(Given("h", 5), Given("h", 5, "fr", "old")) == ["a sign-off of fr"]
    assert lacking(Given("h", 5), Given("h", 5, "fr", "f1")) == []
    assert approved_count([Given("h", 5), Given("h", 7)], "h") == 7
    assert approved_count([Given("old", 5)], "h") is None


def test_nobody_approves_their_own_change_unless_the_workspace_says_so() -> None:
    check_approver(1, 2, approve_own=False)
    check_approver(1, 1, approve_own=True)
    with pytest.raises(OwnChange, match="somebody else"):
        check_approver(1, 1, approve_own=False)


def test_roles_combine_and_a_lack_names_the_role_that_it_takes() -> None:
    assert may([Role.AUTHOR, Role.APPROVER], Action.APPROVE)
    assert not may([Role.AUTHOR], Action.APPROVE)
    assert not may([Role.READER], Action.EDIT)
    with pytest.raises(NotAllowed, match="steward"):
        require("Ana", [Role.AUTHOR], Action.CONTACTS)
