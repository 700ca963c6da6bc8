"""The pages that add a card: the browser hands it to Stripe, and we ask Stripe for the outcome."""

from django.conf import settings
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from billing.models import BillingAccount
from billing.operations import cards
from billing.operations.attempts import COLLECTOR
from billing.queries import choices
from billing.views.accounts import account_of
from billing.views.trying import try_chosen
from lib import clock
from lib.refusals import Refused, sentence_of
from merchants.access import MemberRequest, for_finance
from merchants.second_factor import with_second_factor

# The strict policy of all pages, and what Stripe's "security guide" names for its card field.
POLICY = (
    "default-src 'self'; img-src 'self' data:; object-src 'none'; base-uri 'none';"
    " form-action 'self'; frame-ancestors 'none'; connect-src 'self' https://api.stripe.com;"
    " script-src 'self' https://js.stripe.com https://*.js.stripe.com;"
    " frame-src https://js.stripe.com https://*.js.stripe.com https://hooks.stripe.com"
)


@for_finance
@with_second_factor()
def add(request: MemberRequest) -> HttpResponse:
    """The page with the field for a card. Opening it begins a setup at Stripe; a setup that is
    never finished has no effect. If none can be begun, it leads back to the settings page with the
    reason. Owners and finance may; a second factor is asked for first.
    """
    account, now = account_of(request), clock.now()
    try:
        begun = cards.begin(merchant_id=account.pk, actor=request.user.email, now=now)
    except Refused as refused:
        messages.error(request, sentence_of(refused))
        return _back(request)
    waiting = choices.waiting(account, collector=COLLECTOR, now=now)
    context = {
        "begun": begun,
        "key": settings.STRIPE_PUBLISHABLE_KEY,
        "card_collects": choices.collected(account, waiting, BillingAccount.Method.STRIPE),
    }
    response = render(request, "billing/stripe_card.html", context)
    response["Content-Security-Policy"] = POLICY
    response["Cache-Control"] = "no-store"
    return response


@for_finance
@with_second_factor(back="billing:settings")
def finish(request: MemberRequest) -> HttpResponse:
    """Posted to, keep the card that the browser handed to Stripe, with a trail row, collect from it
    from now on, and try a bill that is due (try_chosen); if it is refused, lead back to the
    settings page with the reason. Owners and finance may; a second factor is asked for first. If a
    browser never comes here, Stripe's own event does the same.
    """
    if request.method != "POST":
        return _back(request)
    account = account_of(request)
    try:
        card = cards.finish(
            merchant_id=account.pk,
            setup_intent_id=request.POST.get("setup_intent", ""),
            actor=request.user.email,
            now=clock.now(),
        )
    except Refused as refused:
        messages.error(request, sentence_of(refused))
    else:
        if card.removed_at is None:  # which it is when an old page is sent again
            messages.success(request, _("%(card)s was added.") % {"card": card})
        return try_chosen(request, account.pk)
    return _back(request)


def _back(request: MemberRequest) -> HttpResponse:
    """Redirect to the merchant's page of billing settings."""
    return redirect("billing:settings", merchant=request.membership.merchant.reference)
