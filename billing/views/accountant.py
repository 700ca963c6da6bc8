"""The page for a merchant's accountant: charges of any days, a year's documents, and addresses that
documents are mailed to.
"""

from collections.abc import Sequence
from datetime import datetime
from http import HTTPStatus

from django.contrib import messages
from django.http import Http404, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.utils.http import content_disposition_header
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from billing.documents import charges_csv
from billing.forms.accountant import Days, NewAddress, Years
from billing.models import BillingAccount, BillingAddress
from billing.operations import addresses, archives
from billing.queries import documents
from billing.views.accounts import account_of
from lib import calendar, clock, live
from lib.csv_files import language_of
from lib.refusals import Refused, sentence_of
from lib.spreadsheets import download
from merchants.access import MemberRequest, for_exporting, for_finance, for_members
from merchants.operations import merchants
from merchants.second_factor import with_second_factor

_UNPROCESSABLE = HTTPStatus.UNPROCESSABLE_ENTITY


@for_members
def accountant(request: MemberRequest) -> HttpResponse:
    """The page of documents: who gets them by e-mail, each year's files, and exports by days."""
    return _page(request, account_of(request), now=clock.now())


@for_exporting
def export_charges(request: MemberRequest) -> HttpResponseBase:
    """The charges of the days that the form names, as CSV or, with `format=xlsx` in the address, as
    a spreadsheet; the page again, with status 422, if there are no such days. One that an operator
    takes is put on the trail.
    """
    account, now = account_of(request), clock.now()
    form = Days(request.GET, last=account.open_on - calendar.ONE_DAY)
    if not form.is_valid():
        return _page(request, account, now=now, days=form, status=_UNPROCESSABLE)
    export = charges_csv.Export(account, **form.cleaned_data, language=language_of(request))
    return download(request, export.blocks(), export.file_name)


@for_exporting
def year_zip(request: MemberRequest, year: int) -> HttpResponseBase:
    """The documents of a year as a ZIP file: the one that was built or, of a year with few of them,
    one that is put together as it is sent; that it is taken is written on the trail. Leads back to
    the page, with a message, if the file has to be built first. Raises Http404 if the year has no
    documents.
    """
    account, now, actor = account_of(request), clock.now(), request.user.email
    found = next((one for one in documents.years(account) if one.year == year), None)
    if found is None:
        raise Http404("there are no documents of this year")
    if found.is_small:
        blocks = archives.stream(account, year, actor=actor, now=now)
    elif found.archive is not None and found.archive.is_ready:
        blocks = archives.take(found.archive, actor=actor, now=now)
    else:
        messages.warning(request, _("This file has to be built first."))
        return redirect("billing:accountant", request.membership.merchant.reference)
    response = StreamingHttpResponse(blocks, content_type="application/zip")
    name = f"documents-{request.membership.merchant.reference}-{year}.zip"
    response["Content-Disposition"] = content_disposition_header(True, name)
    return response


@for_finance
@require_POST
def build_year(request: MemberRequest, year: int) -> HttpResponse:
    """Ask for a ZIP file of the documents of a year, if there are some, with a trail row, and lead
    back to the page; a job builds it. While one of the year waits to be built, no other is asked
    for. Only a POST is taken; owners and finance may.
    """
    account = account_of(request)
    if any(one.year == year for one in documents.years(account)):
        archives.ask(merchant_id=account.pk, year=year, actor=request.user.email, now=clock.now())
        messages.success(request, _("We are building the file. It is here in some minutes."))
    return redirect("billing:accountant", request.membership.merchant.reference)


@for_finance
@with_second_factor(back="billing:accountant")
def add_address(request: MemberRequest) -> HttpResponse:
    """Posted to, add an address that gets the documents, by the form, with a trail row and a notice
    to the merchant, which is mailed to the owners, and lead back to the page; it is shown again,
    with status 422, if the form is invalid or refused. A job mails the address the link by which it
    confirms. Any other request just leads back. Owners and finance may. A second factor is asked
    for first, since whoever reads the documents knows the shop's business.
    """
    account, now = account_of(request), clock.now()
    if request.method != "POST":
        return redirect("billing:accountant", request.membership.merchant.reference)
    form = NewAddress(request.POST)
    if form.is_valid():
        try:
            added = addresses.add(
                merchant_id=account.pk, actor=request.user.email, now=now, **form.cleaned_data
            )
        except Refused as refused:
            form.add_error(None, sentence_of(refused))
        else:
            told = _("We have asked %(email)s to confirm. Documents come from then on.")
            messages.success(request, told % {"email": added.email})
            return redirect("billing:accountant", request.membership.merchant.reference)
    return _page(request, account, now=now, address=form, status=_UNPROCESSABLE)


@for_finance
@require_POST
def remove_address(request: MemberRequest, pk: int) -> HttpResponse:
    """End the mails to the merchant's address with this primary key, with a trail row, and lead
    back to the page with a message; if the merchant has no such address, or it has ended, the
    message says so. Only a POST is taken; owners and finance may.
    """
    account = account_of(request)
    try:
        ended = addresses.end(
            address_id=pk, merchant_id=account.pk, actor=request.user.email, now=clock.now()
        )
    except Refused as refused:
        messages.error(request, sentence_of(refused))
    else:
        messages.success(request, _("%(email)s gets no more documents.") % {"email": ended.email})
    return redirect("billing:accountant", request.membership.merchant.reference)


@for_finance
@require_POST
def choose_years(request: MemberRequest) -> HttpResponse:
    """Choose whether years are written in the Buddhist era on Thai documents, with a trail row if
    that changes, and lead back to the page, also if the form is invalid. Only a POST is taken;
    owners and finance may.
    """
    form = Years(request.POST)
    if form.is_valid():
        merchants.choose_years(
            merchant_id=request.membership.merchant_id,
            buddhist=form.cleaned_data["buddhist_years"],
            actor=request.user.email,
            now=clock.now(),
        )
        messages.success(request, _("Your choice holds for documents from now on."))
    return redirect("billing:accountant", request.membership.merchant.reference)


def _page(
    request: MemberRequest,
    account: BillingAccount,
    *,
    now: datetime,
    days: Days | None = None,
    address: NewAddress | None = None,
    status: int = HTTPStatus.OK,
) -> HttpResponse:
    """The page of documents with these forms, or fresh ones. The form that chooses Buddhist years
    for Thai documents is there for merchants whose language is Thai alone.
    """
    merchant = account.merchant
    years, listed = documents.years(account), list(documents.addresses(account))
    context = {
        "account": account,
        "days_form": days
        or Days(last=account.open_on - calendar.ONE_DAY, named=request.GET.get("days", "")),
        "years": years,
        "addresses": listed,
        "address_form": address or NewAddress(),
        "years_form": Years(initial={"buddhist_years": merchant.buddhist_years})
        if merchant.language == "th"
        else None,
        "now": now,
    }
    return live.render(
        request, "billing/accountant.html", context, *_parts(years, listed), status=status
    )


def _parts(
    years: Sequence[documents.Year], addresses: Sequence[BillingAddress]
) -> tuple[live.Part, ...]:
    """The parts of the page that are kept up to date: the files, while one is being built, and the
    addresses, while one is being asked to confirm.
    """
    is_built = any(one.archive is not None and one.archive.is_waiting for one in years)
    is_asked = any(one.asked_at is None and one.confirmed_at is None for one in addresses)
    built = _("A file is being built.") if is_built else _("The file is ready.")
    sent = _("An address is being asked to confirm.") if is_asked else _("The address was asked.")
    return (
        live.Part("years", "billing/accountant_years_table.html", is_built, built),
        live.Part("addresses", "billing/accountant_addresses_table.html", is_asked, sent),
    )
