"""Bills and closed statements as PDF, in the merchant's language.

A bill's words and figures are its frozen copies; its status and payments are those of the moment it
is asked for, which the document names.
"""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import date, datetime

from django.conf import settings
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, pgettext

from billing import explanations, queries
from billing.documents.typesetting import Paper, Words, typeset
from billing.models import Charge, Invoice, InvoiceLine, Payment, Statement, StatementTotal
from billing.queries import Sections
from lib import money, zones
from lib.formats import (
    count,
    day_text,
    figure,
    instant_text,
    month,
    quantity,
    years_of_buddhist_era,
)
from merchants import installation
from merchants.models import Merchant

# A statement lists no more charges than this, which bounds time and memory; the CSV has them all.
LISTED = 2_000

STAMPED = {"DRAFT", "VOID"}  # bills that ask for nothing: said across each page
TONES = {"PAID": "good", "OPEN": "info", "VOID": "bad", "UNCOLLECTIBLE": "bad"}


def invoice_pdf(invoice: Invoice, *, now: datetime) -> bytes:
    """The PDF of the bill with its lines and the payments that succeeded, in the language it was
    issued in. `now` is the instant that it names as its own.
    """
    lines = queries.lines(invoice)
    attempts = list(queries.attempts(invoice))
    paid = [payment for payment in attempts if payment.status == Payment.Status.SUCCEEDED]
    collected_on = queries.collected_on(invoice, attempts)
    number = installation.outside(str(invoice))

    def write(words: Words) -> Paper:
        return {
            "title": _("Bill %(number)s") % {"number": number},
            "heading": _("Bill"),
            "currency": invoice.currency,
            "status": _status(invoice),
            "headline": _headline(invoice, collected_on),
            "facts": [
                [_("Bill number"), number],
                [_("Kind"), str(invoice.get_kind_display())],
                [pgettext("date", "Issued"), day_text(invoice.issued_on)],
                [_("Due"), day_text(invoice.due_on)],
                [_("Reason"), explanations.reason(invoice)],
                [_("Period"), _days(invoice.period_start, invoice.period_end)],
                *_plan_days(invoice),
            ],
            **_merchant(_("Billed to"), invoice.merchant_name, invoice.merchant_reference, words),
            **_lines(lines),
            "issuer": _issuer(words),
            "sums": _sums(invoice),
            **_transfer(invoice, number, words),
            **_payments(paid),
            "footer": _("Bill %(number)s, as of %(instant)s")
            % {"number": number, "instant": instant_text(now)},
            "page": _("Page {page} of {pages}"),
        }

    with _as_merchant_reads(invoice.account.merchant):
        return typeset("invoice", invoice.language, write, made_at=now)


def _lines(lines: Sections[InvoiceLine]) -> Paper:
    """The lines of the bill for the template, by category."""
    return {
        "columns": [_("Fee"), _("Posted"), _("Charges"), _("Amount")],
        "sections": [
            {
                "head": [str(section.category.label), count(section.charge_count)],
                "amount": figure(section.amount),
                "rows": [
                    [
                        line.fee_label,
                        day_text(line.posting_on),
                        count(line.charge_count),
                        figure(line.amount),
                    ]
                    for line in section.rows
                ],
            }
            for section in lines.sections
        ],
    }


def _status(invoice: Invoice) -> Paper:
    """The bill's status for the template, with a stamp for drafts and void bills."""
    return {
        "label": str(invoice.get_status_display()),
        "tone": TONES.get(invoice.status, "quiet"),
        "stamp": str(invoice.get_status_display()) if invoice.status in STAMPED else "",
    }


def _days(first: date, last: date) -> str:
    """The first and last day of a period, as text."""
    return f"{day_text(first)} – {day_text(last)}"


def _plan_days(invoice: Invoice) -> list[list[str]]:
    """A list with one row, the days of the plan fees, if the bill has some and they are not its
    period; otherwise an empty list.
    """
    if invoice.plan_start is None or invoice.plan_end is None or invoice.is_of_plan_alone:
        return []
    return [[_("Plan fee for"), _days(invoice.plan_start, invoice.plan_end)]]


def _headline(invoice: Invoice, collected_on: date | None) -> list[str]:
    """The amount that matters (the total, or what is left to pay), and what the reader has to do
    about it, in this order.
    """
    if invoice.status == "PAID":
        on = day_text(collected_on)
        return [figure(invoice.total), _("paid on %(day)s") % {"day": on}]
    if invoice.status in STAMPED:
        return [figure(invoice.total), _("nothing is to be paid")]
    due = _("to be paid by %(day)s") % {"day": day_text(invoice.due_on)}
    return [figure(invoice.left_to_pay), due]


def _sums(invoice: Invoice) -> list[list[str]]:
    """Rows with the total, what was paid, and what is left to pay; 0 is left of a draft or void
    bill.
    """
    left = money.zero(invoice.currency) if invoice.status in STAMPED else invoice.left_to_pay
    return [
        [_("Total"), figure(invoice.total)],
        [_("Paid so far"), figure(invoice.amount_paid)],
        [_("Left to pay"), figure(left)],
    ]


def _transfer(invoice: Invoice, number: str, words: Words) -> Paper:
    """How to pay the bill by bank transfer; empty if it is not unpaid, or is collected
    automatically.
    """
    if not invoice.is_unpaid or invoice.account.pays_by_itself:
        return {"transfer": []}
    return {
        "transfer_heading": _("Payment by bank transfer"),
        "transfer": [
            *(words.shown(line) for line in settings.TAEL_BANK_DETAILS),
            _("Name %(number)s in the transfer.") % {"number": number},
        ],
    }


def _payments(paid: Iterable[Payment]) -> Paper:
    """The payments for the template, one row each."""
    return {
        "payments_heading": _("Payments"),
        "no_payments": _("No payment so far."),
        "payment_columns": [pgettext("time", "Paid"), _("Attempt"), _("Method"), _("Amount")],
        "payments": [
            [
                instant_text(payment.ended_at or payment.started_at),
                count(payment.attempt),
                str(payment.card or payment.provider_name),
                figure(payment.amount),
            ]
            for payment in paid
        ],
    }


def statement_pdf(statement: Statement) -> bytes:
    """The PDF of a closed statement with its totals and the first LISTED of its charges, the
    earliest service first.

    `statement` must be closed: statement_csv.closed_statement raises NotClosed for others.
    """
    closed_at = statement.closed_at
    assert closed_at is not None, statement
    merchant = statement.account.merchant
    totals = queries.totals(statement)
    charges = list(queries.charges(statement).order_by("at", "pk")[:LISTED])

    def write(words: Words) -> Paper:
        name = month(statement.month)
        return {
            "title": _("Statement of %(month)s") % {"month": name},
            "heading": _("Statement"),
            "currency": statement.currency,
            "headline": [
                figure(totals.amount),
                ngettext("%(count)s charge", "%(count)s charges", totals.charge_count)
                % {"count": count(totals.charge_count)},
            ],
            "facts": [
                [_("Month"), name],
                [pgettext("time", "Closed"), instant_text(closed_at)],
            ],
            **_merchant(_("For"), merchant.name, merchant.reference, words),
            "issuer": _issuer(words),
            **_totals(totals),
            **_charges(charges, totals.charge_count, words),
            "footer": _("Statement of %(month)s, %(merchant)s")
            % {"month": name, "merchant": words.shown(merchant.reference)},
            "page": _("Page {page} of {pages}"),
        }

    with _as_merchant_reads(merchant):
        return typeset("statement", merchant.language, write, made_at=closed_at)


@contextmanager
def _as_merchant_reads(merchant: Merchant) -> Iterator[None]:
    """Within it, instants are in the merchant's time zone, and years as it has chosen."""
    zone = zones.zone(merchant.timezone)
    with timezone.override(zone), years_of_buddhist_era(merchant.buddhist_years):
        yield


def _merchant(label: str, name: str, reference: str, words: Words) -> Paper:
    """The merchant that the document is for: its name and reference, or only its reference if the
    fonts can't show the name.
    """
    lines = [words.name(name, reference), words.shown(reference)]
    return {"for": label, "merchant": list(dict.fromkeys(lines))}


def _issuer(words: Words) -> list[str]:
    """The lines of the marketplace's name and address, as they are set now; it issues the
    document.
    """
    return [words.shown(line) for line in settings.TAEL_ISSUER]


def _totals(totals: Sections[StatementTotal]) -> Paper:
    """The statement's totals for the template, by category and fee."""
    return {
        "totals_heading": _("Totals"),
        "columns": [_("Fee"), _("Charges"), _("Amount")],
        "sections": [
            {
                "head": [str(section.category.label), count(section.charge_count)],
                "amount": figure(section.amount),
                "rows": [
                    [total.fee.label, count(total.charge_count), figure(total.amount)]
                    for total in section.rows
                ],
            }
            for section in totals.sections
        ],
        "total": [_("Total"), count(totals.charge_count), figure(totals.amount)],
    }


def _charges(charges: Sequence[Charge], of: int, words: Words) -> Paper:
    """The charges for the template, with a note if the statement has more (`of` in all), and one
    that explains late charges.
    """
    cut = ""
    if of > len(charges):
        cut = _("The first %(listed)s charges are listed here; the CSV has all %(all)s.") % {
            "listed": count(len(charges)),
            "all": count(of),
        }
    return {
        "charges_heading": _("Charges"),
        "charges_note": cut,
        "late": _("Late"),
        "late_note": _("Late: told after its own month had closed.")
        if any(charge.is_late for charge in charges)
        else "",
        "charge_columns": [_("Service"), _("Fee"), _("Reference"), _("Quantity"), _("Amount")],
        "request": _("Request"),
        "charges": [
            {
                "cells": [
                    day_text(charge.service_on),
                    charge.fee.label,
                    words.shown(charge.reference),
                    quantity(charge.quantity),
                    figure(charge.amount),
                ],
                "request": words.shown(charge.request),
                "description": words.shown(charge.description),
                "late": charge.is_late,
            }
            for charge in charges
        ],
    }
