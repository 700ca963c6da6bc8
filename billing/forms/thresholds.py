"""The form by which a merchant asks for a higher billing threshold."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from billing.models import BillingAccount
from lib.amount_fields import AmountField, in_currency
from lib.form_keys import KeyedForm
from lib.text_fields import WordsField


class HigherThreshold(KeyedForm):
    """The form that asks for a higher billing threshold: how high, and why."""

    threshold = AmountField()
    message = WordsField(
        label=_("Why you need it"),
        help_text=_("How much you expect to send, and why fewer bills would help you."),
        widget=forms.Textarea(attrs={"rows": 4}),
    )

    def __init__(self, *args: Any, account: BillingAccount, **kwargs: Any) -> None:
        # Two forms of one page have no id in common.
        super().__init__(*args, **kwargs | {"auto_id": "threshold_%s", "label_suffix": ""})
        in_currency(self, account.currency)
        self.fields["threshold"].label = _("Threshold you would like, in %(currency)s") % {
            "currency": account.currency
        }

    @property
    def asked(self) -> dict[str, Any]:
        """The arguments that the valid form gives to thresholds.ask: threshold, message and request
        key.
        """
        return {name: self.cleaned_data[name] for name in ("threshold", "message", "request_key")}
