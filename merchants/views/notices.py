from django.http import HttpResponse
from django.shortcuts import render

from merchants import letters, notice_routes, queries
from merchants.access import MemberRequest, for_members
from merchants.forms import TOPICS, NoticeFilter
from merchants.operations import notices as operations


@for_members
def notices(request: MemberRequest) -> HttpResponse:
    """All that the merchant's people were told, newest first. Who opens it has seen them."""
    membership, asked = request.membership, NoticeFilter(request.GET)
    merchant = membership.merchant
    if membership.has_news and membership.latest_notice:
        operations.mark_seen(membership_id=membership.pk, notice_id=membership.latest_notice)
        membership.seen_notice = membership.latest_notice
    page = asked.page(queries.notices_of(merchant, kinds=asked.kinds))
    news = [
        {
            "at": notice.at,
            "title": letters.title(notice),
            "sentence": letters.sentence(notice),
            "address": notice_routes.address(notice, merchant.reference),
        }
        for notice in page.rows
    ]
    context = asked.context | {"page": page, "news": news, "topics": TOPICS}
    return render(request, "merchants/notices.html", context)
