"""The pages of a merchant's notices, and of who is mailed which."""

from django.contrib import messages
from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from lib import clock
from lib.csv_files import language_asked
from lib.spreadsheets import download
from merchants.access import MemberRequest, for_exporting, for_members
from merchants.models import Merchant
from merchants.queries import LocalDays
from notices import exports, letters, queries, routes
from notices.forms import EmailChoices, NoticeFilter
from notices.operations import mails
from notices.operations import notices as operations


@for_members
def notices(request: MemberRequest) -> HttpResponse:
    """The page of the merchant's notices that are asked for, newest first, with those marked that
    are new to the person. Opening it marks all of the merchant's notices as seen by the person; an
    operator who looks at the pages has none marked.
    """
    membership = request.membership
    merchant, seen = membership.merchant, membership.seen_notice
    asked = NoticeFilter(request.GET, local=_local(merchant))
    _mark_seen(request)
    page = asked.page(queries.notices_of(merchant, kinds=asked.kinds))
    news = [
        {
            "at": notice.at,
            "is_new": notice.pk > seen and not membership.look,
            "title": letters.title(notice),
            "sentence": letters.sentence(notice),
            "address": routes.address(notice, merchant.reference),
        }
        for notice in page.rows
    ]
    context = asked.context | {"page": page, "news": news}
    return render(request, "notices/notices.html", context)


@for_exporting
def export_notices(request: MemberRequest) -> HttpResponseBase:
    """Download a CSV file, or with `format=xlsx` a spreadsheet, of all notices that the list finds
    with the same filter. One that an operator takes is put on the trail.
    """
    merchant = request.membership.merchant
    asked = NoticeFilter(request.GET, local=_local(merchant))
    found = asked.ordered(queries.notices_of(merchant, kinds=asked.kinds))
    file_name = asked.file_name("notices", merchant.reference)
    with language_asked(request):
        return download(request, exports.notices(merchant, found), file_name)


def _local(merchant: Merchant) -> LocalDays:
    """The merchant's local days as of now, by its present time zone, for the filter of a list."""
    return LocalDays(merchant.pk, merchant.timezone, timezone.localdate(clock.now()))


@for_members
@require_POST
def mark_read(request: MemberRequest) -> HttpResponse:
    """Mark all notices as seen by the person, and lead back to the start page (rule 11.8). Only a
    POST is taken.
    """
    _mark_seen(request)
    return redirect("overview", request.membership.merchant.reference)


def _mark_seen(request: MemberRequest) -> None:
    """Mark the merchant's notices up to the latest one as seen by the person; does nothing if they
    are.
    """
    membership = request.membership
    if membership.has_news and membership.latest_notice:
        operations.mark_seen(membership_id=membership.pk, notice_id=membership.latest_notice)
        membership.seen_notice = membership.latest_notice


@for_members
def notifications(request: MemberRequest) -> HttpResponse:
    """The page on which a member chooses of which kinds of notices to get e-mails; a valid
    submission stores the choice, says so and leads back to the page.
    """
    form = EmailChoices(request.membership, request.POST if request.method == "POST" else None)
    if form.is_valid():
        mails.mute(membership_id=request.membership.pk, kinds=form.muted)
        messages.success(request, _("Your choice holds from the next notice on."))
        return redirect("merchant:notifications", merchant=request.membership.merchant.reference)
    return render(request, "notices/notifications.html", {"form": form})
