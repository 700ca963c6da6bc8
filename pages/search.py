"""One box that finds a merchant's pages by their names, and what it has by reference.

Every kind is looked up once, in an index that starts with the merchant, and no further than shown.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django_stubs_ext import StrOrPromise

from billing import queries as billing_queries
from billing.models import BillingAccount, Charge
from billing.queries import credits, requests
from credit import queries as credit_queries
from credit.models import CreditLine
from credit.queries import withdrawals
from merchants.models import Merchant
from pages import navigation as pages

MOST = 6  # of each kind
MOST_MONTHS = 12
_MONTH_OR_YEAR = re.compile(r"[1-9][0-9]{3}(-(0[1-9]|1[0-2]))?")


@dataclass(frozen=True)
class Hit:
    """Something of the merchant's whose reference starts as asked."""

    kind: StrOrPromise
    reference: str
    address: str  # "" where it has no page
    on: date
    amount: Decimal | None = None
    currency: str = ""
    status: str = ""
    status_label: str = ""


@dataclass(frozen=True)
class PageHit:
    title: StrOrPromise
    address: str


@dataclass(frozen=True)
class Found:
    pages: Sequence[PageHit]
    hits: Sequence[Hit]
    exact: Sequence[str]  # the addresses of what has exactly this name

    @property
    def only(self) -> str:
        """Where to go at once: the only thing of exactly this name; "" when there is a choice."""
        return self.exact[0] if len(self.exact) == 1 else ""


def find(account: BillingAccount, text: str, *, today: date) -> Found:
    """What `text` may mean to the account's merchant, whose credit line is at hand.

    Dates are those of the time zone in force.
    """
    merchant = account.merchant
    named = [(one, one.page.address(merchant.reference)) for one in pages.named(text)]
    there = [(one, address) for one, address in named if address]
    hits = list(_hits(account, text, today)) if text else []
    exact = [address for one, address in there if one.is_exact]
    exact += [hit.address for hit in hits if hit.reference == text and hit.address]
    return Found(
        pages=[PageHit(one.page.title, address) for one, address in there],
        hits=sorted(hits, key=lambda hit: hit.reference != text),
        exact=list(dict.fromkeys(exact)),
    )


def _hits(account: BillingAccount, text: str, today: date) -> Iterator[Hit]:
    line: CreditLine = account.merchant.credit_line
    yield from _orders(account.merchant, line, text, today)
    yield from _bills(account, text)
    yield from _requests(account, text)
    yield from _charges(account, text)
    yield from _withdrawals(account.merchant, line, text)
    yield from _statements(account, text)
    yield from _credits(account, text)


def _orders(merchant: Merchant, line: CreditLine, text: str, today: date) -> Iterator[Hit]:
    for order in credit_queries.orders(line, today=today, reference=text, by="reference")[:MOST]:
        yield Hit(
            _("Order"),
            order.reference,
            pages.address("credit:order", merchant.reference, order.reference),
            on=timezone.localdate(order.placed_at),
            amount=order.amount,
            currency=order.currency,
            status=order.status,
            status_label=order.get_status_display(),
        )


def _bills(account: BillingAccount, text: str) -> Iterator[Hit]:
    # In the order of the account's own index: numbers are indexed among those of all merchants.
    found = billing_queries.bills(account).filter(number__startswith=text)
    for bill in found.order_by("-issued_at", "-pk")[:MOST]:
        yield Hit(
            _("Bill"),
            str(bill),
            pages.address("billing:bill", account.merchant.reference, bill.number),
            on=bill.issued_on,
            amount=bill.total,
            currency=bill.currency,
            status=bill.status,
            status_label=bill.get_status_display(),
        )


def _requests(account: BillingAccount, text: str) -> Iterator[Hit]:
    for request in requests.of(account, start=text).order_by("reference")[:MOST]:
        yield Hit(
            _("Fulfilment request"),
            request.reference,
            pages.address("billing:request", account.merchant.reference, request.reference),
            on=timezone.localdate(request.first_at),
        )


def _charges(account: BillingAccount, text: str) -> Iterator[Hit]:
    found = Charge.objects.filter(account=account, reference__startswith=text)
    related = found.select_related("statement", "item__invoice")
    for charge in related.order_by("reference")[:MOST]:
        yield Hit(
            _("Charge"),
            charge.reference,
            _page_of(charge, account.merchant.reference),
            on=timezone.localdate(charge.at),
            amount=charge.amount,
            currency=charge.currency,
        )


def _page_of(charge: Charge, merchant: str) -> str:
    """Where the charge can be seen: among those of its request, its month or its bill."""
    if charge.request:
        return pages.address("billing:request", merchant, charge.request)
    if charge.statement:
        return pages.address("billing:statement", merchant, charge.statement.month)
    bill = charge.item.invoice
    if bill and bill.number:
        return pages.address("billing:bill", merchant, bill.number)
    return ""


def _withdrawals(merchant: Merchant, line: CreditLine, text: str) -> Iterator[Hit]:
    # Newest first, in the order of the line's own index: references are unique among all lines.
    found = withdrawals.withdrawals(line).filter(reference__startswith=text.upper())
    for withdrawal in found[:MOST]:
        yield Hit(
            _("Withdrawal"),
            withdrawal.reference,
            pages.address("credit:withdrawal", merchant.reference, withdrawal.reference),
            on=timezone.localdate(withdrawal.requested_at),
            amount=withdrawal.amount,
            currency=withdrawal.currency,
            status=withdrawal.status,
            status_label=withdrawal.get_status_display(),
        )


def _statements(account: BillingAccount, text: str) -> Iterator[Hit]:
    """By month, such as 2026-10, or all of a year."""
    if not _MONTH_OR_YEAR.fullmatch(text):
        return
    found = billing_queries.statements_of(account, year=text[:4])
    if len(text) > len("2026"):
        found = found.filter(month=f"{text}-01")
    for statement in found.order_by("-month")[:MOST_MONTHS]:
        yield Hit(
            _("Statement"),
            str(statement),
            pages.address("billing:statement", account.merchant.reference, statement.month),
            on=statement.last_day,
            amount=statement.amount,  # type: ignore[attr-defined]
            currency=statement.currency,
            status="CLOSED" if statement.is_closed else "OPEN",
            status_label=str(_("Closed") if statement.is_closed else _("Open")),
        )


def _credits(account: BillingAccount, text: str) -> Iterator[Hit]:
    """A credit has no reference of its own: it is found by that of its charge."""
    for credit in credits.of(account, charge=text).order_by("-id")[:MOST]:
        yield Hit(
            _("Credit on a charge"),
            credit.charge.reference if credit.charge else "",
            pages.address("billing:credit", account.merchant.reference, credit.pk),
            on=timezone.localdate(credit.asked_at),
            amount=credit.amount,
            currency=credit.currency,
            status=credit.status,
            status_label=credit.get_status_display(),
        )
