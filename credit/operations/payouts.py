"""Sends withdrawals to their providers, and records the answers (rule 10.9).

A withdrawal is committed as SENT before its provider is asked, so that a process that dies in
between never pays twice: about a withdrawal without an answer the provider is asked by its
reference, and it is sent again, under the same reference, only when the provider never received it.
The process that asks holds a lease of the withdrawal, and renews it right before each request to
pay.
"""

import logging
from collections.abc import Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from functools import partial
from typing import Any

from django.db import transaction
from moneyed import Money

from credit import withdrawal_failures
from credit.models import Withdrawal
from credit.operations import withdrawal_transitions as steps
from credit.providers import PROVIDERS, SANDBOX, Answer, NoAnswer
from credit.queries.withdrawals import ANSWERED_WITHIN
from credit.trail import Action
from jobs import leases
from jobs.chunks import TRANSIENT_ERRORS
from jobs.silences import Silences
from lib import money, reconnecting, texts, wording
from lib.refusals import Refused
from merchants import installation

log = logging.getLogger(__name__)

SENDER = "send-withdrawals"
RECONCILER = "reconcile-withdrawals"
LONGEST_REFERENCE = 200


class NotSent(Refused):
    """The withdrawal was not sent yet, so it can be neither paid nor failed."""

    code = "not_sent"


class ProviderDecides(Refused):
    """The provider is still being asked; operators may decide only if it does not answer."""

    code = "provider_decides"


def send(withdrawal_id: int, *, now: datetime, silences: Silences | None = None) -> None:
    """Send a withdrawal that needs no further decision to its provider, and record the answer:
    PAID, FAILED, or UNKNOWN if there is none or it names another amount. Does nothing while another
    process is sending it, or if it was sent already or may not be sent yet. It is not for
    withdrawals that people send, nor to be called in a transaction: that it is SENT is committed
    before the provider is asked.

    `silences` counts, for one run of a job, how often each provider did not answer. Raises
    KeepsSilent if the run has given up on this provider, WithdrawalsStopped, UnknownWithdrawal,
    Elsewhere for a database that may be a copy, and what the provider's `check_allowed` raises; in
    all these cases nothing was sent. It holds a lease of the withdrawal meanwhile. The merchant is
    notified of the end. Rule 10.9, rule 10.10.
    """
    withdrawal = _get(withdrawal_id)
    silences = silences or Silences()
    silences.check(withdrawal.provider)
    _check_provider(withdrawal)
    with _asking(withdrawal) as lease:
        if lease is None:
            silences.leave()
        elif _claim(withdrawal_id, now):
            _ask_to_pay(withdrawal, lease, silences, now)


def reconcile(withdrawal_id: int, *, now: datetime, silences: Silences | None = None) -> None:
    """Ask the provider what became of a withdrawal that it has not answered about, and record what
    it says. Does nothing while another process is asking, or if the withdrawal is neither SENT nor
    UNKNOWN. It is not to be called in a transaction.

    It is sent again only if the provider says that it never received it, and only once the first
    request can't arrive any more; if its destination was removed by then, it becomes FAILED
    instead. Raises WithdrawalsStopped instead of sending again, and otherwise what `send` raises.
    `silences` counts, over a run, which providers do not answer. It holds a lease of the withdrawal
    meanwhile. The merchant is notified of the end. Rule 10.10.
    """
    withdrawal = _get(withdrawal_id)
    silences = silences or Silences()
    silences.check(withdrawal.provider)
    _check_provider(withdrawal)
    with _asking(withdrawal) as lease:
        if lease is None:
            silences.leave()
            return
        if not _leave_unknown(withdrawal_id, now):
            return
        try:
            answer = PROVIDERS[withdrawal.provider].find(withdrawal.reference)
        except TRANSIENT_ERRORS:
            raise
        except Exception as error:
            _note_silence(withdrawal, error, silences)
            return
        silences.heard(withdrawal.provider)
        if answer is not None:
            reconnecting.again(partial(_settle, withdrawal_id, answer, RECONCILER, now))
        elif _claim_again(withdrawal_id, now):
            _ask_to_pay(withdrawal, lease, silences, now)


def _get(withdrawal_id: int) -> Withdrawal:
    """Read the withdrawal with its destination, without a lock. Raises UnknownWithdrawal."""
    withdrawal = Withdrawal.objects.select_related("destination").filter(pk=withdrawal_id).first()
    if withdrawal is None:
        raise steps.UnknownWithdrawal("There is no such withdrawal.")
    return withdrawal


def _check_provider(withdrawal: Withdrawal) -> None:
    """Raise what the provider's `check_allowed` raises if it may not be asked now, and Elsewhere if
    the database may be a copy, unless the provider is the sandbox.
    """
    PROVIDERS[withdrawal.provider].check_allowed()
    if withdrawal.provider != SANDBOX:
        installation.refuse_elsewhere()


def _asking(withdrawal: Withdrawal) -> AbstractContextManager[leases.Held | None]:
    """The lease to ask a provider about this withdrawal, held while the context is open. It is None
    if another process holds it.
    """
    return leases.held(f"payout {withdrawal.reference}")


# durable: the provider must not be asked before this is committed.
@transaction.atomic(durable=True)
def _claim(withdrawal_id: int, now: datetime) -> bool:
    """Commit the withdrawal as SENT, and return True. Returns False if it may not be sent, or was
    sent already. Raises WithdrawalsStopped. It locks the withdrawal's line, whose ended days are
    worked off first.
    """
    withdrawal = steps.hold(withdrawal_id, now=now)
    if not withdrawal.may_be_sent:
        return False
    steps.stop_if_suspected(withdrawal.line)
    sent_at = withdrawal.line.now
    steps.move(withdrawal, Withdrawal.Status.SENT, sent_at=sent_at, sent_by=SENDER)
    return True


@transaction.atomic(durable=True)
def _claim_again(withdrawal_id: int, now: datetime) -> bool:
    """Commit the UNKNOWN withdrawal as SENT once more, and return True if it is to be sent now.

    Returns False if it is not UNKNOWN, if its last request may still arrive, or if its destination
    was removed; in that last case it becomes FAILED, and the merchant is notified. Raises
    WithdrawalsStopped. It locks the withdrawal's line, whose ended days are worked off first.
    """
    withdrawal = steps.hold(withdrawal_id, now=now)
    # A provider's time to answer is counted to `now`, not to the line's instant, which may be
    # later.
    is_settled = withdrawal.sent_at is not None and withdrawal.sent_at + ANSWERED_WITHIN <= now
    if withdrawal.status != Withdrawal.Status.UNKNOWN or not is_settled:
        return False
    if withdrawal.destination.is_removed:
        failed = Answer.failed(withdrawal_failures.DESTINATION_REMOVED)
        _settle(withdrawal_id, failed, RECONCILER, now)
        return False
    steps.stop_if_suspected(withdrawal.line)
    sent_at = withdrawal.line.now
    steps.move(withdrawal, Withdrawal.Status.SENT, sent_at=sent_at, sent_by=RECONCILER)
    return True


@transaction.atomic
def _leave_unknown(withdrawal_id: int, now: datetime) -> bool:
    """Turn the withdrawal into UNKNOWN if it is SENT. Returns whether it is UNKNOWN now. It locks
    the withdrawal's line, whose ended days are worked off first.
    """
    withdrawal = steps.hold(withdrawal_id, now=now)
    if withdrawal.status == Withdrawal.Status.SENT:
        steps.move(withdrawal, Withdrawal.Status.UNKNOWN)
    return withdrawal.status == Withdrawal.Status.UNKNOWN


def _ask_to_pay(
    withdrawal: Withdrawal, lease: leases.Held, silences: Silences, now: datetime
) -> None:
    """Ask the provider to pay the withdrawal, and record the answer (`_settle`), which notifies the
    merchant if it ends the withdrawal; without one, the withdrawal becomes UNKNOWN and the silence
    is counted.

    A process that has lost the lease sends nothing, since another one holds it now; that is logged.
    Raises an error of TRANSIENT_ERRORS as it is.
    """
    if not lease.renew():
        log.warning("Withdrawal %s: not sent, since its lease was lost", withdrawal)
        silences.leave()
        return
    try:
        answer = PROVIDERS[withdrawal.provider].send(withdrawal)
    except TRANSIENT_ERRORS:
        raise
    except Exception as error:  # whatever it was, the request may have arrived
        _note_silence(withdrawal, error, silences)
        reconnecting.again(partial(_leave_unknown, withdrawal.pk, now))
    else:
        silences.heard(withdrawal.provider)
        reconnecting.again(partial(_settle, withdrawal.pk, answer, SENDER, now))


def _note_silence(withdrawal: Withdrawal, error: Exception, silences: Silences) -> None:
    """Count and log that the provider did not answer; an unexpected error is logged with its
    traceback.
    """
    silences.kept_silent(withdrawal.provider)
    expected = isinstance(error, NoAnswer)
    log.warning(
        "Withdrawal %s: no answer of %s: %s",
        withdrawal,
        withdrawal.provider,
        error,
        exc_info=None if expected else error,
    )


@transaction.atomic
def _settle(withdrawal_id: int, answer: Answer, actor: str, now: datetime) -> None:
    """Record the provider's answer on the withdrawal: it ends as PAID or FAILED, and the merchant
    is notified.

    It does not end if the provider names another amount, which is stored as its `problem`, or says
    PAID without an amount after having named another one. A withdrawal that has ended stays as it
    is; an answer that contradicts it is logged. It locks the withdrawal's line, whose ended days
    are worked off first.
    """
    withdrawal = steps.hold(withdrawal_id, now=now)
    if withdrawal.has_ended:  # an operator decided while it was asked
        if withdrawal.status != answer.status:
            log.error("Withdrawal %s is %s, not %s", withdrawal, withdrawal.status, answer.status)
        return
    if answer.amount is not None and answer.amount != withdrawal.amount:
        _doubt(withdrawal, answer.amount, withdrawal.provider, answer.status)
        return
    if withdrawal.problem and answer.amount is None and answer.status == Withdrawal.Status.PAID:
        return  # it told another amount before, and does not take that back
    steps.end(
        withdrawal,
        answer.status,
        actor=actor,
        provider_reference=texts.shown(answer.reference, LONGEST_REFERENCE),
        reason=texts.shown(answer.reason, texts.LONGEST_WORDS),
        now=withdrawal.line.now,
    )
    if withdrawal.problem:
        withdrawal.problem = ""
        withdrawal.save(update_fields=["problem"])


def _doubt(withdrawal: Withdrawal, amount: Money, teller: str, status: str) -> str:
    """Return a sentence that says that, according to `teller`, another amount was paid than the
    withdrawal's, or failed if the `status` that it tells is FAILED, and log it. Unless the
    withdrawal has ended, the sentence is stored as its `problem`, and one that is SENT becomes
    UNKNOWN. The caller holds the withdrawal's lock.
    """
    asked = money.full(withdrawal.amount)
    said = f"{amount.amount:f} {amount.currency}"  # as it was said, to its last digit
    what = "failed" if status == Withdrawal.Status.FAILED else "was paid"
    problem = f"{teller} says that {said} {what}, and {asked} was to be paid."
    log.error("Withdrawal %s: %s says that another amount %s", withdrawal, teller, what)
    if withdrawal.status == Withdrawal.Status.SENT:
        steps.move(withdrawal, Withdrawal.Status.UNKNOWN)
    if not withdrawal.has_ended:
        withdrawal.problem = texts.shown(problem, texts.LONGEST_WORDS)
        withdrawal.save(update_fields=["problem"])
    return problem


@transaction.atomic
def doubt(
    *,
    withdrawal_id: int,
    amount: Money,
    teller: str,
    now: datetime,
    status: str = Withdrawal.Status.PAID,
) -> str:
    """Record that, as `teller` says, another amount was paid than the withdrawal's, or failed if
    `status` is FAILED. A sentence for operators, which begins with `teller` ("Row 3 of the bank's
    answers ..."), is stored as the withdrawal's `problem` and returned; a withdrawal that is SENT
    becomes UNKNOWN, until an operator decides. For one that has ended nothing is stored, and the
    sentence is returned all the same. Raises UnknownWithdrawal, and NotSent for one that is
    REQUESTED or APPROVED. It locks the withdrawal's line, whose ended days are worked off first.
    """
    withdrawal = steps.hold(withdrawal_id, now=now)
    if withdrawal.may_be_cancelled:
        raise NotSent(f"Withdrawal {withdrawal} was not sent yet.")
    return _doubt(withdrawal, amount, teller, status)


def mark_paid(*, withdrawal_id: int, reference: str, actor: str, now: datetime) -> Withdrawal:
    """Record by an operator's decision, with a trail row, that the bank paid the withdrawal;
    `reference` is the bank's own. The merchant is notified.

    Only withdrawals that operators sent can be marked, and those about which the provider does not
    answer. Raises UnknownWithdrawal, WithdrawalDecided for one that has ended, be it as PAID,
    NotSent, ProviderDecides, Invalid without a reference. It locks the withdrawal's line, whose
    ended days are worked off first.
    """
    reference = wording.line("bank_reference", reference)
    return _end_by_hand(withdrawal_id, Answer.paid(reference), actor, now)


def mark_failed(
    *, withdrawal_id: int, reason: str, told: str, actor: str, now: datetime
) -> Withdrawal:
    """Record by an operator's decision, with a trail row, that the bank did not pay the withdrawal,
    and why: `told` for the merchant, `reason` for colleagues. Amount and fee return to the
    proceeds. The merchant is notified.

    Only withdrawals that `mark_paid` takes can be marked. Raises UnknownWithdrawal,
    WithdrawalDecided for one that has ended, be it as FAILED, NotSent, ProviderDecides, Invalid
    without both texts. It locks the withdrawal's line, whose ended days are worked off first.
    """
    reason, told = wording.checked("reason", reason), wording.checked("told", told)
    return _end_by_hand(withdrawal_id, Answer.failed(told), actor, now, reason=reason)


@transaction.atomic
def _end_by_hand(
    withdrawal_id: int, answer: Answer, actor: str, now: datetime, *, reason: str = ""
) -> Withdrawal:
    """End the withdrawal as PAID or FAILED, as the operator's answer says, with a trail row, and
    return it. The merchant is notified. Raises UnknownWithdrawal, WithdrawalDecided, NotSent, and
    ProviderDecides while its provider is being asked. It locks the withdrawal's line, whose ended
    days are worked off first.
    """
    withdrawal = steps.hold(withdrawal_id, now=now)
    if withdrawal.may_be_cancelled:
        raise NotSent(f"Withdrawal {withdrawal} was not sent yet.")
    if withdrawal.status == Withdrawal.Status.SENT and not withdrawal.is_sent_by_people:
        raise ProviderDecides(f"Withdrawal {withdrawal}: {withdrawal.provider} is being asked.")
    before = steps.standing(withdrawal)
    by: dict[str, Any] = {"actor": actor, "now": withdrawal.line.now}
    said: dict[str, Any] = {"reason": answer.reason, "provider_reference": answer.reference}
    steps.end(withdrawal, answer.status, **said, **by)
    more: dict[str, Any] = {"bank_reference": answer.reference} if withdrawal.is_paid else {}
    action = Action.WITHDRAWAL_PAID if withdrawal.is_paid else Action.WITHDRAWAL_FAILED
    steps.note(action, withdrawal, before=before, reason=reason, **more, **by)
    return withdrawal


@transaction.atomic
def flag_late(withdrawal_ids: Sequence[int], *, now: datetime) -> int:
    """Mark those of these withdrawals as late that have not ended and are not marked yet, for
    operators to look at. Returns how many were marked. The caller chooses which are late. Rule
    10.12. It locks the line of each, whose ended days are worked off first.
    """
    late = Withdrawal.objects.filter(
        pk__in=withdrawal_ids, ended_at__isnull=True, flagged_late_at__isnull=True
    )
    flagged = 0
    # By line, the order in which everybody locks several.
    for withdrawal_id in late.order_by("line_id", "pk").values_list("pk", flat=True):
        line = steps.hold(withdrawal_id, now=now).line
        flagged += late.filter(pk=withdrawal_id).update(flagged_late_at=line.now)
    return flagged
