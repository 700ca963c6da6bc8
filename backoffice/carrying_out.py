"""How a decision is carried out: only while what its page showed is still so, and once, however
often its form is sent.
"""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import Any

from django.db import transaction

from backoffice import shown
from backoffice.decisions import Act, Decision
from lib.refusals import ChangedMeanwhile, Refused

Lock = Callable[[Any, datetime], None]


def carry_out(
    decision: Decision, act: Act, *, lock: Lock, read_again: Callable[[], Any]
) -> tuple[Any, bool]:
    """Carry out the decision if what its page showed is still so, and then what it does
    `afterwards`, for which no lock is held. Returns the outcome, and whether the history of the row
    is to tell of it. If what was decided is so already, nothing is done, the row is the outcome,
    and the history tells of it.

    `lock` takes the lock of what the decision changes, given the row and the instant, and
    `read_again` returns the row as it is under that lock, or None if it is gone. Under the lock
    alone it is looked up whether this form was carried out before (Decision.repeats): then the
    history does not tell of it again. For a decision that commits by itself, the row of `act` is
    compared right before, without a lock; one that is about no row or shows nothing is carried out
    without a comparison. Raises ChangedMeanwhile and what the operation raises. When `afterwards`
    raises something, the decision is committed already.
    """
    if act.row is None or decision.shown is None:
        outcome, is_new = decision.carry_out(act), True
    elif decision.commits_itself:
        if _is_done(decision, act):
            return act.row, True
        outcome, is_new = decision.carry_out(act), True
    else:
        outcome, is_done, is_new = _carry_out_under_lock(decision, act, lock, read_again)
        if is_done:
            return outcome, True
    return decision.afterwards(act, outcome), is_new


def _carry_out_under_lock(
    decision: Decision, act: Act, lock: Lock, read_again: Callable[[], Any]
) -> tuple[Any, bool, bool]:
    """Carry out the decision in one transaction that first takes the lock, so that of two pages
    sent at once the second sees what the first has changed. Returns the outcome, whether that was
    so already (`_is_done`), and whether just this form was not carried out before.

    Nothing stays of a decision that is refused but what the refusal keeps. Raises ChangedMeanwhile
    if the row is gone, and what the decision's operation raises.
    """
    with transaction.atomic():
        lock(act.row, act.now)
        present = read_again()
        try:
            if present is None:
                raise ChangedMeanwhile("It is gone by now.")
            act = replace(act, row=present)
            is_done, is_new = _is_done(decision, act), not decision.repeats(act)
            return (present if is_done else decision.carry_out(act)), is_done, is_new
        except Refused as error:
            refusal = error
            transaction.set_rollback(not refusal.keeps_changes)
    raise refusal


def _is_done(decision: Decision, act: Act) -> bool:
    """Check that what the decision's page showed is still so, and return False then. If it is not,
    return True if all that was decided is so already, as when a form is sent twice, and raise
    ChangedMeanwhile otherwise.

    A form that was carried out before gives False, as the operation answers for it. A row that is
    not open any more, and whose page had no form, gives True if all is so already; else False, and
    the operation is left to refuse it.
    """
    assert decision.shown is not None
    if act.showed is None and not decision.is_open(act.row):
        return decision.is_so(act)
    if decision.repeats(act):
        return False
    try:
        shown.check(act.showed, shown.as_texts(decision.shown(act.row)))
    except shown.PageIsStale:
        if decision.is_so(act):
            return True
        raise
    return False
