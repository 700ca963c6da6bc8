"""The admin pages of attempts to collect bills, and of unapplied money."""

from django.contrib import admin

from backoffice.columns import amount, figure, related
from backoffice.decisions import Act, Call, ConfirmForm, Decision
from backoffice.filters import of_currency, one_of, waiting
from backoffice.list_pages import FoundByKeys, ReadOnly
from billing import payment_failures
from billing.admin import shown
from billing.admin.forms import Ended
from billing.admin.shown import AboutAccount
from billing.models import Payment, ProviderDay, UnappliedEntry
from billing.operations import ended_payments, payments
from billing.queries import methods
from billing.queries import waiting as queues

PROVIDERS = Payment.Provider.choices


def outcome(payment: Payment) -> str:
    """A sentence for operators about an attempt: its key, amount and status, with the reason if it
    failed.
    """
    amount = figure(payment.amount)
    said = f"Payment {payment} of {amount}: {payment.get_status_display()}."
    if not payment.has_failed:
        return said
    failure = payment_failures.in_words(payment.failure)
    why = f"The reason: {failure}."
    return f"{said} {why}"


def _ask_effect(payment: Payment) -> str:
    """What an operator reads before asking the provider about the attempt: its amount and bill,
    that nothing is collected by asking, what becomes of it if the provider took the money or never
    heard of it, and what the provider said before.
    """
    amount = figure(payment.amount)
    effect = (
        f"{payment.provider} is asked whether it took {amount} for bill {payment.invoice}; nothing"
        " is collected. If it did, the bill is paid by that. What it has not heard of ten minutes"
        " after it was asked to pay is made again under the same key; where another method was"
        " chosen since, it has failed."
    )
    return f"{effect} What it said before: {payment.problem}" if payment.problem else effect


def _ask(act: Act) -> Payment:
    """Ask the provider about the attempt and record its answer, under the locks of the bill, its
    account and its credit line, with a trail row if that changes the status; the merchant is
    notified of a failure that counts. Returns the attempt as it is then: as it was, if another
    process has the bill. Raises ProviderNotReady.
    """
    payments.reconcile(act.row.pk, actor=act.actor, now=act.now)
    return Payment.objects.get(pk=act.row.pk)


def _is_decided(act: Act) -> bool:
    """Whether the outcome of the attempt is known by now, so that its provider need not be
    asked.
    """
    return not act.row.is_undecided


def _end_effect(payment: Payment) -> str:
    """What an operator reads before ending the attempt: what the provider says, that the attempt
    counts as failed and its bill is not tried by itself any more, that the merchant is not told of
    a failure, and that money that arrived is recorded like a transfer.
    """
    amount = figure(payment.amount)
    return (
        f"What the provider says: {payment.problem} Look at the provider's own pages first. The"
        f" attempt to collect {amount} will count as failed, and bill {payment.invoice} is not"
        " tried by itself any more: it waits for a transfer or another method; the merchant is not"
        " told of a failure. Money that arrived is recorded like a transfer for the bill; what the"
        " bill does not need becomes unapplied."
    )


@admin.register(Payment)
class PaymentAdmin(AboutAccount, FoundByKeys):
    merchant = "invoice__account__merchant"
    keys = ("idempotency_key", "invoice__number")
    search_help_text = "The payment's key, or the bill's number."
    is_long = True
    list_display = (
        "idempotency_key",
        "invoice",
        "provider",
        "status",
        amount("amount"),
        "failure",
        "problem",
        "started_at",
        "ended_at",
    )
    list_filter = (
        waiting(queues.UNANSWERED),
        "status",
        one_of("provider", lambda: methods.offered(PROVIDERS)),
        of_currency("billing.BillingAccount"),
    )
    list_select_related = ("invoice",)
    decisions = (
        Decision(
            "ask",
            "Ask the provider now",
            form=ConfirmForm,
            effect=_ask_effect,
            shown=shown.payment,
            is_so=_is_decided,
            commits_itself=True,
            carry_out=_ask,
            done=outcome,
            is_open=lambda payment: payment.is_undecided,
        ),
        Decision(
            "end",
            "End the attempt",
            form=Ended,
            effect=_end_effect,
            shown=shown.payment,
            carry_out=Call(ended_payments.end, "payment_id"),
            done=outcome,
            is_open=lambda payment: payment.is_undecided and bool(payment.problem),
        ),
    )


@admin.register(ProviderDay)
class ProviderDayAdmin(ReadOnly):
    """What providers took each day, beside what we have of it; a report adds it up."""

    list_display = (
        "day", "provider", amount("amount"), amount("known_amount"), "count", "known_count",
        "looked_at",
    )  # fmt: skip
    list_filter = (of_currency("billing.BillingAccount"),)


@admin.register(UnappliedEntry)
class UnappliedEntryAdmin(FoundByKeys):
    """Changes of unapplied money. The decision to give it back is on the account's page."""

    keys = ("account__merchant__reference", "reference")
    search_help_text = "The merchant's reference, or the bank's or provider's."
    is_long = True
    list_display = (
        "__str__",
        related("account__merchant"),
        amount("amount"),
        amount("balance"),
        "source",
        "payment",
        "actor",
        "reason",
        "at",
    )
    list_filter = ("kind", of_currency("billing.BillingAccount"))
    list_select_related = ("account__merchant", "payment")
