"""The forms about a merchant's credit limit."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from credit.models import CreditLine
from credit.operations import own_rules
from lib import formats
from lib.amount_fields import AmountField, in_currency
from lib.form_keys import KeyedForm
from lib.text_fields import LineField, WordsField


class OrderCheck(forms.Form):
    """The form that asks whether an order of some amount would be accepted."""

    amount = AmountField()

    def __init__(self, *args: Any, line: CreditLine, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs | {"label_suffix": ""})
        in_currency(self, line.currency)
        self.fields["amount"].label = _("Amount of the order in %(currency)s") % {
            "currency": line.currency
        }


class Caps(forms.Form):
    """The form for a merchant's own caps for new orders; an empty field means no cap. It carries
    along which caps it was shown with.
    """

    CAPS = ("order_cap", "buyer_cap")

    order_cap = AmountField(required=False)
    buyer_cap = AmountField(required=False)
    version = LineField(widget=forms.HiddenInput, required=False)

    def __init__(self, *args: Any, line: CreditLine, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs | {"auto_id": "caps_%s", "label_suffix": ""})
        in_currency(self, line.currency)
        labels = {
            "order_cap": _("Most that one order may be, in %(currency)s"),
            "buyer_cap": _("Most that one buyer may owe, in %(currency)s"),
        }
        for name, label in labels.items():
            self.fields[name].label = label % {"currency": line.currency}
            self.fields[name].help_text = _("Empty: no cap.")
            self.initial[name] = getattr(line, name)
        self.initial["version"] = own_rules.version(line)

    @property
    def seen(self) -> str | None:
        """The caps that the valid form was shown with (own_rules.version); None if what was sent
        does not say.
        """
        return self.cleaned_data["version"] if "version" in self.data else None

    def compare_with(self, line: CreditLine) -> None:
        """Have the form, as it was sent, say at each cap that is another one than the line's what
        is saved now. Sent again, it counts as typed on a page that shows these.
        """
        for name in self.CAPS:
            saved = getattr(line, name)
            if self.cleaned_data.get(name) != saved:
                shown = formats.plain_money(saved) if saved else _("no cap")
                self.add_error(name, _("Saved now: %(value)s") % {"value": shown})
        self.data = dict(self.data.items()) | {"version": own_rules.version(line)}


class Question(KeyedForm):
    """The form by which a merchant asks operators a question about the limit."""

    message = WordsField(
        label=_("Your question"),
        widget=forms.Textarea(attrs={"rows": 4}),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        # Two forms of one page have no id in common.
        super().__init__(*args, **kwargs | {"auto_id": "question_%s", "label_suffix": ""})


class Raise(KeyedForm):
    """The form by which a merchant asks for a higher limit: how high, and why."""

    limit = AmountField()
    message = WordsField(
        label=_("Why you need it"),
        help_text=_("A season, a large order, a new category: what you will sell, and when."),
        widget=forms.Textarea(attrs={"rows": 4}),
    )

    def __init__(self, *args: Any, line: CreditLine, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs | {"auto_id": "raise_%s", "label_suffix": ""})
        in_currency(self, line.currency)
        self.fields["limit"].label = _("Limit you would like, in %(currency)s") % {
            "currency": line.currency
        }
