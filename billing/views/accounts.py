"""Looks up the account or bill of a request, for every view about billing."""

from datetime import date, datetime

from django.http import Http404

from billing.models import BillingAccount, Invoice
from billing.queries import accounts, standings
from lib import clock
from merchants import installation
from merchants.access import MemberRequest
from merchants.queries import LocalDays, local_day


def account_of(request: MemberRequest) -> BillingAccount:
    """The billing account of the merchant in the address. Raises Http404 if it has none."""
    account = accounts.of_merchant(request.membership.merchant)
    if account is None:
        raise Http404("the merchant has no billing account")
    return account


def account_and_today(request: MemberRequest, now: datetime) -> tuple[BillingAccount, date]:
    """The billing account of the merchant in the address, and its local day at `now`. Raises
    Http404 if it has none.
    """
    account = account_of(request)
    return account, local_day(account, now)


def account_and_days(request: MemberRequest) -> tuple[BillingAccount, LocalDays]:
    """The billing account of the merchant in the address, and its local days as of now, for its
    lists. Raises Http404 if it has none.
    """
    account, today = account_and_today(request, clock.now())
    return account, LocalDays.of(account, today)


def invoice_of(request: MemberRequest, number: str) -> Invoice:
    """The bill with this number, with or without the installation's prefix, of the merchant in the
    address, with its standing. Raises Http404 if there is no such account or bill.
    """
    invoice = standings.invoice(account_of(request), installation.inside(number))
    if invoice is None:
        raise Http404("no bill has this number")
    return invoice
