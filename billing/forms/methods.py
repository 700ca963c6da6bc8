"""The forms by which a merchant chooses how its bills are paid."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from billing.models import BillingAccount
from lib.form_keys import KeyedForm

# What the sandbox does with each is in billing.providers.registry. Nobody can type a real number
# here.
TEST_CARDS = [
    ("4242424242424242", _("4242 4242 4242 4242: pays")),
    ("5555555555554444", _("5555 5555 5555 4444: pays, of another brand")),
    ("4000000000000002", _("4000 0000 0000 0002: is declined for good")),
    ("4000000000009995", _("4000 0000 0000 9995: does not have enough funds")),
    ("4000000000000119", _("4000 0000 0000 0119: pays, but gives no answer")),
]
BRANDS = {"4": "Visa", "5": "Mastercard"}


class ChosenMethod(forms.Form):
    """The form that chooses a payment method of the account, with its card if the method needs
    one.
    """

    method = forms.ChoiceField(choices=BillingAccount.Method.choices)
    card = forms.IntegerField(required=False, min_value=1, max_value=2**63 - 1)

    @property
    def chosen(self) -> dict[str, Any]:
        """The arguments `method` and `card_id` (None if no card was named) of
        payment_methods.choose that the form gives. Whether the method needs that card is checked
        there.
        """
        return {"method": self.cleaned_data["method"], "card_id": self.cleaned_data["card"]}


class SandboxCard(KeyedForm):
    """The form that adds a test card, for demonstrations."""

    number = forms.ChoiceField(label=_("Test card"), choices=TEST_CARDS)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs | {"auto_id": "card_%s", "label_suffix": ""})

    @property
    def card(self) -> dict[str, Any]:
        """The arguments of payment_methods.add_card that the form gives; `token` is the sandbox's
        name for the card.
        """
        number, key = self.cleaned_data["number"], self.cleaned_data["request_key"]
        return {
            "provider": BillingAccount.Method.SANDBOX,
            "token": f"sandbox-{key}",
            "request_key": key,
            "brand": BRANDS[number[0]],
            "last_four": number[-4:],
        }
