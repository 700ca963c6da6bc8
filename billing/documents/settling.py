"""How a bill is to be paid, and what was tried and paid, for its PDF."""

from collections.abc import Iterator, Sequence

from django.conf import settings
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from billing.models import Invoice, Payment, PaymentPlan, Reversal
from billing.payment_failures import in_words
from billing.queries import payment_plans, payment_references, reversals, timelines
from lib.bank_files import references
from lib.formats import count, day_text, figure, instant_text
from lib.typesetting import Paper, Words
from merchants import installation


def due(invoice: Invoice, plan: PaymentPlan | None) -> str:
    """A phrase that says by which day the bill, which has to be unpaid, is or was to be paid, or
    the next part of it if `plan`, the payment plan in force, is given.
    """
    if plan is not None:
        day = payment_plans.next_day(plan, invoice)
        return _("to be paid in parts, the next one by %(day)s") % {"day": day_text(day)}
    said = _("to be paid by %(day)s")
    if invoice.first_failed_on:
        said = _("was to be paid by %(day)s")
    return said % {"day": day_text(invoice.due_on)}


def transfer_reference(invoice: Invoice) -> str:
    """What a transfer for the bill names: its structured reference, in groups of four (rule 29.12),
    or, if it has none, its number as others see it.
    """
    reference = payment_references.of_invoice(invoice)
    return references.spaced(reference) if reference else installation.outside(str(invoice))


def how_to_pay(invoice: Invoice, plan: PaymentPlan | None, words: Words) -> Paper:
    """How the bill is to be paid, for the template: by a transfer, to which account and under which
    reference (rule 29.12), with the amount and the due day unless a plan has its own; or else by
    which method it is collected and when next. From a card that was disputed nothing is collected
    (rule 18.7): it is a transfer. Empty if the bill is not unpaid. `plan` is the payment plan in
    force, or None.
    """
    account = invoice.account
    if not invoice.is_unpaid:
        return {"pay": [], "pay_facts": []}
    if account.collects_by_itself:
        said = _("Collected from: %(method)s.") % {"method": account.get_payment_method_display()}
        if account.card:
            said = _("Collected from %(method)s.") % {"method": account.card}
        next_at = invoice.next_attempt_at
        return {
            "pay_heading": _("Payment"),
            "pay": [said],
            "pay_facts": [[_("Collected next"), instant_text(next_at)]] if next_at else [],
        }
    facts = [[_("Reference of the transfer"), transfer_reference(invoice)]]
    if plan is None:  # its parts have their own amounts and days
        amount = f"{figure(invoice.left_to_pay)}\N{NO-BREAK SPACE}{invoice.currency}"
        facts += [[_("Amount"), amount], [_("Due"), day_text(invoice.due_on)]]
    return {
        "pay_heading": _("Payment by bank transfer"),
        "pay": [words.shown(line) for line in bank_lines(invoice)],
        "pay_facts": facts,
    }


def bank_lines(invoice: Invoice) -> Sequence[str]:
    """Where the bill is transferred to, in lines: to its issuer's account in its currency (empty if
    the issuer has none), or to the installation's (TAEL_BANK_DETAILS) if it has the installation's
    issuer.
    """
    if invoice.issuer is not None:
        return invoice.issuer.bank_lines(invoice.currency)
    lines: Sequence[str] = settings.TAEL_BANK_DETAILS
    return lines


def parts_of(plan: PaymentPlan | None, invoice: Invoice) -> Paper:
    """The parts of the payment plan that is in force for the bill, for the template, each with its
    day, amount, what is paid and what is left; empty without a plan.
    """
    if plan is None:
        return {"parts": []}
    parts = payment_plans.parts(plan, invoice.amount_paid)
    return {
        "parts_heading": _("Payment plan"),
        "part_columns": [_("Due"), _("Amount"), pgettext("amount", "Paid"), _("Left to pay")],
        "parts": [
            [day_text(part.due_on), figure(part.amount), figure(part.paid), figure(part.left)]
            for part in parts
        ],
    }


def payments(invoice: Invoice, attempts: Sequence[Payment]) -> Paper:
    """The attempts to collect the bill for the template, one row each in the order given, and then
    a row for each time that a provider took a payment back. `attempts` are all of the bill's,
    oldest first; without any there are no rows.
    """
    taken_back = reversals.of_invoice(invoice) if attempts else ()
    return {
        "payments_heading": _("Payments"),
        "no_payments": _("No payment so far."),
        "payment_columns": [
            *(_("Attempt"), _("When"), _("Method"), pgettext("payment", "Outcome"), _("Amount"))
        ],
        "payments": [*_attempts(invoice, attempts), *(_reversal(one) for one in taken_back)],
    }


def _attempts(invoice: Invoice, attempts: Sequence[Payment]) -> Iterator[Paper]:
    """Yields a row for each attempt, for the template, with the reason of its failure as a note,
    and whether its amount `counts`: only that of one that succeeded does.
    """
    for payment in attempts:
        yield {
            "cells": [
                count(payment.attempt),
                instant_text(payment.ended_at or payment.started_at),
                timelines.means(invoice, payment),
                str(payment.get_status_display()),
                figure(payment.amount),
            ],
            "note": in_words(payment.failure) if payment.has_failed else "",
            "counts": payment.status == Payment.Status.SUCCEEDED,
        }


def _reversal(reversal: Reversal) -> Paper:
    """The row, for the template, of money that a provider took back, with its amount below 0. It
    does not count, as the bill stays paid.
    """
    return {
        "cells": [
            "",
            instant_text(reversal.recorded_at),
            "",
            _("Payment taken back"),
            figure(-reversal.amount),
        ],
        "note": str(reversal.get_kind_display()),
        "counts": False,
    }
