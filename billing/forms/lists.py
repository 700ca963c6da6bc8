"""Which rows to show. What makes no sense is as good as nothing asked."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from billing.models import BillingCredit, Invoice

KINDS = [("", _("All")), *Invoice.Kind.choices]
STATUSES = [
    ("", _("All")),
    *(choice for choice in Invoice.Status.choices if choice[0] != Invoice.Status.DRAFT),
]
CREDIT_STATUSES = [("", _("All")), *BillingCredit.Status.choices]


class Filter(forms.Form):
    @property
    def wanted(self) -> dict[str, Any]:
        return self.cleaned_data if self.is_valid() else dict.fromkeys(self.fields, "")


class RequestFilter(Filter):
    reference = forms.CharField(max_length=100, required=False, label=_("Request starts with"))

    @property
    def start(self) -> str:
        return str(self.wanted["reference"])


class BillFilter(Filter):
    status = forms.ChoiceField(choices=STATUSES, required=False)
    kind = forms.ChoiceField(choices=KINDS, required=False)
    number = forms.CharField(max_length=20, required=False)


class CreditFilter(Filter):
    status = forms.ChoiceField(choices=CREDIT_STATUSES, required=False)
