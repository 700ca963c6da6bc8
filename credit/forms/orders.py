from django.utils.translation import gettext_lazy as _

from credit.models import LimitEntry, Order
from credit.queries import OVERDUE
from credit.queries.declined import LOST
from lib.lists import Filter, choice, text

WEEK, MONTH = "7", "30"  # days

STANDINGS = [("", _("All")), (OVERDUE, _("Overdue")), *Order.Status.choices]
KINDS = [("", _("All")), *LimitEntry.Kind.choices]
REASONS = [("", _("All")), (LOST, _("Lost value")), *Order.Decline.choices]
TIMES = [("", _("Any time")), (WEEK, _("Last 7 days")), (MONTH, _("Last 30 days"))]


class OrderFilter(Filter):
    SORTS = ("-placed_at", "placed_at", "due_on", "-due_on", "reference", "-reference")
    PREFIX = "reference"

    standing = choice(STANDINGS)
    reference = text()
    buyer = text()


class DeclinedFilter(Filter):
    SORTS = ("-placed_at", "placed_at")
    ANCHOR = "orders"
    PREFIX = "reference"

    code = choice(REASONS)
    days = choice(TIMES)
    reference = text()


class EntryFilter(Filter):
    SORTS = ("-at", "at")
    ANCHOR = "entries"

    kind = choice(KINDS)
    order = text()
