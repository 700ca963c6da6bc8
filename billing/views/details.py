"""The page on which a merchant says whom its bills are made out to."""

from http import HTTPStatus

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from billing.forms.details import DetailsForm
from billing.models import BillingAccount
from billing.operations import billing_details
from billing.queries import details as queries
from billing.views.accounts import account_of
from lib import clock
from lib.refusals import Refused
from lib.refused_forms import add_refusal
from merchants.access import MemberRequest, for_members


@for_members
def details(request: MemberRequest) -> HttpResponse:
    """The page of the billing details: those in force, those said last and their status, and the
    form. Posted to, it saves a new version that an operator has to confirm, with a trail row, and
    leads back to the page, or shows the form again with the reason; if others were said since the
    form was shown, it says what is saved now. All members may look; who posts and is no owner gets
    PermissionDenied.
    """
    if request.method == "POST" and not request.membership.is_owner:
        raise PermissionDenied
    account = account_of(request)
    if request.method != "POST":
        return _page(request, account, DetailsForm(last=queries.latest(account)))
    form = DetailsForm(request.POST, last=queries.latest(account))
    if form.is_valid():
        try:
            billing_details.say(
                merchant_id=account.pk,
                party=form.party,
                seen=form.seen,
                actor=request.user.email,
                now=clock.now(),
            )
        except billing_details.DetailsChanged as refused:
            add_refusal(form, refused)
            if last := queries.latest(account):
                form.compare_with(last)
        except Refused as refused:
            add_refusal(form, refused)
        else:
            messages.success(
                request,
                _("Your billing details are saved. You see here when we have confirmed them."),
            )
            return redirect("billing:details", request.membership.merchant.reference)
    return _page(request, account, form, status=HTTPStatus.UNPROCESSABLE_ENTITY)


def _page(
    request: MemberRequest,
    account: BillingAccount,
    form: DetailsForm,
    status: int = HTTPStatus.OK,
) -> HttpResponse:
    """The page of the billing details with this form, those said last and those in force."""
    context = {
        "account": account,
        "form": form,
        "latest": queries.latest(account),
        "in_force": account.details,
    }
    return render(request, "billing/details.html", context, status=status)
