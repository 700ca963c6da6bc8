"""Writes payments, and applies those that have succeeded to their bills (rule 16.1)."""

from collections.abc import Sequence
from datetime import datetime

from moneyed import Money

from billing.models import BillingAccount, Invoice, Payment
from billing.operations import dunning, plan_parts
from billing.providers.minimums import is_too_little
from billing.queries import undecided
from merchants import installation

COLLECTOR = "collect-payments"  # the actor of what is tried by itself


def new_payment(
    invoice: Invoice,
    *,
    provider: str,
    card_id: int | None,
    amount: Money | None = None,
    actor: str,
    now: datetime,
) -> Payment:
    """Write the next attempt on the locked bill, as PENDING and over `amount`, or else over all
    that is left to pay. Nothing is checked, and the provider is not asked: both are for the caller.
    It names as `chosen_by` whoever had the bill tried by now by choosing a method, "" if nobody
    did, and as `actor` whoever tries it.
    """
    attempt = invoice.payments.count() + 1
    chosen_by = (
        invoice.next_attempt_by
        if invoice.next_attempt_at and invoice.next_attempt_at <= now
        else ""
    )
    return Payment.objects.create(
        invoice=invoice,
        attempt=attempt,
        provider=provider,
        card_id=card_id,
        actor=actor,
        chosen_by=chosen_by,
        idempotency_key=_key(invoice, attempt),
        currency=invoice.currency,
        amount=invoice.left_to_pay if amount is None else amount,
        started_at=now,
    )


def _key(invoice: Invoice, attempt: int) -> str:
    """The idempotency key of the bill's attempt with this number, by which its provider knows it:
    the bill's number as others see it, and that of the attempt, such as T-2026-000001-2.
    """
    return installation.outside(f"{invoice.number}-{attempt}")


def pay(
    account: BillingAccount,
    invoice: Invoice,
    *,
    provider: Payment.Provider,
    amount: Money,
    reference: str = "",
    actor: str,
    now: datetime,
) -> Payment:
    """Write a payment of the locked bill that has succeeded already, such as a bank transfer, and
    apply it to the bill (`take_in`), which may lift a freeze or end a payment plan, of which the
    merchant is notified. `amount` is at most what is left to pay.

    `reference` is the provider's own; without one, the payment's key is used.
    """
    attempt = invoice.payments.count() + 1
    key = _key(invoice, attempt)
    payment = Payment.objects.create(
        invoice=invoice,
        attempt=attempt,
        provider=provider,
        actor=actor,
        idempotency_key=key,
        provider_reference=reference or key,
        status=Payment.Status.SUCCEEDED,
        currency=invoice.currency,
        amount=amount,
        started_at=now,
        ended_at=now,
    )
    take_in(account, invoice, payment, now=now)
    return payment


def take_in(account: BillingAccount, invoice: Invoice, payment: Payment, *, now: datetime) -> None:
    """Apply a succeeded payment to the locked bill, which becomes paid once its payments reach the
    total. The payment is of at most what is left to pay; the database refuses more.

    Under a payment plan it is tried next for the oldest part that is not paid; a plan that ends by
    it is told to the merchant. If nothing is left to pay, or too little to be collected, the bill
    is not tried any more, and the freeze of the credit line for unpaid bills is adjusted
    (dunning.reconsider); the merchant is notified of one that is lifted. Bill and payment plan are
    saved.
    """
    invoice.amount_paid += payment.amount
    if invoice.amount_paid == invoice.total:
        invoice.status = Invoice.Status.PAID
        invoice.paid_at = now
        invoice.next_attempt_at = None
    elif is_too_little(account, invoice.left_to_pay):
        invoice.next_attempt_at = None
    plan_parts.note_payment(account, invoice, now=now)
    invoice.save(update_fields=["amount_paid", "status", "paid_at", "next_attempt_at"])
    if not invoice.is_unpaid or is_too_little(account, invoice.left_to_pay):
        dunning.reconsider(account, now=now)


def payable(account: BillingAccount) -> Sequence[Invoice]:
    """Lock the unpaid bills (open and uncollectible ones) of the locked account; returns those of
    them without an attempt that has no answer yet, oldest due day first.
    """
    unpaid = account.invoices.select_for_update().filter(status__in=Invoice.UNPAID)
    in_order = unpaid.order_by("due_on", "issued_at", "pk")
    return [invoice for invoice in in_order if not undecided.exists(invoice)]
