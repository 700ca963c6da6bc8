from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from credit.models import LimitEntry, Order
from credit.queries import OVERDUE

STANDINGS = [("", _("All")), (OVERDUE, _("Overdue")), *Order.Status.choices]
# By what to sort; queries.orders knows them.
ORDERS_BY = [
    ("-placed_at", _("Newest first")),
    ("placed_at", _("Oldest first")),
    ("due_on", _("Due first")),
    ("reference", _("By order number")),
]
KINDS = [("", _("All")), *LimitEntry.Kind.choices]
REASONS = [("", _("All")), *Order.Decline.choices]


class Filter(forms.Form):
    """Which rows to show. What makes no sense is as good as nothing asked."""

    @property
    def wanted(self) -> dict[str, Any]:
        return self.cleaned_data if self.is_valid() else dict.fromkeys(self.fields, "")


class OrderFilter(Filter):
    standing = forms.ChoiceField(choices=STANDINGS, required=False, label=_("Status"))
    reference = forms.CharField(max_length=100, required=False, label=_("Order starts with"))
    code = forms.ChoiceField(choices=REASONS, required=False)
    buyer = forms.CharField(max_length=100, required=False, label=_("Buyer"))
    by = forms.ChoiceField(choices=ORDERS_BY, required=False, label=_("Sort"))

    @property
    def wanted(self) -> dict[str, Any]:
        """What starts alike lies together only by reference: so that is how it is listed."""
        wanted = super().wanted
        by = "reference" if wanted["reference"] else wanted["by"] or "-placed_at"
        return wanted | {"by": by}


class EntryFilter(Filter):
    kind = forms.ChoiceField(choices=KINDS, required=False)


class DeclinedFilter(Filter):
    code = forms.ChoiceField(choices=REASONS, required=False)
