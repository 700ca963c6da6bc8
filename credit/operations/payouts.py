"""Withdrawals on their way to whoever pays them (domain: withdrawal).

That a withdrawal is SENT is on record before its provider is asked, so that dying in between never
pays twice: what has no answer is asked about by its reference, and goes out again only when the
provider never heard of it.
"""

import logging
from collections.abc import Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from typing import Any

from django.db import transaction

from credit.models import Withdrawal
from credit.operations import withdrawal_steps as steps
from credit.providers import PROVIDERS, SANDBOX, Answer, NoAnswer, Provider
from credit.queries.withdrawals import ANSWERED_WITHIN
from merchants import installation, locks, texts, wording
from merchants.refusals import Refused
from merchants.trail import Action

log = logging.getLogger(__name__)

SENDER = "send-withdrawals"
RECONCILER = "reconcile-withdrawals"
LONGEST_REFERENCE = 200


class NotSent(Refused):
    """The withdrawal was not sent, so it cannot have been paid or have failed."""

    code = "not_sent"


class ProviderDecides(Refused):
    """Its provider is being asked; people decide only once it keeps silent."""

    code = "provider_decides"


def send(withdrawal_id: int, *, now: datetime) -> None:
    """Send a withdrawal that needs nobody's decision any more, and write down the answer.

    Does nothing when somebody was faster. Raises WithdrawalsStopped, UnknownWithdrawal, and what
    keeps the provider from being asked; then nothing was sent.
    """
    withdrawal = _get(withdrawal_id)
    provider = _provider(withdrawal)
    with _asking(withdrawal) as alone:
        if alone and _claim(withdrawal_id, now):
            _ask_to_pay(withdrawal, provider, now)


def reconcile(withdrawal_id: int, *, now: datetime) -> None:
    """Ask the provider what became of a withdrawal that it gave no answer about.

    Only what it says it never received is sent again, and that not before a request that we gave up
    on can't arrive any more. Raises WithdrawalsStopped instead of sending again.
    """
    withdrawal = _get(withdrawal_id)
    provider = _provider(withdrawal)
    with _asking(withdrawal) as alone:
        if not alone or not _leave_unknown(withdrawal_id, now):
            return
        try:
            answer = provider.find(withdrawal.reference)
        except Exception as error:
            _log_silence(withdrawal, error)
            return
        if answer is not None:
            _settle(withdrawal_id, answer, RECONCILER, now)
        elif _claim_again(withdrawal_id, now):
            _ask_to_pay(withdrawal, provider, now)


def _get(withdrawal_id: int) -> Withdrawal:
    withdrawal = Withdrawal.objects.select_related("destination").filter(pk=withdrawal_id).first()
    if withdrawal is None:
        raise steps.UnknownWithdrawal("There is no such withdrawal.")
    return withdrawal


def _provider(withdrawal: Withdrawal) -> Provider:
    provider = PROVIDERS[withdrawal.provider]
    provider.check_allowed()
    if withdrawal.provider != SANDBOX:
        installation.refuse_elsewhere()
    return provider


def _asking(withdrawal: Withdrawal) -> AbstractContextManager[bool]:
    """Whether we are the only process that asks a provider about this withdrawal."""
    return locks.alone(f"payout {withdrawal.reference}")


# durable: the provider must not be asked before this is committed.
@transaction.atomic(durable=True)
def _claim(withdrawal_id: int, now: datetime) -> bool:
    withdrawal = steps.hold(withdrawal_id, now=now)
    if not withdrawal.may_be_sent:
        return False
    steps.stop_if_suspected(withdrawal.line)
    sent_at = withdrawal.line.now
    steps.move(withdrawal, Withdrawal.Status.SENT, sent_at=sent_at, sent_by=SENDER)
    return True


@transaction.atomic(durable=True)
def _claim_again(withdrawal_id: int, now: datetime) -> bool:
    withdrawal = steps.hold(withdrawal_id, now=now)
    # How long a provider may take is counted on our own clock, not on that of the line.
    is_settled = withdrawal.sent_at is not None and withdrawal.sent_at + ANSWERED_WITHIN <= now
    if withdrawal.status != Withdrawal.Status.UNKNOWN or not is_settled:
        return False
    if withdrawal.destination.is_removed:
        reason = "Its destination was removed before the bank received it."
        steps.end(
            withdrawal,
            Withdrawal.Status.FAILED,
            actor=RECONCILER,
            reason=reason,
            now=withdrawal.line.now,
        )
        return False
    steps.stop_if_suspected(withdrawal.line)
    sent_at = withdrawal.line.now
    steps.move(withdrawal, Withdrawal.Status.SENT, sent_at=sent_at, sent_by=RECONCILER)
    return True


@transaction.atomic
def _leave_unknown(withdrawal_id: int, now: datetime) -> bool:
    """Whether it is one that nobody knows about; SENT and left alone becomes UNKNOWN here."""
    withdrawal = steps.hold(withdrawal_id, now=now)
    if withdrawal.status == Withdrawal.Status.SENT:
        steps.move(withdrawal, Withdrawal.Status.UNKNOWN)
    return withdrawal.status == Withdrawal.Status.UNKNOWN


def _ask_to_pay(withdrawal: Withdrawal, provider: Provider, now: datetime) -> None:
    try:
        answer = provider.send(withdrawal)
    except Exception as error:  # whatever it was, the request may have arrived
        _log_silence(withdrawal, error)
        _leave_unknown(withdrawal.pk, now)
    else:
        _settle(withdrawal.pk, answer, SENDER, now)


def _log_silence(withdrawal: Withdrawal, error: Exception) -> None:
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
    """Write down what the provider answered, once."""
    withdrawal = steps.hold(withdrawal_id, now=now)
    if withdrawal.has_ended:  # an operator decided while it was asked
        if withdrawal.status != answer.status:
            log.error("Withdrawal %s is %s: %s", withdrawal, withdrawal.status, answer)
        return
    steps.end(
        withdrawal,
        answer.status,
        actor=actor,
        provider_reference=texts.shown(answer.reference, LONGEST_REFERENCE),
        reason=texts.shown(answer.reason, texts.LONGEST_WORDS),
        now=withdrawal.line.now,
    )


def mark_paid(*, withdrawal_id: int, reference: str, actor: str, now: datetime) -> Withdrawal:
    """Write down that the bank paid it, under the bank's own reference.

    For what people sent, and for what its provider keeps silent about. Raises UnknownWithdrawal,
    AlreadyDecided, NotSent, ProviderDecides, Invalid without a reference.
    """
    reference = wording.line("bank_reference", reference)
    return _end_by_hand(withdrawal_id, Answer.paid(reference), actor, now)


def mark_failed(*, withdrawal_id: int, reason: str, actor: str, now: datetime) -> Withdrawal:
    """Write down that the bank did not pay it, and why; amount and fee come back.

    Raises as `mark_paid`, and Invalid without a reason.
    """
    return _end_by_hand(withdrawal_id, Answer.failed(wording.checked("reason", reason)), actor, now)


@transaction.atomic
def _end_by_hand(withdrawal_id: int, answer: Answer, actor: str, now: datetime) -> Withdrawal:
    withdrawal = steps.hold(withdrawal_id, now=now)
    if withdrawal.may_be_cancelled:
        raise NotSent(f"Withdrawal {withdrawal} was not sent yet.")
    if withdrawal.status == Withdrawal.Status.SENT and not withdrawal.is_sent_by_people:
        raise ProviderDecides(f"Withdrawal {withdrawal}: {withdrawal.provider} is being asked.")
    before = steps.standing(withdrawal)
    by: dict[str, Any] = {"actor": actor, "reason": answer.reason, "now": withdrawal.line.now}
    steps.end(withdrawal, answer.status, provider_reference=answer.reference, **by)
    more: dict[str, Any] = {"bank_reference": answer.reference} if withdrawal.is_paid else {}
    action = Action.WITHDRAWAL_PAID if withdrawal.is_paid else Action.WITHDRAWAL_FAILED
    steps.note(action, withdrawal, before=before, **more, **by)
    return withdrawal


@transaction.atomic
def flag_late(withdrawal_ids: Sequence[int], *, now: datetime) -> int:
    """Flag those of them that have not ended, for operators to look at; how many there were."""
    late = Withdrawal.objects.filter(
        pk__in=withdrawal_ids, ended_at__isnull=True, flagged_late_at__isnull=True
    )
    flagged = 0
    # By line, as everybody who locks several.
    for withdrawal_id in late.order_by("line_id", "pk").values_list("pk", flat=True):
        line = steps.hold(withdrawal_id, now=now).line
        flagged += late.filter(pk=withdrawal_id).update(flagged_late_at=line.now)
    return flagged
