"""The page that asks for credits on several charges at once (rule 16.26)."""

import re
from collections.abc import Sequence
from http import HTTPStatus

from django.contrib import messages
from django.http import HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.utils.translation import ngettext

from billing.forms.credits import Dispute
from billing.models import BillingAccount, Charge
from billing.operations import disputes
from billing.operations.disputes import CannotBeDisputed
from billing.queries import credits as asked
from billing.queries import effects
from billing.views.accounts import account_of
from lib import clock
from lib.refusals import Refused, sentence_of
from lib.refused_forms import add_refusal
from merchants.access import MemberRequest, for_finance

A_KEY = re.compile("[1-9][0-9]{0,17}")


@for_finance
def dispute(request: MemberRequest) -> HttpResponse:
    """The page of the charges that were chosen in a list, by their primary keys, with the form that
    asks for credits on all of them. A POST asks for them, each with a trail row, and leads to the
    list of credits; if that is refused, the page is shown again with what can still be asked for.
    Owners and finance may.
    """
    account = account_of(request)
    given = request.POST if request.method == "POST" else request.GET
    chosen, unknown = _chosen(account, given)
    if request.method != "POST":
        return _page(request, *_askable(chosen, unknown))
    form = Dispute(request.POST, charges=chosen) if chosen and not unknown else None
    if form is None or not form.is_valid():
        return _again(request, chosen, unknown)
    return _ask(request, account, form)


def _chosen(account: BillingAccount, given: QueryDict) -> tuple[Sequence[Charge], list[str]]:
    """The charges of the account that were chosen in `given` and can be credited, and texts for the
    others: their references, or what the address calls a charge that the account does not have.
    Only the first disputes.MOST are looked at.
    """
    keys = list(dict.fromkeys(given.getlist("charge")))[: disputes.MOST]
    found = asked.chosen(account, [int(key) for key in keys if A_KEY.fullmatch(key)])
    known = {str(one.pk) for one in found}
    unknown = [f"#{key[:18]}" for key in keys if key not in known]
    unknown += [one.reference for one in found if not one.can_be_credited]
    return [one for one in found if one.can_be_credited], unknown


def _askable(
    chosen: Sequence[Charge], unknown: Sequence[str]
) -> tuple[Dispute | None, CannotBeDisputed | None]:
    """The form for those of the chosen charges of which something is left, and the refusal of the
    others, the unknown ones among them; None for either without any.
    """
    left = effects.lefts_to_credit(chosen)
    some = [one for one in chosen if left[one.pk].amount > 0]
    used_up = [one.reference for one in chosen if left[one.pk].amount <= 0]
    refusal = CannotBeDisputed(unknown, used_up) if unknown or used_up else None
    return Dispute(charges=some) if some else None, refusal


def _ask(request: MemberRequest, account: BillingAccount, form: Dispute) -> HttpResponse:
    """Ask for the credits that the form states, each with a trail row, and lead to their list; show
    the page with what is left to ask for if that is refused.
    """
    try:
        credits = disputes.ask(
            merchant_id=account.pk, actor=request.user.email, now=clock.now(), **form.asked
        )
    except CannotBeDisputed as refused:
        return _again(request, form.charges, refused.unknown)
    except Refused as refused:
        return _again(request, form.charges, [], refused)
    said = ngettext(
        "You have asked for a credit on %(count)s charge. We will answer here.",
        "You have asked for credits on %(count)s charges. We will answer here.",
        len(credits),
    )
    messages.success(request, said % {"count": len(credits)})
    return redirect("billing:credits", request.membership.merchant.reference)


def _again(
    request: MemberRequest,
    chosen: Sequence[Charge],
    unknown: Sequence[str],
    refused: Refused | None = None,
) -> HttpResponse:
    """Show the page once more, with status 422, after a form that was refused. The form
    has what was typed, and those of the `chosen` charges of which something can still be
    asked for; its hidden total is what is left of them now, not what was sent. The page
    says which charges cannot be asked for, and has no form if none is left. The sentence
    of `refused` stands in the form.
    """
    form, refusal = _askable(chosen, unknown)
    if form is not None:
        typed = request.POST.copy()
        typed["total"] = form.initial["total"]
        form = Dispute(typed, charges=form.charges)
        if refused is not None:
            add_refusal(form, refused)
    return _page(request, form, refusal, HTTPStatus.UNPROCESSABLE_ENTITY)


def _page(
    request: MemberRequest,
    form: Dispute | None,
    refusal: CannotBeDisputed | None,
    status: int = HTTPStatus.OK,
) -> HttpResponse:
    """The page with the form, if something can be asked for, and the sentence of the refusal, if
    something cannot.
    """
    problem = sentence_of(refusal) if refusal else ""
    context = {"form": form, "problem": problem}
    return render(request, "billing/dispute.html", context, status=status)
