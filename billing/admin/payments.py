"""Attempts to collect bills, and money that came for one that was given up."""

from django.contrib import admin
from django.utils.translation import gettext as translated
from django.utils.translation import gettext_lazy as _

from billing import moving_in
from billing.models import BillingAccount, Payment, StrayPayment
from billing.operations import payments, transfers
from billing.queries import waiting as queues
from merchants import letters
from merchants.admin import FoundByKeys, amount, figure, one_of, related, waiting
from merchants.decisions import Act, Agreed, Deciding, Decision, Reasoned

METHODS = [*BillingAccount.Method.choices, (moving_in.PROVIDER, "Moved in")]


def outcome(payment: Payment) -> str:
    """What became of an attempt, as a sentence."""
    said = translated("Payment {payment} of {amount}: {status}.").format(
        payment=payment,
        amount=figure(payment.amount, payment.currency),
        status=payment.get_status_display(),
    )
    if not payment.has_failed:
        return said
    why = translated("The reason: {failure}.").format(failure=letters.failure(payment.failure))
    return f"{said} {why}"


def _ask_effect(payment: Payment) -> str:
    return translated(
        "{provider} is asked whether it took {amount} for bill {bill}; nothing is collected. If it"
        " did, the bill is paid by that. What it has not heard of ten minutes after the attempt has"
        " failed, and is tried anew."
    ).format(
        provider=payment.provider,
        amount=figure(payment.amount, payment.currency),
        bill=payment.invoice,
    )


def _ask(act: Act) -> Payment:
    payments.reconcile(act.row.pk, **act.by)
    return Payment.objects.get(pk=act.row.pk)


@admin.register(Payment)
class PaymentAdmin(Deciding, FoundByKeys):
    merchant = "invoice__account__merchant"
    keys = ("idempotency_key", "invoice__number")
    search_help_text = _("The payment's key, or the bill's number.")
    is_long = True
    list_display = (
        "idempotency_key",
        "invoice",
        "provider",
        "status",
        amount("amount"),
        "failure",
        "started_at",
        "ended_at",
    )
    list_filter = (waiting(queues.UNANSWERED), "status", one_of("provider", METHODS))
    list_select_related = ("invoice",)
    decisions = (
        Decision(
            "ask",
            _("Ask the provider now"),
            form=Agreed,
            effect=_ask_effect,
            carry_out=_ask,
            done=outcome,
            is_open=lambda payment: payment.is_undecided,
        ),
    )


def _settle_effect(stray: StrayPayment) -> str:
    return translated(
        "The provider took {amount} under {reference} for payment {payment}, which counts as"
        " failed, and bill {bill} did not want it any more. Give it back there first: this only"
        " writes down what was done with it."
    ).format(
        amount=figure(stray.amount, stray.currency),
        reference=stray.provider_reference,
        payment=stray.payment,
        bill=stray.payment.invoice,
    )


def _settle(act: Act) -> StrayPayment:
    return transfers.settle_stray(stray_id=act.row.pk, reason=act.reason, **act.by)


@admin.register(StrayPayment)
class StrayPaymentAdmin(Deciding, FoundByKeys):
    merchant = "payment__invoice__account__merchant"
    keys = ("payment__idempotency_key", "payment__invoice__number")
    search_help_text = _("The payment's key, or the bill's number.")
    list_display = (
        "__str__",
        related("payment__invoice__account__merchant"),
        "payment",
        amount("amount"),
        "provider_reference",
        "status",
        "found_at",
        "settled_by",
    )
    list_filter = (waiting(queues.STRAY), "status")
    list_select_related = ("payment__invoice__account__merchant",)
    decisions = (
        Decision(
            "settle",
            _("Settle"),
            form=Reasoned,
            effect=_settle_effect,
            carry_out=_settle,
            done=_("The payment is settled."),
            is_open=lambda stray: stray.status == StrayPayment.Status.OPEN,
        ),
    )
