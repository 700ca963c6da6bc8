from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from credit.models import Order
from credit.queries import OVERDUE

STANDINGS = [("", _("All")), (OVERDUE, _("Overdue")), *Order.Status.choices]


class OrderFilter(forms.Form):
    """Which orders to show. What makes no sense is as good as nothing asked."""

    standing = forms.ChoiceField(choices=STANDINGS, required=False, label=_("Status"))
    reference = forms.CharField(max_length=100, required=False, label=_("Order starts with"))

    @property
    def wanted(self) -> dict[str, Any]:
        return self.cleaned_data if self.is_valid() else {"standing": "", "reference": ""}
