"""The pages of the destinations of a merchant's proceeds."""

from http import HTTPStatus

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from credit import bank_accounts
from credit.forms.withdrawals import NewDestination
from credit.operations import destinations as operations
from credit.queries import destinations as queries
from credit.views.lines import line_and_today
from lib import clock
from lib.refusals import Invalid, Refused, sentence_of
from merchants.access import MemberRequest, for_finance, for_members
from merchants.second_factor import with_second_factor


@for_members
def destinations(request: MemberRequest) -> HttpResponse:
    """The page with the list of the merchant's destinations, each with how many withdrawals to it
    are under way. Removed ones are left out, unless a withdrawal to them is under way.
    """
    now = clock.now()
    line, _today = line_and_today(request, now)
    context = {"now": now, "destinations": queries.with_withdrawals(line)}
    return render(request, "credit/destinations.html", context)


@for_finance
@never_cache
@sensitive_post_parameters("number")
@with_second_factor(waits_page="credit/factor_waits.html")
@require_http_methods(["GET", "HEAD", "POST"])
def new(request: MemberRequest) -> HttpResponse:
    """The form for a new destination, and its submission, which adds it with a trail row and a
    notice to the owners, and leads to the list of destinations; one that is known already is not
    added again, but gets a BIC, type or town that it lacked, of which the owners are told, too. An
    invalid or refused submission shows the form again with the reason. Owners and finance may, with
    a second factor.
    """
    now = clock.now()
    line, _today = line_and_today(request, now)
    # From where the second factor was asked for, it all comes back but the number.
    names = ("kind", "holder", "bank", "country", "routing", "bic", "account_type", "town")
    carried = {name: request.GET.get(name, "") for name in names}
    carried["country"] = carried["country"] or bank_accounts.HOMES.get(line.currency, "")
    form = NewDestination(request.POST if request.method == "POST" else None, initial=carried)
    if form.is_valid():
        try:
            added, is_new = operations.add(
                merchant_id=line.pk, actor=request.user.email, now=now, **form.cleaned_data
            )
        except Invalid as refused:
            form.add_error(refused.field, sentence_of(refused))
        except Refused as refused:  # known with another holder, or blocked
            form.add_error("number", sentence_of(refused))
        else:
            said = _("%(destination)s was added.") if is_new else _("You have %(destination)s.")
            messages.success(request, said % {"destination": added})
            return redirect("credit:destinations", request.membership.merchant.reference)
    status = HTTPStatus.UNPROCESSABLE_ENTITY if request.method == "POST" else HTTPStatus.OK
    return render(request, "credit/destination_new.html", {"form": form}, status=status)


@for_finance
@with_second_factor(waits_page="credit/factor_waits.html", back="credit:destinations")
@require_POST
def remove(request: MemberRequest, pk: int) -> HttpResponse:
    """Remove a destination of the merchant, which ends automatic withdrawals to it, with a trail
    row, and redirect to the list; withdrawals on their way to it go on, and one that was removed
    before stays as it is. Only a POST is taken. Owners and finance may, with a second factor.
    Raises Http404 if the merchant has no destination with the key `pk`.
    """
    now = clock.now()
    line, _today = line_and_today(request, now)
    try:
        removed = operations.remove(
            merchant_id=line.pk, destination_id=pk, actor=request.user.email, now=now
        )
    except operations.UnknownDestination:
        raise Http404("no destination of this merchant has this key") from None
    messages.success(request, _("%(destination)s was removed.") % {"destination": removed})
    return redirect("credit:destinations", request.membership.merchant.reference)
