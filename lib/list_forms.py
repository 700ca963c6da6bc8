"""What a list is asked for, read from the address of its page and written into others: its fields,
days, amounts and order, and the names of files of what it finds.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, ClassVar

from django import forms
from django.db.models import Q
from django.http import QueryDict
from django.utils.functional import cached_property
from django.utils.http import urlencode
from django.utils.translation import gettext_lazy as _
from django_stubs_ext import StrOrPromise

from lib.amount_fields import AS_TYPED, FigureField
from lib.money import DECIMAL_PLACES, MAX_DIGITS
from lib.spans import Dates, DayField, LocalDays, Span
from lib.text_fields import LineField

LONGEST_TEXT = 100  # of what is searched for
ALL, EXACT = "all", "figures"  # the value and the parameter by which all rows are counted
BACK = "back"  # the parameter by which the page of a row knows how its list was asked for
PLACES = ("before", "after")
# What else an address of a list may carry: order, place, how much is counted, how a file is
# written, and the list that it was reached from.
BESIDES = ("by", *PLACES, EXACT, "format", "english", BACK)
AMOUNT = _("Amount")
MOST_UNKNOWN = 3  # parameters that are told
LONGEST_BACK = 2000  # characters
NOT_IN_NAMES = re.compile(r"[^\w.]+|_")  # what stands in no name of a file
ENDS = ("least", "most")


@dataclass(frozen=True)
class Amounts:
    """The columns by which a list is asked for amounts; a row fits if one of them does.

    Of columns `with_signs` only the size counts: who looks for 40.00 finds −40.00, too.
    """

    columns: Sequence[str]
    label: StrOrPromise = AMOUNT
    with_signs: bool = False

    def within(self, least: Decimal | None, most: Decimal | None) -> Q:
        """The condition that an amount in one of the columns is from `least` to `most`, both
        included; None is open at that end. If the columns have amounts of both signs
        (`with_signs`), they are compared without their sign.
        """
        found = Q()
        for column in self.columns:
            if not self.with_signs:
                found |= _between(column, least, most)
            elif not least:
                found |= _between(column, None if most is None else -most, most)
            else:
                found |= _between(column, least, most)
                found |= _between(column, None if most is None else -most, -least)
        return found


def _between(column: str, least: Decimal | None, most: Decimal | None) -> Q:
    """The condition that the column is from `least` to `most`, both included; None is open at that
    end.
    """
    found = Q() if least is None else Q(**{f"{column}__gte": least})
    return found if most is None else found & Q(**{f"{column}__lte": most})


class ListForm(forms.Form):
    """What is asked of a list: filters, search and order, as the address of its page has them.
    Invalid values are told at their fields.

    The fields are what the list's query can be asked for, all of them optional. Those of DATES and
    AMOUNTS come by themselves.
    """

    # The list, as people save views of it: the route of its page. "" where nobody can.
    LIST: ClassVar[str] = ""
    DATES: ClassVar[Dates | None] = None
    AMOUNTS: ClassVar[Amounts | None] = None
    # Whether its rows are of what has happened, so that there are none of days to come.
    ENDS_TODAY: ClassVar[bool] = True
    ALSO: ClassVar[Sequence[str]] = ()  # parameters of another form on the page

    # What a list may be sorted by, as order_by() has it, the first one unless something else is
    # asked for. Only what an index of the merchant's rows gives in this order, however many rows
    # there are; or anything, where people make the rows one by one and there will never be many.
    SORTS: ClassVar[Sequence[str]]
    ANCHOR: ClassVar[str] = ""  # the id of the list, on a page that has something else above it

    def __init__(
        self,
        asked: Mapping[str, Any],
        *,
        sorts: Sequence[str] = (),
        local: LocalDays | None = None,
        currency: str = "",
    ) -> None:
        """`asked` are the parameters of the address; `sorts`, if there are any, are the orders that
        are offered in place of the list's own; and `local` are the merchant's days, which a list
        with DATES needs. `currency` is what amounts are asked for in, where there is only one.
        """
        super().__init__(asked, auto_id="filter_%s", label_suffix="")
        self._sorts, self._local, self.currency = sorts or self.SORTS, local, currency
        if self.DATES is not None:
            self.fields["days"] = choice(self.DATES.choices, self.DATES.label)
            self.fields["since"] = DayField(label=_("From"), required=False)
            self.fields["until"] = DayField(label=_("Up to and including"), required=False)
        if self.AMOUNTS is not None:
            self.fields["least"] = _figure(_("At least"), currency)
            self.fields["most"] = _figure(_("At most"), currency)

    def clean(self) -> dict[str, Any]:
        """The cleaned data. A last day before the first one becomes an error of the last day's
        field, and a highest amount below the lowest one of the highest amount's. If days were
        chosen by name and typed, the typed ones count.
        """
        said = self.cleaned_data
        since, until = said.get("since"), said.get("until")
        least, most = said.get("least"), said.get("most")
        if since and until and until < since:
            self.add_error("until", _("This is before the first day."))
        if least is not None and most is not None and most < least:
            self.add_error("most", _("This is less than the lower amount."))
        if since or until:
            said["days"] = ""
        return said

    @cached_property
    def said(self) -> dict[str, Any]:
        """The value of each field by its name; "" if it was not asked for or is invalid."""
        self.is_valid()
        found = {name: self.cleaned_data.get(name) for name in self.fields}
        return {name: "" if value is None else value for name, value in found.items()}

    @cached_property
    def rows(self) -> dict[str, Any]:
        """The value of each of the list's own fields by its name, "" if it was not asked for or is
        invalid, for the list's query.
        """
        return {name: self.said[name] for name in self.base_fields}

    @cached_property
    def span(self) -> Span:
        """The local days that are asked for: the span that is chosen by name, or else from and to
        the days that were typed; an open span if none are, or the list has no dates.
        """
        if self.DATES is None:
            return Span()
        if self.said["days"]:
            return self.DATES.preset(self.said["days"], self._days.today)
        return Span(self.said["since"] or None, self.said["until"] or None)

    @property
    def _days(self) -> LocalDays:
        """The merchant's local days. Raises TypeError if the list was made without them."""
        if self._local is None:
            raise TypeError(f"{type(self).__name__} needs the merchant's days")
        return self._local

    @property
    def unknown(self) -> list[str]:
        """The names of the first MOST_UNKNOWN parameters of the address that this list does not
        read, each cut to LONGEST_TEXT characters.
        """
        known = {*self.fields, *BESIDES, *self.ALSO}
        return [name[:LONGEST_TEXT] for name in self.data if name not in known][:MOST_UNKNOWN]

    @property
    def sorts(self) -> Sequence[str]:
        """The orders that are offered, as order_by() has them; the first one is taken unless
        another is asked for.
        """
        return self._sorts

    @cached_property
    def by(self) -> str:
        """The order in which the rows are shown: the one asked for if it is among `sorts`,
        otherwise the first of them.
        """
        by = str(self.data.get("by", ""))
        return by if by in self.sorts else self.sorts[0]

    @property
    def wanted(self) -> dict[str, Any]:
        """What the filter's form shows as chosen: the values of `rows`, and the order as "by"."""
        return self.rows | {"by": self.by}

    @property
    def is_asked(self) -> bool:
        """Whether any field of the filter is set, so that some rows may not be shown."""
        return self.is_mistaken or any(value != "" for value in self.said.values())

    @property
    def is_mistaken(self) -> bool:
        """Return whether a value in the address makes no sense, or contradicts another, as a
        last day before the first one does. The list finds nothing then. An order that is not
        offered is no mistake: the list's first one is taken in its place.
        """
        return bool(self.errors)

    def text_of(self, name: str) -> str:
        """What is asked for in the field `name`, as its reader reads it: the label of a choice, or
        the text itself.
        """
        value, field = self.said[name], self.fields[name]
        if isinstance(field, forms.ChoiceField):
            return str(dict(field.choices)[value])  # type: ignore[arg-type]
        return str(value)

    @property
    def exactly(self) -> str:
        """The query string of this page, with everything that is asked for, and with the parameter
        by which all rows are counted and not only the first of them; it keeps the parameter that
        leads back to another list.
        """
        return f"?{urlencode(self.asked | self._place | self.leads_back | {EXACT: ALL})}"

    @property
    def _place(self) -> dict[str, str]:
        """The parameters that say which page of the list is shown."""
        return {name: self.data[name] for name in PLACES if name in self.data}

    @property
    def back(self) -> str:
        """The query string, with one parameter, that a link to a row's page is given so that the
        page can lead back to this list as it is filtered, ordered and paged now; "" if it is as it
        is without any parameters.
        """
        asked = self.asked | self._place
        return f"?{urlencode({BACK: f'{self.LIST}?{urlencode(asked)}'})}" if asked else ""

    @property
    def cleared(self) -> str:
        """The address of this list's first page without any filter or order, relative to the
        page: a "?" with the parameter that leads back to another list, if there is one, and the
        fragment that leads to the list.
        """
        return f"?{urlencode(self.leads_back)}{self.anchor}"

    @property
    def leads_back(self) -> dict[str, str]:
        """The parameter of this page's own address that leads back to the list it was opened from;
        empty if there is none.
        """
        return {BACK: self.data[BACK]} if BACK in self.data else {}

    @property
    def asked(self) -> dict[str, str]:
        """The parameters by which the address of this list asks for what it finds and for its
        order, by name; default values are left out. What says which page is shown, or leads back to
        another list, is not among them.
        """
        asked = {name: str(value) for name, value in self.said.items() if value != ""}
        return asked if self.by == self.sorts[0] else asked | {"by": self.by}

    def link(self, **changes: str) -> str:
        """The address of this list with `changes` made to its parameters (an empty value removes
        one), starting from the first page.
        """
        asked = {name: value for name, value in (self.asked | changes).items() if value}
        if asked.get("by") == self.sorts[0]:
            del asked["by"]
        return f"?{urlencode(asked | self.leads_back)}{self.anchor}"

    @property
    def anchor(self) -> str:
        """The fragment of the address that leads to the list; "" if ANCHOR is empty."""
        return f"#{self.ANCHOR}" if self.ANCHOR else ""

    @property
    def query(self) -> str:
        """The query string with which a download gives the same rows, of all pages and in the same
        order; "" if nothing was asked for. Values that make no sense are in it, too, so that the
        download finds nothing either.
        """
        asked = self.asked | {name: self.data[name] for name in self.errors if name in self.data}
        return f"?{urlencode(asked)}" if asked else ""

    def file_name(self, what: str, merchant: str) -> str:
        """The name of a CSV file of what the list finds: what is in it, whose it is, its days, and
        what else is asked for.
        """
        return f"{what}-{merchant}-{self.period}{self.said_in_names}.csv"

    @property
    def said_in_names(self) -> str:
        """What the list is asked for besides days, as the names of files have it, each with a
        hyphen in front: the codes of choices, the lowest and highest amount, and texts.
        """
        ends = {"least": "from-", "most": "up-to-"}
        asked = [*self.base_fields, *ends]
        found = (ends.get(name, "") + str(self.said.get(name, "")) for name in asked
                 if self.said.get(name, "") != "")  # fmt: skip
        return "".join(f"-{NOT_IN_NAMES.sub('-', one).strip('-').lower()}" for one in found)

    @property
    def period(self) -> str:
        """The days that are asked for, as the names of files have them: one day, two days, or
        "until" a day where the first is open. An open last day is today. For a list of what has
        happened (ENDS_TODAY) the last day is today at the latest, unless the first day is still to
        come.
        """
        since, until = self.span.since, self.span.until or self._days.today
        today = self._days.today
        if self.ENDS_TODAY and (since or today) <= today:
            until = min(until, today)
        if since is None:
            return f"until-{until}"
        return f"{since}" if since == until else f"{since}-to-{until}"


def address_back(view: str, query: str) -> str:
    """The query string, with its question mark, by which the list `view` is opened again as
    it was asked for. `query` is the value of the parameter BACK of a row's page: the list's
    view, a question mark, and what the list was asked for; only its first LONGEST_BACK
    characters are read. Returns "" if it is of another list, or asks for nothing.
    """
    of, _question, asked = query[:LONGEST_BACK].partition("?")
    return f"?{QueryDict(asked).urlencode()}" if of == view and asked else ""


def text(maximum: int = LONGEST_TEXT, label: StrOrPromise = "") -> LineField:
    """An optional field for text that the reader searches for, of at most `maximum` characters.
    Without a label it is never filled in, but comes with links from elsewhere.
    """
    return LineField(max_length=maximum, required=False, label=label)


def _figure(label: StrOrPromise, currency: str) -> FigureField:
    """An optional field, with this label, for one end of the amounts that are asked for."""
    return FigureField(
        label=f"{label} ({currency})" if currency else label,
        required=False,
        min_value=0,
        max_digits=MAX_DIGITS,
        decimal_places=DECIMAL_PLACES,
        widget=forms.TextInput(attrs=AS_TYPED),
    )


Choices = Sequence[tuple[str, Any]]


def choice(choices: Choices | Callable[[], Choices], label: StrOrPromise = "") -> forms.ChoiceField:
    """An optional field for one of these choices. The first of them has to be the one for all rows,
    with the value "". Without a label it only comes with links from elsewhere.
    """
    return forms.ChoiceField(choices=choices, required=False, label=label)
