"""What is asked of a merchant's buyers."""

from typing import ClassVar

from django.utils.translation import gettext_lazy as _

from credit.queries.buyers import Outcome
from lib.lists import Amounts, Filter, choice, text
from lib.spans import Dates

OUTCOMES = [("", _("All")), *Outcome.choices]


class BuyerSearch(Filter):
    """Looks for buyers by a part of their names; what is found is by name."""

    SORTS = ("buyer",)
    ANCHOR = "buyers"

    name = text()


class BuyerFilter(Filter):
    """Filters the orders of one buyer."""

    LIST = "credit:buyer"
    SORTS = ("-placed_at", "placed_at")
    ANCHOR = "orders"
    SEARCH = "reference"
    ALSO = ("amount",)  # of the order that may be taken
    DATES = Dates("placed_at", _("Placed"))
    AMOUNTS = Amounts(["amount"])
    SUMS: ClassVar = {"sold": _("Sold"), "not_sold": _("Declined or cancelled")}

    reference = text(label=_("Order contains"))
    outcome = choice(OUTCOMES, _("Status"))
