"""What the lists of a billing account can be asked for."""

import re
from collections.abc import Sequence
from datetime import date
from typing import Any, ClassVar

from django import forms
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy
from django_stubs_ext import StrOrPromise

from billing.models import (
    BillingAccount,
    BillingCredit,
    BillingQuestion,
    Fee,
    Invoice,
    ThresholdRequest,
    UnappliedEntry,
)
from billing.models.fees import Category
from billing.queries import days, requests, standings
from billing.queries.days import ACCRUING, OUTSTANDING, UNDER_REVIEW
from billing.queries.standings import Standing
from lib import figures, formats
from lib.figures import Figures
from lib.list_forms import ENDS, Amounts, choice, text
from lib.lists import Filter, Rows
from lib.spans import Dates

KINDS = [("", _("All")), *Invoice.Kind.choices]
STANDINGS = [
    ("", _("All")),
    (standings.UNPAID, pgettext_lazy("bills", "Unpaid")),
    *Standing.choices,
    (standings.NOT_VOID, pgettext_lazy("bills", "All but void ones")),
]
CREDIT_STATUSES = [("", _("All")), *BillingCredit.Status.choices]
UNAPPLIED_KINDS = [
    ("", _("All")),
    *UnappliedEntry.Kind.choices,
    (UnappliedEntry.NEVER_CAME, pgettext_lazy("money", "Never came")),
]
CATEGORIES = [("", _("All")), *Category.choices]
BILLED = [
    ("", _("All")),
    (OUTSTANDING, _("Not billed yet")),
    (UNDER_REVIEW, _("Under review")),
    (ACCRUING, _("Accruing today")),
]
CREDITED = [
    ("", _("All")),
    (requests.CREDITED, _("Credited")),
    (requests.NOT_CREDITED, _("Not credited")),
]
COSTS = ("cost", "-cost")  # orders
A_YEAR = re.compile(r"[1-9][0-9]{3}")


class RequestFilter(Filter):
    """Filters the list of fulfilment requests.

    What is asked of their charges is read request by request, so that a page does so only among as
    many as are counted at once; a file of them may take its time.
    """

    LIST = "billing:requests"
    SORTS = ("-first_at", "first_at", "-cost", "cost", "reference", "-reference")
    SEARCH = "reference"
    DATES = Dates("first_at", _("First service"))
    AMOUNTS = Amounts(["cost"], _("Cost"))
    SUMS: ClassVar = {"total": _("Total")}

    reference = text(label=_("Request contains"))
    fee = choice([("", _("All"))], _("Fee"))
    billed = choice([("", _("All")), *requests.Billed.choices], _("Bill"))
    credited = choice(CREDITED, pgettext_lazy("request", "Credit"))

    def __init__(self, *args: Any, account: BillingAccount | None = None, **kwargs: Any) -> None:
        """Offer, as fees to filter by, those that requests of `account`, whose requests are listed,
        have charges of, or those of all requests without one; and also the fee that is asked for,
        if there is one of that code.
        """
        super().__init__(*args, **kwargs)
        # Whether there are too many, once that was looked at.
        self._are_many: bool | None = None
        self._account = account
        field: Any = self.fields["fee"]
        theirs = requests.fees_of(account) if account else requests.fees()
        offered = {fee.code: fee.label for fee in theirs}
        asked = str(self.data.get("fee", ""))
        if asked and asked not in offered and (other := days.fee_of(asked)):
            offered[asked] = other.label
        field.choices = [("", _("All")), *offered.items()]

    @property
    def _of_charges(self) -> dict[str, str]:
        """What is asked of a request's charges besides amounts: fee, whether they are billed, and
        whether they are credited; "" for what is not asked.
        """
        return {name: self.rows[name] for name in ("fee", "billed", "credited")}

    @property
    def _is_of_cost(self) -> bool:
        """Whether a least or a highest amount is asked for, so that the requests' costs have to be
        added up.
        """
        return any(self.said[end] != "" for end in ENDS)

    @property
    def _sorts_by_cost(self) -> bool:
        """Whether the list is to be sorted by cost, up or down."""
        return str(self.data.get("by", "")) in COSTS

    def page(self, found: "QuerySet[Any]") -> Any:
        """The page of `found`, narrowed and sorted as asked. Where there are too many requests to
        look at the charges of all, orders by cost are not offered, and a filter by what their
        charges are finds nothing.
        """
        if self._sorts_by_cost or self._is_of_cost or any(self._of_charges.values()):
            self._are_many = requests.are_many(self.within_days(found))
        if self._are_many:
            self._sorts = [by for by in self.SORTS if by not in COSTS]
        return super().page(found)

    def within_amounts(self, found: Rows) -> Rows:
        """The rows of `found` that meet what is asked of their charges and of their cost, with
        their cost if it is asked for or sorted by. Of too many requests: none if something of that
        is asked, and otherwise all.
        """
        is_of_charges = self._is_of_cost or any(self._of_charges.values())
        if self._are_many:
            return found.none() if is_of_charges else found
        found = requests.charged_with(found, **self._of_charges)
        if self._is_of_cost or self._sorts_by_cost:
            found = requests.with_cost(found, fee=self.rows["fee"])
        return super().within_amounts(found)

    @property
    def hint(self) -> StrOrPromise:
        """Return the sentence that more than figures.MOST requests are not searched or sorted
        by cost, fee, bill or credit, and that the reader can choose fewer days, search by a
        part of the references, or take a file. It is "" unless something of that is asked for
        and the requests within the days asked for are too many. It is also "" before `page`
        was called, which looks whether they are.
        """
        if not self._are_many:
            return ""
        return _(
            "More than %(most)s requests are not searched or sorted by cost, fee, bill or credit."
            " Choose fewer days, or a part of their references; a file has them all."
        ) % {"most": formats.count(figures.MOST)}

    def counted(self, found: "QuerySet[Any, Any]", most: int | None) -> Figures:
        """How many requests `found` has, counted up to `most`, and what they cost together. Raises
        TypeError if the form was made without an account.
        """
        if self._account is None:
            raise TypeError("whose requests are to be counted?")
        is_few = self._are_many is False
        return requests.figures_of(
            self._account, found, most=most, are_few=is_few, fee=self.rows["fee"]
        )


class InvoiceFilter(Filter):
    """Filters the list of bills."""

    # Even a shop that reaches its threshold daily has few bills: sorting them takes no time.
    LIST = "billing:invoices"
    SORTS = ("-issued_at", "issued_at", "-total", "total", "due_on", "-due_on")
    SEARCH = "number"
    DATES = Dates("issued_on", pgettext_lazy("date", "Issued"))
    AMOUNTS = Amounts(["total"])
    SUMS: ClassVar = {"left": _("Left to pay"), "asked": _("Total without void bills")}
    SUMMED: ClassVar = {
        "left": {"standing": standings.UNPAID},
        "asked": {"standing": standings.NOT_VOID},
    }

    number = text(32, _("Bill contains"))
    standing = choice(STANDINGS, _("Status"))
    kind = choice(KINDS, _("Kind"))


class CreditFilter(Filter):
    """Filters the list of credits."""

    # People ask for them and grant them one by one.
    LIST = "billing:credits"
    SORTS = ("-id", "id", "-amount", "amount")
    SEARCH = "charge"
    DATES = Dates("asked_at", _("Asked"))
    AMOUNTS = Amounts(["amount"])
    SUMS: ClassVar = {"given": _("Given back"), "waiting": _("Waits for an answer")}
    SUMMED: ClassVar = {
        "given": {"status": BillingCredit.Status.APPROVED.value},
        "waiting": {"status": BillingCredit.Status.REQUESTED.value},
    }

    charge = text(label=_("Charge contains"))
    status = choice(CREDIT_STATUSES, _("Status"))


class StatementFilter(Filter):
    """Filters the list of statements."""

    LIST = "billing:statements"
    SORTS = ("-month", "month")
    DATES = Dates("month", _("Month"), is_of_months=True)
    AMOUNTS = Amounts(["amount"])
    SUMS: ClassVar = {"amount": _("Total")}

    year = choice([("", _("All"))], _("Year"))

    def __init__(self, *args: Any, years: Sequence[str] = (), **kwargs: Any) -> None:
        """`years` are those that the account has statements of. Another year can be asked for, and
        finds none.
        """
        super().__init__(*args, **kwargs)
        field: Any = self.fields["year"]
        asked = str(self.data.get("year", ""))
        also = [asked] if A_YEAR.fullmatch(asked) and asked not in years else []
        field.choices = [("", _("All")), *((year, year) for year in [*years, *also])]

    @property
    def period(self) -> str:
        """What is asked for, as the names of files have it: the days or, without any, the year, and
        without a year all days until today.
        """
        return super().period if self.span else self.rows["year"] or super().period


class OfFees(Filter):
    """A filter of charges, which can be asked for those of one fee; each list has its own sorts."""

    SORTS: ClassVar[Sequence[str]] = ()

    fee = choice([("", _("All"))], _("Fee"))

    def __init__(self, *args: Any, fees: Sequence[Fee] = (), **kwargs: Any) -> None:
        """`fees` are those that are offered, and no others can be asked for: there are charges of
        them, or there were lately.
        """
        super().__init__(*args, **kwargs)
        field: Any = self.fields["fee"]
        field.choices = [("", _("All")), *((fee.pk, fee.label) for fee in fees)]


class ChargeFilter(OfFees):
    """Filters the charges of a statement by a reference of a charge or a request, and by fee."""

    SORTS = ("at", "-at")
    ANCHOR = "charges"
    SEARCH = "reference"
    FINDS_PARTS = False
    DATES = Dates("at", _("When"))
    AMOUNTS = Amounts(["amount"], with_signs=True)
    SUMS: ClassVar = {"amount": _("Total")}

    reference = text(label=_("Request or charge"))


class AllChargesFilter(OfFees):
    """Filters all charges of an account by a part of their references, by fee and by the day of
    their service. Both orders are those of an index.
    """

    LIST = "billing:all_charges"
    SORTS = ("-at", "at", "-reference", "reference")
    SEARCH = "reference"
    COUNTED_BY = "reference"
    DATES = Dates("at", _("Service"))
    SUMS: ClassVar = {"amount": _("Total")}

    reference = text(label=_("Charge contains"))


class ChargesOfOneFilter(Filter):
    """Filters the charges of one fee and day, or of one line of a bill, by a reference of a charge
    or a request, and by amount.
    """

    SORTS = ("at", "-at")
    ANCHOR = "charges"
    SEARCH = "reference"
    FINDS_PARTS = False
    AMOUNTS = Amounts(["amount"], with_signs=True)
    SUMS: ClassVar = {"amount": _("Total")}

    reference = text(label=_("Request or charge"))


class ChargeOrder(Filter):
    """Sorts a short list of charges, which has no filter."""

    SORTS = ("at", "-at")
    ANCHOR = "charges"


class DayFilter(Filter):
    """Filters the list of sums by fee and day, which has one row however many charges were
    summed.
    """

    LIST = "billing:days"
    SORTS = ("-posting_on", "posting_on")
    DATES = Dates("posting_on", _("Day"))
    AMOUNTS = Amounts(["amount"], with_signs=True)
    SUMS: ClassVar = {"amount": _("Total")}

    billed = choice(BILLED, _("Status"))
    category = choice(CATEGORIES, _("Category"))
    fee = text(40)
    # Of the years that other lists take (calendar.is_meant).
    month = forms.RegexField(
        r"^(19[7-9][0-9]|2[0-9]{3})-(0[1-9]|1[0-2])$", required=False, label=""
    )

    def text_of(self, name: str) -> str:
        """The value that is asked for in the field `name`, as a reader wants it: a month in words,
        a fee by its name (an unknown one as it is), and others as lists have them.
        """
        value = self.said[name]
        if name == "month":
            return formats.month(date.fromisoformat(f"{value}-01"))
        fee = days.fee_of(value) if name == "fee" else None
        return fee.label if fee else super().text_of(name)


class UnappliedFilter(Filter):
    """Filters the entries of unapplied money."""

    LIST = "billing:unapplied"
    SORTS = ("-id", "id")
    ANCHOR = "history"
    DATES = Dates("at", _("When"))
    AMOUNTS = Amounts(["amount"], with_signs=True)
    SUMS: ClassVar = {"amount": _("Total")}

    kind = choice(UNAPPLIED_KINDS, _("What"))


class QuestionFilter(Filter):
    """Filters what the merchant has asked about its charges and bills."""

    LIST = "billing:questions"
    SORTS = ("-id", "id")
    ANCHOR = "asked"
    DATES = Dates("asked_at", _("Asked"))

    status = choice([("", _("All")), *BillingQuestion.Status.choices], _("Status"))


class ThresholdFilter(Filter):
    """Filters what the merchant has asked about its threshold."""

    LIST = "billing:threshold_requests"
    SORTS = ("-id", "id")
    DATES = Dates("asked_at", _("Asked"))

    status = choice([("", _("All")), *ThresholdRequest.Status.choices], _("Status"))
