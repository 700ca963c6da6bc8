"""Limits what the address of an admin list can filter by to the filters that the list offers.

Django applies any lookup in the query string (`?password__regex=^a`). So somebody who may only look
at a list could read any column of its rows, and of rows they lead to, one question after the other.
Here a parameter that no filter of the list has taken is refused.
"""

from typing import Any

from django.contrib.admin.exceptions import DisallowedModelAdminLookup
from django.contrib.admin.options import IncorrectLookupParameters
from django.contrib.admin.views.main import ORDER_VAR
from django.http import HttpRequest
from unfold.views import ChangeList

from backoffice import sorting


class OfferedQuestions(ChangeList):
    """A list that can be filtered and ordered only in ways that its page offers.

    Each filter takes its own parameters out of the query string, by their whole names. Django would
    use the rest as lookups.
    """

    def get_filters(self, request: HttpRequest) -> Any:
        """The list's filters. Raises DisallowedModelAdminLookup (400) for a parameter that no
        filter offers, and IncorrectLookupParameters for a NUL character.
        """
        if any("\0" in value for values in self.filter_params.values() for value in values):
            raise IncorrectLookupParameters("no column holds such a character")
        specs, has_filters, rest, *others = super().get_filters(request)
        if rest:
            raise DisallowedModelAdminLookup("The list is asked for something it does not offer.")
        return specs, has_filters, rest, *others

    def get_ordering(self, request: HttpRequest, queryset: Any) -> Any:
        """The order that the address asks for, by columns that the list offers to be sorted by. If
        it asks for none of them, rows of chosen days go by the day's column, latest first
        (order_of_days), and others in the page's own order.
        """
        text = sorting.asked(self.list_display, self.sortable_by, self.params.get(ORDER_VAR, ""))
        if not text:
            self.params.pop(ORDER_VAR, None)
            return self.model_admin.order_of_days(request) or super().get_ordering(
                request, queryset
            )
        self.params[ORDER_VAR] = text
        return sorting.empty_last(super().get_ordering(request, queryset))

    def get_ordering_field(self, field_name: Any) -> str | None:
        """The path by which rows are sorted for this column of the list (its name or function);
        None where it is not sorted.
        """
        return sorting.order_of(self.model_admin, field_name) or None
