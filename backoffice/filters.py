"""Filters that the lists of several books share; those by days are in backoffice/days_filter.py."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar

from django.apps import apps
from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpRequest

from backoffice.queues import Queue
from lib import clock

Rows = QuerySet[Any, Any]


def of_currency(owner: str) -> type[admin.SimpleListFilter]:
    """A filter class for a list, by the currency of its rows. It offers the currencies of all rows
    of the model `owner`, such as "credit.CreditLine", which are as many as merchants: the rows of
    the list itself may be very many.
    """

    class OfCurrency(admin.SimpleListFilter):
        title = "currency"
        parameter_name = "currency"

        def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
            owners = apps.get_model(owner)._default_manager
            codes = owners.order_by("currency").values_list("currency", flat=True).distinct()
            return [(code, code) for code in codes]

        def has_output(self) -> bool:
            """Whether the filter is shown, which it is if it offers any currency. An address that
            asks for a currency is answered all the same.
            """
            return len(self.lookup_choices) > 0

        def queryset(self, request: HttpRequest, queryset: Rows) -> Rows:
            return queryset.filter(currency=self.value()) if self.value() else queryset

    return OfCurrency


def which(
    title: str, choices: Mapping[str, tuple[str, Callable[[], Q]]], *, is_indexed: bool = False
) -> type[admin.SimpleListFilter]:
    """A filter class for a list with these `choices`: each has, by its value in the address, a
    label and a function that gives the condition of its rows. A value that is none of them filters
    nothing. `is_indexed` says that each has an index of its own, so that a long list looks at all
    rows for it.
    """

    class Which(admin.SimpleListFilter):
        parameter_name = "which"
        has_index: ClassVar[bool] = is_indexed

        def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
            return [(code, label) for code, (label, _of) in choices.items()]

        def queryset(self, request: HttpRequest, queryset: Rows) -> Rows:
            chosen = choices.get(self.value() or "")
            return queryset.filter(chosen[1]()) if chosen else queryset

    Which.title = title
    return Which


class Waiting(admin.SimpleListFilter):
    """A filter by queue: it shows exactly the rows that the home page counts
    (backoffice.queues).
    """

    title = "what waits"
    parameter_name = "waits"
    has_index = True
    queues: ClassVar[Sequence[Queue]] = ()

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(queue.name, queue.title) for queue in self.queues]

    def queryset(self, request: HttpRequest, queryset: Rows) -> Rows:
        chosen = [queue for queue in self.queues if queue.name == self.value()]
        return queryset.filter(chosen[0].which(clock.now())) if chosen else queryset


def waiting(*queues: Queue) -> type[Waiting]:
    """A filter class for a list, by queue: it offers these queues, of the list's rows, and shows
    exactly the rows that wait in the chosen one at the instant of the request; all rows for none or
    an unknown one.
    """
    return type("WaitingHere", (Waiting,), {"queues": queues})


def one_of(
    field: str, choices: Sequence[tuple[str, Any]] | Callable[[], Sequence[tuple[str, Any]]]
) -> type[admin.SimpleListFilter]:
    """A filter class for a list, by a field that declares no choices, or of which not all are
    offered. `choices` are the (value, label) that are offered, or a function that gives them anew
    for each page. A value in the address that is not offered is filtered by all the same.
    Collecting the choices from the rows would read the whole table.
    """

    class OneOf(admin.SimpleListFilter):
        title = field.replace("_", " ")
        parameter_name = field

        def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
            return list(choices() if callable(choices) else choices)

        def queryset(self, request: HttpRequest, queryset: Rows) -> Rows:
            return queryset.filter(**{field: self.value()}) if self.value() else queryset

    return OneOf
