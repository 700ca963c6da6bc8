"""Records what a provider answers about an attempt and what follows for its bill (rule 16.1)."""

import logging
from datetime import datetime

from django.db import transaction

from billing.models import BankTransfer, BillingAccount, Invoice, Payment
from billing.operations import dunning, plan_parts, rests, unapplied
from billing.operations.attempts import COLLECTOR, new_payment, take_in
from billing.operations.invoice_decisions import hold
from billing.providers.registry import Answer
from billing.queries import accounts, pauses, payment_plans, undecided
from lib import counters
from lib.texts import LONGEST_WORDS, shown

log = logging.getLogger(__name__)

LONGEST_FAILURE = 200


@transaction.atomic
def settle(payment_id: int, answer: Answer, *, now: datetime) -> Payment:
    """Record a provider's answer about an attempt, and what follows for its bill; returns the
    attempt. Raises Payment.DoesNotExist. One that succeeded pays the bill; after one that failed it
    is set when the bill is tried next.

    An attempt that is decided stays so. Money that came for one recorded as failed, or a second
    time, pays the bill by another payment, or becomes unapplied. When an attempt fails, the
    merchant's unapplied money pays the bill, which had to wait for the answer. It locks the bill,
    its account and its credit line. The merchant is notified of failures as dunning.fail says, and
    of unapplied money that comes or goes.
    """
    invoice_id = Payment.objects.values_list("invoice", flat=True).get(pk=payment_id)
    account, invoice = hold(invoice_id, now=now)
    now = account.now
    payment = Payment.objects.select_for_update().get(pk=payment_id)
    if not payment.is_undecided:
        is_known = payment.provider_reference == answer.reference and not payment.has_failed
        if answer.status == Payment.Status.SUCCEEDED and not is_known:
            _take_late(account, invoice, payment, answer, now)
        return payment
    if payment.status != answer.status:
        transaction.on_commit(counters.PAYMENTS.labels(payment.provider, answer.status).inc)
    payment.status = answer.status
    payment.provider_reference = answer.reference or payment.provider_reference
    payment.failure = shown(answer.failure, LONGEST_FAILURE)
    payment.is_hard = answer.is_hard
    payment.problem = shown(answer.problem, LONGEST_WORDS)
    payment.ended_at = None if payment.is_undecided else now
    payment.save(
        update_fields=[
            "status", "provider_reference", "failure", "is_hard", "problem", "ended_at",
        ]
    )  # fmt: skip
    if payment.status == Payment.Status.SUCCEEDED:
        take_in(account, invoice, payment, now=now)
    elif payment.has_failed:
        _record_failure(account, invoice, payment, now)
        rests.pay_invoices(account, actor=payment.actor, now=now)
    return payment


def _record_failure(
    account: BillingAccount, invoice: Invoice, payment: Payment, now: datetime
) -> None:
    """Record on the bill that the attempt failed, and set when it is tried next.

    If the account has another method or card by now, or the provider never received the attempt, it
    counts for nothing, and the bill is tried again. After a failure that would only repeat, the
    bill is not tried automatically. Otherwise an automatic attempt counts as a failure of the bill,
    of which the merchant may be notified (dunning.fail), as does one whose card can never pay;
    after any other attempt of a person the retries stay as they are. Under a payment plan an
    automatic attempt that fails ends the plan, which the merchant is told, and one of a person
    changes nothing.
    """
    plan = payment_plans.in_force(invoice)
    has_new_method = (payment.provider, payment.card_id) != (
        account.payment_method,
        account.card_id,
    )
    invoice.next_attempt_by = ""
    if has_new_method:
        retry = dunning.next_with_new_method(account, invoice, now=now)
        invoice.next_attempt_by = accounts.method_chosen_by(account) if retry == now else ""
        dunning.give_days_to_pay(account, invoice)
    elif payment.failure == Payment.NEVER_RECEIVED:
        retry = now
    elif payment.failure in Payment.NOT_TRIED_AGAIN:
        retry = None  # it waits for another method or a transfer
    elif payment.actor != COLLECTOR and (plan or not payment.is_hard):
        return
    else:
        if plan is not None:
            plan_parts.break_off(plan, invoice, by=plan_parts.PAYMENTS, on=account.open_on, now=now)
            plan = None
            dunning.expect_freezes(account, [invoice])
        dunning.fail(account, invoice, failure=payment.failure, is_hard=payment.is_hard, now=now)
        retry = None if payment.is_hard else dunning.next_retry(invoice, after=now)
    if retry is not None and not has_new_method:  # a choice is tried all the same
        retry = pauses.not_before_its_end(invoice, retry, on=account.open_on)
    invoice.next_attempt_at = retry if invoice.is_open or plan else None
    invoice.save(update_fields=["next_attempt_at", "next_attempt_by"])


def _take_late(
    account: BillingAccount, invoice: Invoice, attempt: Payment, answer: Answer, now: datetime
) -> None:
    """Record money that came for an attempt that had failed, or that was paid already with other
    money; do nothing if this money is recorded already.

    If exactly this amount is left to pay on the bill, and no attempt waits for an answer, the money
    pays the bill. Otherwise it becomes unapplied money, of which the merchant is notified, and
    which at once pays what it can of the account's unpaid bills. What comes unexpected is logged as
    an error.
    """
    # When a person ended the attempt, the money may have been recorded as a transfer
    # (ended_payments).
    same = invoice.payments.filter(
        provider=attempt.provider,
        provider_reference=answer.reference,
        status=Payment.Status.SUCCEEDED,
    )
    source = unapplied.of_attempt(attempt, answer.reference)
    kept = account.unapplied_entries.filter(source=source)
    # One that was taken out again, as it had never come, is not this money.
    recorded = account.transfers.filter(reference=answer.reference).exclude(
        status=BankTransfer.Status.MOVED, becomes__isnull=True
    )
    if same.exists() or kept.exists() or recorded.exists():
        return  # it has been dealt with, and may have been given back
    log.error("Payment %s: money came that was not expected: %s", attempt, answer.reference)
    if (
        invoice.is_unpaid
        and invoice.left_to_pay == attempt.amount
        and not undecided.exists(invoice)
    ):
        payment = new_payment(
            invoice,
            provider=attempt.provider,
            card_id=attempt.card_id,
            actor=attempt.actor,
            now=now,
        )
        settle(payment.pk, answer, now=now)
        return
    unapplied.receive(
        account,
        source=source,
        amount=attempt.amount,
        reference=answer.reference,
        payment=attempt,
        actor=attempt.actor,
        now=now,
    )
    rests.pay_invoices(account, actor=attempt.actor, now=now)
