"""What a send shows before it begins, while it runs, and when it ends."""

from __future__ import annotations

from newsletter.cli.output import counted, heading, note, progress, say
from newsletter.dispatch.post import Ended, Progress
from newsletter.store import ledger
from newsletter.store.engine import reading
from newsletter.store.people import Person
from newsletter.workflow.context import Context
from newsletter.workflow.results.status import Status
from newsletter.workflow.sending.launch import launch
from newsletter.workflow.sending.plan import Plan
from newsletter.workflow.sending.send import send

NAMED = 20  # institutions that a line each is for


def show_plan(plan: Plan) -> None:
    """Contacts, institutions, languages, who is left out and why, and the transport."""
    count = plan.count
    what = "Rehearsal" if plan.rehearsal else "Send"
    heading(f"{what} of {plan.issue.name}, edition {plan.edition.number}, through {plan.transport}")
    languages = ", ".join(f"{language} {number:,}" for language, number in count.languages.items())
    say(f"  {count.recipients:,} contacts at {count.institutions:,} institutions: {languages}")
    left = {"no address": count.no_address, "no edition in their language": count.no_edition}
    left |= {"covered by another copy": count.covered} | count.suppressed
    reasons = ", ".join(f"{number:,} {reason}" for reason, number in left.items() if number)
    if reasons:
        say(f"  left out: {reasons}")
    if plan.recipients != count.recipients:
        served = count.recipients - plan.recipients
        say(f"  {served:,} were served by an earlier run; this one is for {plan.recipients:,}")
    if plan.open_run is not None:
        say(f"  run {plan.open_run.number} was begun and goes on")


def show_unreached(status: Status) -> None:
    """Institutions where a statutory notice reached nobody, and what can be done: a later run, or a letter."""
    found = status.unreached
    if not found:
        return
    say(f"  Nobody was reached at {counted(len(found), 'institution')}:")
    for each in found[:NAMED]:
        who = f"{each.next_contact}, {each.next_role}" if each.next_role else each.next_contact
        then = f"next would be {who}" if who else "there is nobody else: write a letter"
        say(f"    {each.name} ({each.reason}): {then}")
    if len(found) > NAMED:
        say(f"    and {len(found) - NAMED:,} more: newsletter status {status.issue} --json")
    if any(each.next_contact for each in found):
        say(f"  Propose a later run to the next contacts: newsletter submit {status.issue}")


def run_send(ctx: Context, plan: Plan, person: Person, *, early: bool = False) -> bool:
    """Launches and dispatches; says whether everything that is due has been handed over."""
    with progress("Preparing") as update:
        run_id = launch(ctx, plan, person, on_progress=update, early=early)
    with progress("Rehearsing" if plan.rehearsal else "Sending") as update:

        def show(now: Progress) -> None:
            sums = now.sums
            update(sums.audience - sums.open, sums.audience, now.rate)

        report = send(ctx, run_id, show)
    say(report.sums.line)
    if report.reason:
        note(report.reason)
    if report.ended is Ended.WAITING:
        note("Some are put off and will be tried again: run the same command later, or `newsletter serve`.")
    if report.ended is Ended.STOPPED:
        note("Stopped; the same command goes on where it was.")
    with reading(ctx.engine) as connection:
        doubtful = ledger.run_sums(connection, run_id).counts
    if any(state.value == "unconfirmed" and number for state, number in doubtful.items()):
        note(f"Some outcomes are unknown: newsletter deliveries {plan.issue.name} --state unconfirmed")
    return report.ended in (Ended.DONE, Ended.WAITING)
