"""Looks up the credit line for the views that show it."""

from datetime import date, datetime

from django.http import Http404

from credit.models import CreditLine
from credit.queries import lines
from merchants.access import MemberRequest
from merchants.queries import local_day


def line_and_today(request: MemberRequest, now: datetime) -> tuple[CreditLine, date]:
    """The credit line of the merchant in the address, and its local day at `now`. Raises Http404 if
    the merchant has no line.
    """
    line = lines.of_merchant(request.membership.merchant)
    if line is None:
        raise Http404("the merchant has no credit line")
    return line, local_day(line, now)
