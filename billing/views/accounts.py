"""What every view about billing needs first."""

from datetime import date, datetime

from django.http import Http404

from billing import queries
from billing.models import BillingAccount, Invoice
from merchants.access import MemberRequest
from merchants.queries import local_day


def account_of(request: MemberRequest) -> BillingAccount:
    """The billing account of the merchant in the address."""
    account = queries.account_of(request.membership.merchant)
    if account is None:
        raise Http404("the merchant has no billing account")
    return account


def account_and_today(request: MemberRequest, now: datetime) -> tuple[BillingAccount, date]:
    """The account, and its local day of `now`."""
    account = account_of(request)
    return account, local_day(account, now)


def invoice_of(request: MemberRequest, number: str) -> Invoice:
    invoice = queries.invoice(account_of(request), number)
    if invoice is None:
        raise Http404("no bill has this number")
    return invoice
