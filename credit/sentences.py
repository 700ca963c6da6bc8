"""What merchants read where the books have a code: refusals, advice, names of factors."""

from django.utils.translation import gettext_lazy as _
from django_stubs_ext import StrOrPromise

from credit.models import Freeze, Order
from lib.refusals import Refused

REFUSALS: dict[str, StrOrPromise] = {
    "raise_already_asked": _(
        "You have asked for a higher limit already. You can ask again once we have answered."
    ),
    "not_a_raise": _("Name a limit that is above the present one."),
    "account_closed": _("Your account was closed. It takes no new orders."),
    "currency_mismatch": _("Your credit line is kept in another currency."),
}

FREEZES: dict[str, StrOrPromise] = {
    Freeze.Reason.OVERDUE: _("Overdue payments"),
    Freeze.Reason.SUSPECTED_FRAUD: _("Suspected fraud"),
    Freeze.Reason.UNPAID_BILL: _("Unpaid bill"),
    Freeze.Reason.MANUAL: _("Decision of our team"),
}

# What to do so that the next order goes through.
DECLINES: dict[str, StrOrPromise] = {
    Order.Decline.ACCOUNT_CLOSED: _("A closed account takes no new orders. Open ones go on."),
    Order.Decline.PAUSED_BY_MERCHANT: _("You can take new orders again on the page Credit limit."),
    Order.Decline.ABOVE_OWN_CAP: _("You can change your caps on the page Credit limit."),
    Order.Decline.LINE_FROZEN: _("See under Freezes what ends the freeze."),
    Order.Decline.BUYER_RISK: _(
        "The buyer is not accepted for “pay later”. Offer another way to pay."
    ),
    Order.Decline.INSUFFICIENT_CREDIT: _(
        "Limit comes back as buyers pay: remind who is overdue, or ask for a higher limit."
    ),
}

FACTORS: dict[str, StrOrPromise] = {
    "rating": _("Shop rating"),
    "volume": _("Trade volume"),
    "listing": _("Listing quality"),
    "profile": _("Profile completeness"),
    "after_sales": _("After-sales service"),
}
HOW_TO_RAISE: dict[str, StrOrPromise] = {
    "rating": _("Buyers' stars. Quick answers and parcels that arrive on time raise it."),
    "volume": _("What buyers paid, less refunds. It grows as buyers pay for more orders."),
    "listing": _("Complete titles, sizes and pictures in your listings raise it."),
    "profile": _("Add your licence and contacts to your profile, and keep them up to date."),
    "after_sales": _("Fewer disputes, and returns that are settled quickly, raise it."),
}


def refusal(refused: Refused) -> StrOrPromise:
    """Why nothing was done."""
    return REFUSALS.get(refused.code, _("This can't be done. Check what you entered."))
