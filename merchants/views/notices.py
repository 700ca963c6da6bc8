from django.http import HttpResponse
from django.shortcuts import render

from merchants import letters, notice_routes, paging, queries
from merchants.access import MemberRequest, for_members


@for_members
def notices(request: MemberRequest) -> HttpResponse:
    """All that the merchant's people were told, newest first."""
    merchant = request.membership.merchant
    page = paging.page(queries.notices_of(merchant), by="-id", params=request.GET)
    news = [
        {
            "at": notice.at,
            "title": letters.title(notice),
            "sentence": letters.sentence(notice),
            "address": notice_routes.address(notice, merchant.reference),
        }
        for notice in page.rows
    ]
    return render(request, "merchants/notices.html", {"page": page, "news": news})
