from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.utils import timezone

from billing import queries as billing_queries
from billing.queries import forecast
from credit import queries as credit_queries
from merchants import calendar
from merchants.access import MemberRequest, for_members
from merchants.queries import local_day

LATEST = 5  # orders and bills


@for_members
def overview(request: MemberRequest) -> HttpResponse:
    """How the merchant stands: credit, the month's charges, what is billed next."""
    now, merchant = timezone.now(), request.membership.merchant
    account = billing_queries.account_with_line(merchant)
    if account is None:
        raise Http404("the merchant has not joined completely")
    line = account.merchant.credit_line
    today = local_day(line, now)
    month = calendar.month_of(local_day(account, now))
    context = {
        "today": today,
        "month": month,
        "month_end": calendar.month_end(month),
        "credit": credit_queries.summary(line, today=today, orders=LATEST),
        "billing": billing_queries.summary(account, month=month, latest=LATEST),
        "forecast": forecast.forecast(account, today=local_day(account, now)),
    }
    return render(request, "overview.html", context)
