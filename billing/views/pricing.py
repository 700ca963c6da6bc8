"""The page of what each fee costs a merchant."""

from django.http import HttpResponse
from django.shortcuts import render

from billing import help
from billing.queries import credits, prices, terms
from billing.views.accounts import account_and_today
from credit import help as credit_help
from lib import clock
from lib.help import answers
from merchants.access import MemberRequest, for_members


@for_members
def pricing(request: MemberRequest) -> HttpResponse:
    """The page that says what each fee means, when it posts, and what it costs this merchant now
    and later, what credits there are, and by which rules bills and withdrawals come.
    """
    account, today = account_and_today(request, clock.now())
    merchant = account.merchant
    context = {
        "account": account,
        "today": today,
        "fees": prices.priced_fees(account, today),
        "credits": [fee for fee in credits.charged_or_credited() if fee.is_credit],
        "rules": [
            *answers(help.BOOK, merchant, today, "threshold", "plan", "two-bills"),
            *answers(credit_help.BOOK, merchant, today, "fee-of-a-withdrawal"),
        ],
        "plan_to_come": terms.plan_to_come(account),
    }
    return render(request, "billing/pricing.html", context)
