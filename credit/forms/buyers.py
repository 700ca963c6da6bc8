"""What is asked of a merchant's buyers."""

from django.utils.translation import gettext_lazy as _

from credit.queries.buyers import Outcome
from lib.lists import Filter, choice, text

OUTCOMES = [("", _("All")), *Outcome.choices]


class BuyerSearch(Filter):
    """Looks for buyers by how their names start; what is found is by name."""

    SORTS = ("buyer",)
    ANCHOR = "buyers"

    name = text()


class BuyerFilter(Filter):
    """Filters the orders of one buyer by what became of them."""

    SORTS = ("-placed_at", "placed_at")
    ANCHOR = "orders"

    outcome = choice(OUTCOMES)
