"""A merchant's own rules for new orders; they are shown on the page of the limit and on that of the
buyers. A form that has the field `buyers` leads back to the latter.
"""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _

from credit.forms.limit import Caps
from credit.operations import own_rules
from credit.views import buyers, limit
from credit.views.lines import line_and_today
from lib import clock
from lib.refusals import Refused, sentence_of
from lib.refused_forms import add_refusal
from merchants.access import MemberRequest, for_finance


@for_finance
def pause(request: MemberRequest) -> HttpResponse:
    """Pause new orders, or resume them if the form has the field `resume`, with a trail row, and
    redirect to the page from which it was sent, which says why if it was refused. Only a POST
    changes anything. Owners and finance may.
    """
    if request.method != "POST":  # as after signing in again
        return _back(request)
    is_paused = "resume" not in request.POST
    change = own_rules.pause if is_paused else own_rules.resume
    merchant = request.membership.merchant
    try:
        change(merchant_id=merchant.pk, actor=request.user.email, now=clock.now())
    except Refused as refused:
        messages.error(request, sentence_of(refused))
    else:
        paused = _("New orders are paused.")
        messages.success(request, paused if is_paused else _("New orders are taken again."))
    return _back(request)


@for_finance
def caps(request: MemberRequest) -> HttpResponse:
    """Set the merchant's caps from the submitted form, with a trail row for each that changes, and
    redirect to the page that it was sent from; if it is invalid or refused, show that page again
    with the reason and status 422. If somebody else has changed the caps since the form was shown,
    nothing is stored: the form keeps what was typed, and says what is saved now. Only a POST
    changes anything. Owners and finance may.
    """
    if request.method != "POST":
        return _back(request)
    now = clock.now()
    line, _today = line_and_today(request, now)
    form = Caps(request.POST, line=line)
    if form.is_valid():
        try:
            own_rules.set_caps(
                merchant_id=line.pk,
                order=form.cleaned_data["order_cap"],
                buyer=form.cleaned_data["buyer_cap"],
                seen=form.seen,
                actor=request.user.email,
                now=now,
            )
        except own_rules.CapsChanged as refused:
            add_refusal(form, refused)
            line, _today = line_and_today(request, now)
            form.compare_with(line)
        except Refused as refused:
            add_refusal(form, refused)
        else:
            messages.success(request, _("Your caps are changed."))
            return _back(request)
    page = buyers.page if "buyers" in request.POST else limit.page
    return page(request, form)


def _back(request: MemberRequest) -> HttpResponse:
    """Redirect to the page of the buyers if the form was sent from there, and otherwise to that of
    the limit.
    """
    page = "credit:buyers" if "buyers" in request.POST else "credit:limit"
    return redirect(page, merchant=request.membership.merchant.reference)
