"""Collecting bills (domain: billing, payment)."""

from datetime import datetime

from django.db import transaction

from billing.models import Invoice, Payment
from billing.providers import PROVIDERS, Answer
from merchants import money
from merchants.models import Notice
from merchants.operations import notices


def collect(invoice_id: int, *, now: datetime) -> Payment | None:
    """Make the first attempt to collect an open bill, or finish one that a crash left PENDING.

    The attempt is on record before the provider is asked, and the provider knows it by its key, so
    that dying in between never pays twice. Returns None when there is nothing to collect.
    """
    payment = _start(invoice_id, now)
    if payment is None:
        return None
    answer = PROVIDERS[payment.provider].collect(payment)
    return _settle(payment.pk, answer, now)


@transaction.atomic
def _start(invoice_id: int, now: datetime) -> Payment | None:
    invoice = (
        Invoice.objects.select_for_update(of=("self",)).select_related("account").get(pk=invoice_id)
    )
    if not invoice.is_open or invoice.account.payment_method not in PROVIDERS:
        return None
    payment = invoice.payments.order_by("attempt").last()
    if payment is not None:
        return payment if payment.status == Payment.Status.PENDING else None
    return Payment.objects.create(
        invoice=invoice,
        attempt=1,
        provider=invoice.account.payment_method,
        idempotency_key=f"{invoice.number}-1",
        currency=invoice.currency,
        amount=invoice.total - invoice.amount_paid,
        started_at=now,
    )


@transaction.atomic
def _settle(payment_id: int, answer: Answer, now: datetime) -> Payment:
    """Write down what the provider answered, once; payments that reach the total pay the bill."""
    payment = (
        Payment.objects.select_for_update(of=("self", "invoice"))
        .select_related("invoice")
        .get(pk=payment_id)
    )
    if payment.status != Payment.Status.PENDING:  # another worker was faster
        return payment
    payment.status = answer.status
    payment.provider_reference = answer.reference
    payment.failure = answer.failure
    payment.ended_at = now
    payment.save(update_fields=["status", "provider_reference", "failure", "ended_at"])
    if payment.status == Payment.Status.SUCCEEDED:
        invoice = payment.invoice
        invoice.amount_paid += payment.amount
        if invoice.amount_paid == invoice.total:
            invoice.status = Invoice.Status.PAID
            invoice.paid_at = now
        invoice.save(update_fields=["amount_paid", "status", "paid_at"])
    elif payment.status == Payment.Status.FAILED:
        _notify_failed(payment, now)
    return payment


def _notify_failed(payment: Payment, now: datetime) -> None:
    notices.write(
        merchant_id=payment.invoice.account_id,
        kind=Notice.Kind.PAYMENT_FAILED,
        cause=payment.idempotency_key,
        at=now,
        number=payment.invoice.number,
        amount=money.text(payment.amount, payment.currency),
        currency=payment.currency,
        failure=payment.failure,
    )
