"""The pages of automatic withdrawals: showing, setting up, and stopping them."""

from datetime import datetime
from http import HTTPStatus
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from credit.forms.automatic import NewAutomatic
from credit.models import CreditLine
from credit.operations import automatic as operations
from credit.operations import withdrawals as quotes
from credit.queries import automatic as queries
from credit.queries import withdrawals
from credit.views.lines import line_and_today
from lib import clock
from lib.refusals import Refused
from lib.refused_forms import add_refusal
from merchants.access import MemberRequest, for_finance, for_members, for_owners
from merchants.second_factor import with_second_factor


@for_members
def automatic(request: MemberRequest) -> HttpResponse:
    """The page that shows the schedule of automatic withdrawals in force, its latest runs, and what
    one would bring now.
    """
    now = clock.now()
    line, today = line_and_today(request, now)
    rule = queries.in_force(line)
    context = _as_it_stands(line, now) | {
        "line": line,
        "now": now,
        "today": today,
        "rule": rule,
        # It runs with the next hour: a job comes along once in each.
        "is_due": rule is not None and rule.next_on <= today and now >= rule.usable_from,
        "runs": queries.recent_runs(line),
        "stopped_by": withdrawals.stopped_by(line),
    }
    return render(request, "credit/automatic.html", context)


@for_owners
@with_second_factor(waits_page="credit/factor_waits.html")
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def set_up(request: MemberRequest) -> HttpResponse:
    """The form that sets up automatic withdrawals, filled in with the schedule in force; a valid
    submission sets them up, with a trail row and a notice to the owners, in place of that schedule,
    and leads to their page; the same terms as before change nothing. The first one can come 24
    hours later. Only owners may, with a second factor. An invalid or refused one shows the form
    again with the reason; if they were set up or stopped since the form was shown, it says what is
    set up now.
    """
    now = clock.now()
    line, _today = line_and_today(request, now)
    # From where the second factor was asked for, what was typed comes back.
    carried = {name: request.GET[name] for name in NewAutomatic.base_fields if name in request.GET}
    rule = queries.in_force(line)
    initial = NewAutomatic.content_of(rule) | carried
    form = NewAutomatic(request.POST or None, line=line, now=now, initial=initial)
    if request.method == "POST" and form.is_valid():
        try:
            operations.set_up(
                merchant_id=line.pk, actor=request.user.email, now=now, **form.content
            )
        except operations.AutomaticChanged as refused:
            add_refusal(form, refused)
            rule = queries.in_force(line)
            form.compare_with(rule)
        except Refused as refused:
            add_refusal(form, refused)
        else:
            messages.success(request, _("Automatic withdrawals are set up."))
            return redirect("credit:automatic", request.membership.merchant.reference)
    status = HTTPStatus.UNPROCESSABLE_ENTITY if request.method == "POST" else HTTPStatus.OK
    context = {"form": form, "line": line, "rule": rule}
    context |= _as_it_stands(line, now)
    return render(request, "credit/automatic_new.html", context, status=status)


def _as_it_stands(line: CreditLine, now: datetime) -> dict[str, Any]:
    """The template's `quote`: what a withdrawal of all that is available now would cost, as an
    automatic one would be. It is missing if nothing can be withdrawn, or a freeze stops
    withdrawals.
    """
    try:
        return {"quote": quotes.quote_all(merchant_id=line.pk, now=now)}
    except Refused:
        return {}


@for_finance
@require_POST
def stop(request: MemberRequest) -> HttpResponse:
    """Stop automatic withdrawals, for owners and finance, with a trail row, and redirect to their
    page; nothing changes if there are none. Only a POST is taken. It asks for no second factor,
    since no money can leave by it.
    """
    now = clock.now()
    line, _today = line_and_today(request, now)
    operations.stop(merchant_id=line.pk, actor=request.user.email, now=now)
    messages.success(request, _("Automatic withdrawals are stopped."))
    return redirect("credit:automatic", request.membership.merchant.reference)
