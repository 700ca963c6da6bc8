"""What the lists of a credit line can be asked for."""

from typing import ClassVar

from django.utils.translation import gettext_lazy as _

from credit import explanations
from credit.models import LimitEntry, LimitRequest, LimitReview, Order
from credit.queries.declined import LOST
from credit.queries.orders import NOT_SOLD, OVERDUE, SOLD
from lib.list_forms import Amounts, choice, text
from lib.lists import Filter
from lib.spans import Dates

UNSOLD = _("Declined or cancelled")
STANDINGS = [
    ("", _("All")),
    (OVERDUE, _("Overdue")),
    (SOLD, _("Sold")),
    (NOT_SOLD, UNSOLD),
    *Order.Status.choices,
]
KINDS = [("", _("All")), *LimitEntry.Kind.choices]
REASONS = [("", _("All")), (LOST, _("Lost value")), *Order.Decline.choices]
FREEZES = [("", _("All")), *explanations.FREEZES.items()]


class OrderFilter(Filter):
    LIST = "credit:orders"
    SORTS = ("-placed_at", "placed_at", "due_on", "-due_on", "reference", "-reference")
    SEARCH = "reference"
    COUNTED_BY = "reference"
    DATES = Dates("placed_at", _("Placed"))
    AMOUNTS = Amounts(["amount"])
    SUMS: ClassVar = {"sold": _("Sold"), "not_sold": UNSOLD, "outstanding": _("Outstanding")}
    SUMMED: ClassVar = {
        "sold": {"standing": SOLD},
        "not_sold": {"standing": NOT_SOLD},
        "outstanding": {"standing": Order.Status.OPEN.value},
    }

    reference = text(label=_("Order contains"))
    standing = choice(STANDINGS, _("Status"))
    buyer = text(label=_("Buyer"))


class DeclinedFilter(Filter):
    LIST = "credit:declined"
    SORTS = ("-placed_at", "placed_at")
    ANCHOR = "orders"
    SEARCH = "reference"
    COUNTED_BY = "reference"
    DATES = Dates("placed_at", _("Placed"))
    AMOUNTS = Amounts(["amount"])
    SUMS: ClassVar = {"lost": _("Lost value")}

    reference = text(label=_("Order contains"))
    code = choice(REASONS, _("Reason"))
    buyer = text(label=_("Buyer"))


class EntryFilter(Filter):
    LIST = "credit:limit"
    SORTS = ("-at", "at")
    ANCHOR = "entries"
    SEARCH = "order"
    FINDS_PARTS = False
    DATES = Dates("at", _("When"))
    AMOUNTS = Amounts(["limit_change", "used_change"], with_signs=True)
    SUMS: ClassVar = {"limit_change": _("Change of limit"), "used_change": _("Change of used")}

    order = text(label=_("Reference of the order"))
    kind = choice(KINDS, _("Kind of entry"))


class FreezeFilter(Filter):
    """Filters the freezes that were lifted."""

    LIST = "credit:freezes"
    SORTS = ("-placed_at", "placed_at")
    ANCHOR = "past"
    DATES = Dates("placed_at", _("Since"))

    reason = choice(FREEZES, _("Reason"))


class ReviewFilter(Filter):
    LIST = "credit:reviews"
    SORTS = ("-on", "on")
    DATES = Dates("on", _("Date"))

    status = choice([("", _("All")), *LimitReview.Status.choices], _("Outcome"))


class RequestFilter(Filter):
    """Filters what the merchant has asked about its limit."""

    LIST = "credit:requests"
    SORTS = ("-id", "id")
    DATES = Dates("asked_at", _("Asked"))

    kind = choice([("", _("All")), *LimitRequest.Kind.choices], _("What"))
    status = choice([("", _("All")), *LimitRequest.Status.choices], _("Status"))
