"""Asks once more about a figure that is far above the present one: a digit too many is typed
easily.
"""

from decimal import Decimal
from typing import Any

from django import forms
from moneyed import Money
from unfold.widgets import UnfoldAdminTextInputWidget

from backoffice.columns import figure
from lib.amount_fields import AS_TYPED, plain

FAR = 10  # times the present figure

Figure = Money | Decimal


class AsksAgain(forms.Form):
    """A form whose figures are typed twice when they are more than ten times the present ones.

    `initial` has these under `present`, by the fields' names; of a field without one, or of 0,
    it does not ask. The second entry appears when it is needed, and is no part of the form's data.
    """

    def clean(self) -> dict[str, Any]:
        """The cleaned data. For each figure that is more than FAR times the present one, a second
        field is added, with an error unless the same was typed there, too. Nothing is asked again
        for a field that was left empty, or whose present figure is 0 or missing.
        """
        super().clean()
        present: dict[str, Figure | None] = self.initial.get("present", {})
        for name, now in present.items():
            wanted = self.cleaned_data.get(name)
            if wanted is not None and now and wanted > now * FAR:
                self._ask_again(name, now, wanted)
        return self.cleaned_data

    def _ask_again(self, name: str, present: Figure, wanted: Figure) -> None:
        """Add a second field for the figure in the field `name`, and an error at it unless the same
        figure as `wanted` was typed there.
        """
        again = f"{name}_again"
        label = str(self.fields[name].label)
        self.fields[again] = forms.CharField(
            label=f"{label}, once more",
            required=False,
            widget=UnfoldAdminTextInputWidget(attrs=AS_TYPED),
        )
        try:
            typed = plain(self.data.get(self.add_prefix(again)))
        except forms.ValidationError:
            typed = ""
        bare = wanted.amount if isinstance(wanted, Money) else wanted
        if not typed or Decimal(typed) != bare:
            self.add_error(
                again,
                f"It is {_shown(present)} now, and {_shown(wanted)} is more than {FAR} times as"
                " much. Type it once more if that is what you mean.",
            )


def _shown(value: Figure) -> str:
    """The figure as the question shows it: an amount with its currency, else a number without
    trailing zeros.
    """
    return figure(value) if isinstance(value, Money) else f"{value.normalize():f}"
