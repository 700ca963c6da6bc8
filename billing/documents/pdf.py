"""Bills and closed statements as PDF, in the merchant's language.

The words and figures of both, and who issued them to whom, are their frozen copies; a bill's status
and payments are those of the moment it is asked for, which the document names.
"""

from collections.abc import Sequence
from datetime import date, datetime

from django.utils.translation import gettext as _
from django.utils.translation import ngettext, pgettext

from billing import explanations
from billing.documents import line_tables, parties, settling
from billing.documents.einvoices import files
from billing.models import (
    Charge,
    Invoice,
    PaymentPlan,
    Statement,
    StatementTotal,
)
from billing.queries import arrivals, clearances, invoices, payment_plans, statements, taxes
from billing.queries.sections import Sections
from billing.queries.taxes import TaxSum
from lib import money
from lib.formats import (
    count,
    day_text,
    figure,
    instant_text,
    month,
    quantity,
    together,
)
from lib.formats import zone as zone_text
from lib.typesetting import Paper, Words, typeset
from merchants import installation
from merchants.documents import as_merchant_reads
from merchants.queries import local_day

# A statement lists no more charges than this, which bounds time and memory; the CSV has them all.
LISTED = 2_000

STAMPED = {"DRAFT", "VOID"}  # bills that ask for nothing: said across each page
TONES = {"PAID": "good", "OPEN": "info", "VOID": "bad", "UNCOLLECTIBLE": "bad"}


def invoice_pdf(invoice: Invoice, *, now: datetime) -> bytes:
    """The PDF of the bill with its lines, how it is to be paid, and all attempts to collect it, in
    the language it was issued in (rule 15.29 to rule 15.31). `now` is the instant that it names as
    its own. If the bill is an e-invoice that lacks nothing, that is in the file (rule 28.18).
    """
    lines = invoices.lines(invoice)
    sums = taxes.of_invoice(invoice, lines)
    attempts = list(invoices.attempts(invoice))
    collected_on = arrivals.collected_on(invoice, attempts)
    plan = payment_plans.in_force(invoice) if invoice.is_unpaid else None
    number = installation.outside(str(invoice))
    zone = invoice.account.merchant.timezone

    def write(words: Words) -> Paper:
        """The document's data for the template, in the language in force."""
        as_of = _("Bill %(number)s, as of %(instant)s")
        return {
            "title": _("Bill %(number)s") % {"number": number},
            "heading": _("Bill"),
            "currency": invoice.currency,
            "status": _status(invoice, plan),
            "headline": _headline(invoice, plan, collected_on),
            "facts": _facts(invoice, number, words),
            "explained": _explained(invoice),
            **parties.billed_to(invoice, words),
            **line_tables.of_invoice(lines, is_taxed=bool(sums)),
            **parties.issued_by(invoice, words),
            "sums": _sums(invoice, sums),
            "tax_notes": [words.shown(one.note) for one in sums if one.note],
            **settling.how_to_pay(invoice, plan, words),
            **settling.parts_of(plan, invoice),
            **settling.payments(invoice, attempts),
            "footer": f"{as_of % {'number': number, 'instant': instant_text(now)}}"
            f" · {zone_text(zone, local_day(invoice.account, now))}",
            "page": _("Page {page} of {pages}"),
        }

    with as_merchant_reads(invoice.account.merchant):
        return typeset(
            "invoice", invoice.language, write, made_at=now, e_invoice=files.of_invoice(invoice)
        )


def _facts(invoice: Invoice, number: str, words: Words) -> list[list[str]]:
    """Rows of a label and a text: the bill's number, days, reason and period, since when it is not
    paid, and its number at the tax office if it has one.
    """
    facts = [
        [_("Bill number"), number],
        [pgettext("date", "Issued"), day_text(invoice.issued_on)],
        [_("Due"), day_text(invoice.due_on)],
        [_("Reason"), explanations.reason(invoice)],
        [_("Period"), _days(invoice.period_start, invoice.period_end)],
    ]
    if invoice.is_unpaid and invoice.first_failed_on:
        facts.append([_("Not paid since"), day_text(invoice.first_failed_on)])
    return facts + parties.cleared(clearances.of_invoice(invoice), words)


def _explained(invoice: Invoice) -> str:
    """One sentence on what the bill has: the plan fee alone, with its days; what was posted from
    one day to another; or both.
    """
    days = {"first": day_text(invoice.period_start), "last": day_text(invoice.period_end)}
    if invoice.is_of_plan_alone:
        return _("It has the plan fee from %(first)s to %(last)s, charged in advance.") % days
    if invoice.plan_start is None:
        return _("It has what was posted from %(first)s to %(last)s.") % days
    return _(
        "It has what was posted from %(first)s to %(last)s, and the plan fee from %(plan_first)s"
        " to %(plan_last)s."
    ) % {
        **days,
        "plan_first": day_text(invoice.plan_start),
        "plan_last": day_text(invoice.plan_end),
    }


def _status(invoice: Invoice, plan: PaymentPlan | None) -> Paper:
    """The bill's status for the template, with a stamp for drafts and void bills. `plan` is the
    bill's payment plan that is in force, or None. An open bill of which an attempt failed, or which
    was to be paid by hand and was not by its due day (`first_failed_on`), is past due unless it has
    such a plan.
    """
    if invoice.status == "OPEN" and invoice.first_failed_on and plan is None:
        return {"label": _("Past due"), "tone": "bad", "stamp": ""}
    return {
        "label": str(invoice.get_status_display()),
        "tone": TONES.get(invoice.status, "quiet"),
        "stamp": str(invoice.get_status_display()) if invoice.status in STAMPED else "",
    }


def _days(first: date, last: date) -> str:
    """The first and last day of a period, as text; one of a day has that alone."""
    if first == last:
        return day_text(first)
    return f"{day_text(first)} – {day_text(last)}"


def _headline(invoice: Invoice, plan: PaymentPlan | None, collected_on: date | None) -> list[str]:
    """Two texts: the amount that matters, and what the reader has to do. They are the total and the
    day of payment of a paid bill, the total and that nothing is to be paid of a draft or void one,
    and otherwise what is left to pay and by when.
    """
    if invoice.status == "PAID":
        on = day_text(collected_on)
        return [figure(invoice.total), _("paid on %(day)s") % {"day": on}]
    if invoice.status in STAMPED:
        return [figure(invoice.total), _("nothing is to be paid")]
    return [figure(invoice.left_to_pay), settling.due(invoice, plan)]


def _sums(invoice: Invoice, sums: Sequence[TaxSum]) -> list[list[str]]:
    """Rows with the taxes of the bill, if it has some, the total, what was paid, and what is left
    to pay; 0 is left of a draft or void bill.
    """
    left = money.zero(invoice.currency) if invoice.status in STAMPED else invoice.left_to_pay
    return [
        *line_tables.sums(invoice, sums),
        [_("Paid so far"), figure(invoice.amount_paid)],
        [_("Left to pay"), figure(left)],
    ]


def statement_pdf(statement: Statement) -> bytes:
    """The PDF of a closed statement with its totals and the first LISTED of its charges, the
    earliest service first, in the language that it was closed in; a note says so if it has more.

    `statement` must be closed, as those of statement_csv.closed_statement are: AssertionError
    otherwise.
    """
    closed_at = statement.closed_at
    assert closed_at is not None, statement
    totals = statements.totals(statement)
    charges = list(statements.charges(statement).order_by("at", "pk")[:LISTED])

    def write(words: Words) -> Paper:
        """The document's data for the template, in the language in force."""
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
            "explained": _of_days(statement),
            **words.made_out_to(_("For"), statement.merchant_name, statement.merchant_reference),
            "issuer": parties.issuer(statement, words),
            **_totals(totals),
            **_charges(charges, totals.charge_count, words),
            "footer": _("Statement of %(month)s, %(merchant)s")
            % {"month": name, "merchant": words.shown(statement.merchant_reference)},
            "page": _("Page {page} of {pages}"),
        }

    with as_merchant_reads(statement.account.merchant):
        return typeset("statement", statement.language, write, made_at=closed_at)


def _of_days(statement: Statement) -> str:
    """Which days' services the statement has, and that its amounts are without tax if bills add it
    (rule 13.8).
    """
    days = {"first": day_text(statement.month), "last": day_text(statement.last_day)}
    said = _("It has the charges for services from %(first)s to %(last)s.") % days
    if not taxes.are_added(statement.account, statement.closed_at):
        return said
    return together(said, _("Amounts are without tax, which is added on your bills."))


def _totals(totals: Sections[StatementTotal]) -> Paper:
    """The statement's totals for the template, by category and fee."""
    return {
        "totals_heading": _("Totals"),
        "table": {
            "columns": [_("Fee"), pgettext("count", "Number"), _("Amount")],
            "sections": [
                line_tables.section(
                    section,
                    [
                        [total.fee.label, count(total.charge_count), figure(total.amount)]
                        for total in section.rows
                    ],
                )
                for section in totals.sections
            ],
            "total": [_("Total"), count(totals.charge_count), figure(totals.amount)],
        },
    }


def _charges(charges: Sequence[Charge], of: int, words: Words) -> Paper:
    """The charges for the template, with a note that not all are listed if the statement has more
    (`of` in all), and one that explains late charges if some are late.
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
        "late_note": _("Late: reported after its own month had closed.")
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
