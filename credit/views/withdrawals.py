"""The pages for requesting withdrawals, and for following them."""

from datetime import date, datetime
from http import HTTPStatus
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.http import Http404, HttpResponse, JsonResponse, QueryDict
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.template.loader import render_to_string
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from credit import documents, explanations, exports, withdrawal_failures
from credit.forms.withdrawals import (
    ConfirmedWithdrawal,
    WithdrawalFilter,
    Withdrawing,
    WithdrawnAmount,
)
from credit.models import CreditLine, Withdrawal
from credit.models.withdrawals import EXPECTED_WITHIN
from credit.operations import withdrawals
from credit.queries import paid_out, proceeds
from credit.queries import withdrawals as queries
from credit.views.lines import line_and_today
from lib import clock, downloads, live, money
from lib.csv_files import language_asked
from lib.refusals import Refused, sentence_of
from lib.refused_forms import add_refusal
from lib.spreadsheets import download
from merchants.access import MemberRequest, for_exporting, for_finance, for_members
from merchants.queries import LocalDays
from merchants.second_factor import has_one, with_second_factor

LISTED = 200  # sales of a withdrawal's page; its file has all


@for_members
def history(request: MemberRequest) -> HttpResponse:
    """The page with the list of the merchant's withdrawals, filtered and sorted as the address
    asks.
    """
    now = clock.now()
    line, today = line_and_today(request, now)
    asked = WithdrawalFilter(request.GET, local=LocalDays.of(line, today), currency=line.currency)
    context = asked.context | {
        "line": line,
        "now": now,
        "stopped_by": queries.stopped_by(line),
        "page": asked.page(queries.with_kept(queries.of_line(line, **asked.rows))),
    }
    return render(request, "credit/withdrawals.html", context)


@for_exporting
def export(request: MemberRequest) -> HttpResponseBase:
    """Download a file of all withdrawals that the list finds with the same filter: as CSV or, with
    `format=xlsx` in the address, as a spreadsheet. One that an operator takes is put on the trail.
    """
    line, today = line_and_today(request, clock.now())
    asked = WithdrawalFilter(request.GET, local=LocalDays.of(line, today), currency=line.currency)
    found = asked.ordered(queries.of_line(line, **asked.rows))
    file_name = asked.file_name("withdrawals", request.membership.merchant.reference)
    with language_asked(request):
        return download(request, exports.withdrawals(line, found), file_name)


@for_members
def withdrawal(request: MemberRequest, reference: str) -> HttpResponse:
    """The page of one withdrawal: how it stands, and what has happened. Until the withdrawal has
    ended, that part of the page is asked for anew every 10 seconds. Raises Http404 if the merchant
    has no withdrawal with this reference.
    """
    now = clock.now()
    found = _withdrawal(request, reference, now)
    context = {
        "withdrawal": found,
        "now": now,
        "state": explanations.state(found),
        "reason": withdrawal_failures.in_words(found.returned_reason or found.reason),
        "timeline": queries.timeline(found),
        "stopped_by": None if found.has_ended else queries.stopped_by(found.line),
    }
    said = {"reference": reference, "status": found.get_status_display()}
    part = live.Part(
        "state",
        "credit/withdrawal_state.html",
        is_under_way=not found.has_ended,
        told=_("Withdrawal %(reference)s: %(status)s") % said,
        seconds=10,
    )
    return live.render(request, "credit/withdrawal.html", context, part)


@for_members
def sales(request: MemberRequest, reference: str) -> HttpResponse:
    """The page of the statement of one withdrawal: the first LISTED sales that it paid out, and how
    many there are. Raises Http404 if the merchant has no withdrawal with this reference.
    """
    found = _withdrawal(request, reference, clock.now())
    receipts = paid_out.of_withdrawal(found)
    context = {
        "withdrawal": found,
        "receipts": receipts[:LISTED],
        "receipt_count": len(receipts),
        "is_cut": len(receipts) > LISTED,
    }
    return render(request, "credit/withdrawal_sales.html", context)


@for_exporting
def export_sales(request: MemberRequest, reference: str) -> HttpResponseBase:
    """Download the statement of one withdrawal: as CSV or, with `format=xlsx` in the address, as a
    spreadsheet. One that an operator takes is put on the trail. Raises Http404 if the merchant has
    no withdrawal with this reference.
    """
    found = _withdrawal(request, reference, clock.now())
    with language_asked(request):
        blocks = exports.withdrawal_sales(found, paid_out.of_withdrawal(found))
        file_name = f"withdrawal-{request.membership.merchant.reference}-{found.reference}.csv"
        return download(request, blocks, file_name)


@for_exporting
def sales_pdf(request: MemberRequest, reference: str) -> HttpResponse:
    """Download the statement of one withdrawal as PDF. One that an operator takes is put on the
    trail. Raises Http404 if the merchant has no withdrawal with this reference.
    """
    now = clock.now()
    found = _withdrawal(request, reference, now)
    document = documents.withdrawal_statement(found, paid_out.of_withdrawal(found), now=now)
    merchant = request.membership.merchant.reference
    return downloads.document(document, f"withdrawal-{merchant}-{found.reference}.pdf")


@for_finance
@require_POST
def cancel(request: MemberRequest, reference: str) -> HttpResponse:
    """Cancel a withdrawal that was not sent yet, with a trail row, and redirect to its page, which
    says why if it was refused. Amount and fee return to the proceeds. Only a POST is taken; owners
    and finance may. Raises Http404 if the merchant has no withdrawal with this reference.
    """
    now = clock.now()
    found = _withdrawal(request, reference, now)
    try:
        withdrawals.cancel(
            merchant_id=found.line_id, withdrawal_id=found.pk, actor=request.user.email, now=now
        )
    except Refused as refused:
        messages.error(request, sentence_of(refused))
    else:
        messages.success(request, _("Cancelled. Amount and fee are back in your proceeds."))
    return redirect("credit:withdrawal", request.membership.merchant.reference, reference)


@for_finance
@with_second_factor(waits_page="credit/factor_waits.html")
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def new(request: MemberRequest) -> HttpResponse:
    """The page of a new withdrawal: first its form and then, with the form's values in the query
    string, the fee to confirm. A POST requests the withdrawal, with a trail row, and redirects to
    its page; if that is refused, the form or the fee is shown again. Owners and finance may, after
    a second factor.

    With `?back` it shows the form again instead of the fee, and with `?all` the form of all that
    can be withdrawn.
    """
    now = clock.now()
    line, today = line_and_today(request, now)
    if request.method == "POST":
        return _request(request, line, today, now)
    if "all" in request.GET:
        return _form_of_all(request, line, today, now)
    form = Withdrawing(request.GET if "amount" in request.GET else None, line=line, now=now)
    if form.is_valid() and "back" not in request.GET:
        try:
            amount = form.cleaned_data["amount"]
            quote = withdrawals.quote(merchant_id=line.pk, amount=amount, now=now)
        except Refused as refused:
            add_refusal(form, refused)
        else:
            return _confirmation(request, form, quote, now)
    return _form(request, form, line, today, HTTPStatus.OK)


@for_finance
@never_cache
def figures(request: MemberRequest) -> HttpResponse:
    """JSON about a withdrawal of the amount in the query string, or with `?all` of all there is:
    `amount`, as text, or null if that cannot be withdrawn, and `figures`, the HTML of the part of
    the page of a new one that changes while somebody types: what it costs and leaves, or what is
    wrong. Owners and finance may. It asks for no second factor, since it withdraws nothing.
    """
    now = clock.now()
    line, _today = line_and_today(request, now)
    shown = _figures(line, request.GET, now)
    part = render_to_string("credit/withdrawal_figures.html", shown, request)
    return JsonResponse({"amount": shown.get("amount"), "figures": part})


def _figures(line: CreditLine, asked: QueryDict, now: datetime) -> dict[str, Any]:
    """The template's values for the query string `asked`: the quote of the amount in it, or with
    `all` of all there is, and that amount as a text; or `problem`, a sentence, if there is one.
    Empty without an amount.
    """
    try:
        if "all" in asked:
            quote = withdrawals.quote_all(merchant_id=line.pk, now=now)
        else:
            form = WithdrawnAmount(asked, line=line)
            if not form.is_valid():
                return {"problem": form.errors["amount"][0]} if asked.get("amount") else {}
            amount = form.cleaned_data["amount"]
            quote = withdrawals.quote(merchant_id=line.pk, amount=amount, now=now)
    except Refused as refused:
        return {"problem": sentence_of(refused)}
    return {"quote": quote, "amount": money.text(quote.amount)}


def _form_of_all(
    request: MemberRequest, line: CreditLine, today: date, now: datetime
) -> HttpResponse:
    """Render the form filled in with the largest amount that leaves room for its fee, and
    show what that withdrawal costs. If nothing can be withdrawn, the amount is empty and
    the page says why, with status 200 all the same. The query string of `request` has to
    have `all`, by which `_figures` knows what is asked. Nothing is written.
    """
    shown = _figures(line, request.GET, now)
    form = Withdrawing(line=line, now=now, initial={"amount": shown.get("amount", "")})
    return _form(request, form, line, today, HTTPStatus.OK, shown)


def _confirmation(
    request: MemberRequest, form: Withdrawing, quote: withdrawals.Quote, now: datetime
) -> HttpResponse:
    """Render the page that shows the fee and asks to confirm the withdrawal."""
    context = {
        "form": form,
        "quote": quote,
        "fee": money.text(quote.fee),
        "expected_by": now + EXPECTED_WITHIN,
    }
    return render(request, "credit/withdrawal_confirm.html", context)


def _request(request: MemberRequest, line: CreditLine, today: date, now: datetime) -> HttpResponse:
    """Request the withdrawal that the merchant confirmed, with a trail row, and redirect to its
    page. If the fee is missing or has changed, or the key was used for another withdrawal, nothing
    is requested, and it redirects to the page that shows the fee to confirm. If it is invalid or
    refused otherwise, the form is shown again with the reason and status 422.
    """
    form = ConfirmedWithdrawal(request.POST, line=line, now=now)
    if form.is_valid():
        if form.cleaned_data["fee"] is None:
            return _ask_again(request, form)
        try:
            asked, _is_new = withdrawals.request(
                merchant_id=line.pk,
                destination_id=form.cleaned_data["destination"].pk,
                amount=form.cleaned_data["amount"],
                request_key=form.cleaned_data["request_key"],
                fee_shown=form.cleaned_data["fee"],
                actor=request.user.email,
                now=now,
            )
        except withdrawals.FeeChanged as refused:
            messages.warning(request, sentence_of(refused))
            return _ask_again(request, form)
        except withdrawals.WithdrawalConflict as refused:
            messages.warning(request, sentence_of(refused))
            return _ask_again(request, form, with_key=False)
        except Refused as refused:
            add_refusal(form, refused)
        else:
            messages.success(request, _("Your withdrawal is with us."))
            merchant = request.membership.merchant.reference
            return redirect("credit:withdrawal", merchant, asked.reference)
    return _form(request, form, line, today, HTTPStatus.UNPROCESSABLE_ENTITY)


def _ask_again(request: MemberRequest, form: Withdrawing, *, with_key: bool = True) -> HttpResponse:
    """Redirect to the page that shows the fee, with all that was filled in. Unless `with_key`, the
    form's key is left out, so that it requests another withdrawal than before.
    """
    content = form.content
    if not with_key:
        del content["request_key"]
    return redirect(f"{request.path}?{urlencode(content)}")


def _form(
    request: MemberRequest,
    form: Withdrawing,
    line: CreditLine,
    today: date,
    status: HTTPStatus,
    shown: dict[str, Any] | None = None,
) -> HttpResponse:
    """Render the form of a withdrawal, with what `_figures` gave in `shown`, if anything."""
    is_first_look = not form.is_bound  # what is said then is not said again with each mistake
    context = (shown or {}) | {
        "form": form,
        "line": line,
        "available": proceeds.withdrawable(line, today=today),
        "stopped_by": queries.stopped_by(line) if is_first_look else None,
        "offers_second_factor": is_first_look and not has_one(request.user),
    }
    return render(request, "credit/withdrawal_new.html", context, status=status)


def _withdrawal(request: MemberRequest, reference: str, now: datetime) -> Withdrawal:
    """The merchant's withdrawal with this reference. Raises Http404 if it has none."""
    line, _today = line_and_today(request, now)
    found = queries.by_reference(line, reference)
    if found is None:
        raise Http404("no withdrawal has this reference")
    return found
