"""What operators say about imports."""

from django import forms
from unfold.widgets import (
    UnfoldAdminFileFieldWidget,
    UnfoldAdminSelectWidget,
    UnfoldBooleanSwitchWidget,
)

from backoffice.decisions import Reasoned
from gateway.imports.kinds import CHOICES


class NewImport(Reasoned):
    kind = forms.ChoiceField(
        label="What its rows are", choices=CHOICES, widget=UnfoldAdminSelectWidget
    )
    file = forms.FileField(
        label="File (CSV or JSON lines)",
        max_length=255,
        widget=UnfoldAdminFileFieldWidget,
    )
    again = forms.BooleanField(
        required=False,
        label="Take it in although the same file was here before",
        widget=UnfoldBooleanSwitchWidget,
    )
    field_order: tuple[str, ...] = ("kind", "file", "again", "reason")
