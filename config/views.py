from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.utils import timezone

from billing import queries as billing_queries
from credit import queries as credit_queries
from merchants import calendar
from merchants.access import MemberRequest, for_members

LATEST = 5  # orders and bills


@for_members
def overview(request: MemberRequest) -> HttpResponse:
    """How the merchant stands: credit, the month's charges, what is billed next."""
    now, merchant = timezone.now(), request.membership.merchant
    line, account = credit_queries.line_of(merchant), billing_queries.account_of(merchant)
    if line is None or account is None:
        raise Http404("the merchant has not joined completely")
    today = calendar.local_date(now, line.timezone)
    month = calendar.month_of(calendar.local_date(now, account.timezone))
    context = {
        "today": today,
        "month": month,
        "month_end": calendar.month_end(month),
        "credit": credit_queries.summary(line, today=today, orders=LATEST),
        "billing": billing_queries.summary(account, month=month, bills=LATEST),
    }
    return render(request, "overview.html", context)
