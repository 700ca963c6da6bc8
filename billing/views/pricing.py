from django.http import HttpResponse
from django.shortcuts import render

from billing.queries import prices, terms
from billing.views.accounts import account_and_today
from lib import clock
from merchants.access import MemberRequest, for_members


@for_members
def pricing(request: MemberRequest) -> HttpResponse:
    """The page that says what each fee means, when it posts, and what it costs this merchant now
    and later.
    """
    account, today = account_and_today(request, clock.now())
    context = {
        "account": account,
        "today": today,
        "fees": prices.priced_fees(account, today),
        "plan_to_come": terms.plan_to_come(account),
    }
    return render(request, "billing/pricing.html", context)
