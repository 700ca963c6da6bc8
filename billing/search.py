"""The kinds of billing rows that operators and merchants can search."""

import re
from datetime import date
from functools import reduce
from operator import attrgetter, or_
from typing import Any

from django.db.models import F, Q
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from backoffice.finders import OfMonth, Unique, Within
from billing.models import (
    BillingCredit,
    Charge,
    FulfilmentRequest,
    Invoice,
    Payment,
    Reversal,
    Statement,
    UnappliedEntry,
)
from billing.queries import credits, requests, standings, statements
from billing.queries.invoices import numbered
from lib import search
from lib.search import Kind, Own, of_amount, of_name, status
from merchants import installation

MOST_MONTHS = 12
_MONTH_OR_YEAR = re.compile(r"[1-9][0-9]{3}(-(0[1-9]|1[0-2]))?")


def register() -> None:
    """Add billing's kinds of rows to the searches; BillingConfig.ready calls it."""
    search.KINDS.register(*KINDS)


def _invoices_of(merchant: Any, text: str, today: date) -> Any:
    # In the order of the account's own index: numbers are indexed among those of all merchants.
    """The merchant's bills, drafts left out, that have the text in their number or, if it is a
    figure, have this total, latest first.
    """
    found = standings.invoices(merchant.billing_account)
    found = found.filter(numbered(text) | of_amount(text, "total"))
    return found.order_by("-issued_at", "-pk")


def _charges_of(merchant: Any, text: str, today: date) -> Any:
    """The merchant's charges that have the text in their reference or, if it is a figure, are of
    this amount, latest first: at most search.MOST, for which those whose reference starts with it
    are taken first.
    """
    own = Charge.objects.filter(account=merchant.billing_account)
    others = of_name(text, "reference") | of_amount(text, "amount")
    found = own.filter(reference__in=search.few(own, text, "reference", others))
    return found.select_related("statement", "item__invoice").order_by("-at", "-pk")


def _requests_of(merchant: Any, text: str, today: date) -> Any:
    """The merchant's fulfilment requests that have the text in their reference, latest first: at
    most search.MOST, for which those whose reference starts with it are taken first. Each has its
    `cost` and its `currency`.
    """
    own = requests.of(merchant.billing_account)
    names = search.few(own, text, "reference", of_name(text, "reference"))
    found = own.filter(reference__in=names).annotate(currency=F("account__currency"))
    return requests.with_cost(found).order_by("-first_at", "-pk")


def _credits_of(merchant: Any, text: str, today: date) -> Any:
    """The merchant's credits, whatever became of them, that have the text in the reference of the
    charge that they correct or, if it is a figure, are of this amount, latest first.
    """
    found = credits.with_reference(credits.of(merchant.billing_account))
    # One comparison for each spelling, as each looks the reference up.
    has_it = (Q(reference__icontains=way) for way in search.spelled(text))
    return found.filter(reduce(or_, has_it, of_amount(text, "amount"))).order_by("-id")


def _page_of_charge(charge: Charge, merchant: str) -> str:
    """The address of a page that shows the charge: that of its request, its statement or its bill,
    whichever it has first; "" if it has none. `merchant` is the merchant's reference.
    """
    if charge.request:
        return reverse("billing:request", args=[merchant, charge.request])
    if charge.statement:
        return reverse("billing:statement", args=[merchant, charge.statement.month])
    invoice = charge.item.invoice
    if invoice and invoice.number:
        return reverse("billing:invoice", args=[merchant, invoice.number])
    return ""


def _statements_of(merchant: Any, text: str, today: date) -> Any:
    """The merchant's statement of a month such as 2026-10, or those of a year such as 2026 or, if
    the text is another figure, those that come to this amount, latest first; none for any other
    text.
    """
    is_of_time = _MONTH_OR_YEAR.fullmatch(text) is not None
    if not is_of_time and search.amount_in(text) is None:
        return ()
    found = statements.of_year(merchant.billing_account, year=text[:4] if is_of_time else "")
    if not is_of_time:
        found = found.filter(of_amount(text, "amount"))
    elif len(text) > len("2026"):
        found = found.filter(month=f"{text}-01")
    return found.order_by("-month")


def _standing_of_invoice(invoice: Invoice) -> tuple[str, str]:
    """The standing of a bill that was placed (standings.placed), as a code and its label."""
    standing = standings.of(invoice)
    return standing.value, str(standing.label)


def _status_of_statement(statement: Statement) -> tuple[str, str]:
    """Whether the statement is open or closed, as a code and its label."""
    return ("CLOSED", gettext("Closed")) if statement.is_closed else ("OPEN", gettext("Open"))


KINDS = (
    Kind(
        label=_("Bill"),
        model=Invoice,
        merchant="account__merchant",
        operators=Unique(30, ["number"], asked_as=installation.inside),
        own=Own(
            place=20,
            rows=_invoices_of,
            page=lambda invoice, merchant: reverse(
                "billing:invoice", args=[merchant, invoice.number]
            ),
            on=attrgetter("issued_on"),
            name=lambda invoice: installation.outside(str(invoice)),
            amount="total",
            status=_standing_of_invoice,
        ),
    ),
    Kind(
        label="Payment",
        model=Payment,
        merchant="invoice__account__merchant",
        operators=Unique(50, ["idempotency_key", "provider_reference"]),
    ),
    Kind(
        label="Payment taken back",
        model=Reversal,
        merchant="account__merchant",
        operators=Unique(60, ["provider_reference"]),
    ),
    Kind(
        label="Unapplied money",
        model=UnappliedEntry,
        merchant="account__merchant",
        operators=Unique(70, ["reference", "payment__idempotency_key"]),
    ),
    Kind(
        label=_("Statement"),
        model=Statement,
        merchant="account__merchant",
        operators=OfMonth(75, "account"),
        own=Own(
            place=60,
            rows=_statements_of,
            page=lambda one, merchant: reverse("billing:statement", args=[merchant, one.month]),
            on=attrgetter("last_day"),
            amount="amount",
            status=_status_of_statement,
            most=MOST_MONTHS,
        ),
    ),
    Kind(
        label=_("Charge"),
        model=Charge,
        merchant="account__merchant",
        operators=Within(120, "account"),
        own=Own(
            place=40,
            rows=_charges_of,
            page=_page_of_charge,
            on=attrgetter("service_on"),
            name=attrgetter("reference"),
            amount="amount",
            listed=lambda merchant, text: (
                f"{reverse('billing:all_charges', args=[merchant])}"
                f"?{urlencode({'reference': text})}"
            ),
        ),
    ),
    Kind(
        label=_("Fulfilment request"),
        model=FulfilmentRequest,
        merchant="account__merchant",
        operators=Within(130, "account"),
        own=Own(
            place=30,
            rows=_requests_of,
            page=lambda one, merchant: reverse("billing:request", args=[merchant, one.reference]),
            on=lambda one: timezone.localdate(one.first_at),
            name=attrgetter("reference"),
            amount="cost",
            listed=lambda merchant, text: (
                f"{reverse('billing:requests', args=[merchant])}?{urlencode({'reference': text})}"
            ),
        ),
    ),
    Kind(
        # It has no reference of its own: it is found by that of its charge.
        label=_("Credit on a charge"),
        model=BillingCredit,
        merchant="account__merchant",
        own=Own(
            place=70,
            rows=_credits_of,
            page=lambda one, merchant: reverse("billing:credit", args=[merchant, one.pk]),
            on=lambda one: timezone.localdate(one.asked_at),
            name=lambda one: one.charge.reference if one.charge else "",
            amount="amount",
            status=status,
        ),
    ),
)
