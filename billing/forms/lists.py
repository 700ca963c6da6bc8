from django import forms
from django.utils.translation import gettext_lazy as _

from billing.models import BillingCredit, Invoice
from billing.models.fees import Category
from billing.queries.days import ACCRUING, OUTSTANDING, UNDER_REVIEW
from billing.queries.standings import Standing
from lib.lists import Filter, choice, text

KINDS = [("", _("All")), *Invoice.Kind.choices]
STANDINGS = [("", _("All")), *Standing.choices]
CREDIT_STATUSES = [("", _("All")), *BillingCredit.Status.choices]
CATEGORIES = [("", _("All")), *Category.choices]
BILLED = [
    ("", _("All")),
    (OUTSTANDING, _("Not billed yet")),
    (UNDER_REVIEW, _("Under review")),
    (ACCRUING, _("Accruing today")),
]


class RequestFilter(Filter):
    """Filters the list of fulfilment requests."""

    SORTS = ("-first_at", "first_at", "reference", "-reference")
    PREFIX = "reference"

    reference = text()


class InvoiceFilter(Filter):
    """Filters the list of bills."""

    # Even a shop that reaches its threshold daily has few bills: sorting them takes no time.
    SORTS = ("-issued_at", "issued_at", "-total", "total", "due_on", "-due_on")

    standing = choice(STANDINGS)
    kind = choice(KINDS)
    number = text(20)


class CreditFilter(Filter):
    """Filters the list of credits."""

    # People ask for them and grant them one by one.
    SORTS = ("-id", "id", "-amount", "amount")

    status = choice(CREDIT_STATUSES)
    charge = text()


class StatementFilter(Filter):
    """Filters the list of statements."""

    SORTS = ("-month", "month")

    year = forms.RegexField(r"^[1-9][0-9]{3}$", required=False)


class ChargeFilter(Filter):
    """Filters the charges of a statement by a reference of a charge or a request."""

    SORTS = ("at", "-at")
    ANCHOR = "charges"

    reference = text()


class ChargeOrder(Filter):
    """Sorts a short list of charges, which has no filter."""

    SORTS = ("at", "-at")
    ANCHOR = "charges"


class DayFilter(Filter):
    """Filters the list of sums by fee and day, which has one row however many charges were
    summed.
    """

    SORTS = ("-posting_on", "posting_on")

    billed = choice(BILLED)
    category = choice(CATEGORIES)
    fee = text(40)
    month = forms.RegexField(r"^[1-9][0-9]{3}-(0[1-9]|1[0-2])$", required=False)
