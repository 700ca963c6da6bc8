"""What administrators say with a decision about webhooks."""

from django import forms
from unfold.widgets import (
    UnfoldAdminCheckboxSelectMultipleWidget,
    UnfoldAdminIntegerFieldWidget,
    UnfoldAdminTextInputWidget,
)

from backoffice.decisions import Reasoned
from gateway.webhooks.event_types import EVENT_TYPES
from gateway.webhooks.operations.endpoints import LONGEST_OVERLAP_HOURS, LONGEST_URL
from lib.form_keys import KeyedForm
from lib.text_fields import LineField
from lib.texts import LONGEST_DESCRIPTION

DAY_HOURS = 24


class Types(Reasoned):
    types = forms.MultipleChoiceField(
        label="Events",
        choices=[(one.code, f"{one.code}: {one.says}") for one in EVENT_TYPES.values()],
        widget=UnfoldAdminCheckboxSelectMultipleWidget,
    )
    field_order: tuple[str, ...] = ("types", "reason")


class NewEndpoint(Types, KeyedForm):
    url = LineField(
        label="Address",
        max_length=LONGEST_URL,
        help_text="It starts with https://.",
        widget=UnfoldAdminTextInputWidget,
    )
    merchant = LineField(
        required=False,
        help_text="A merchant's reference; empty for the events of all merchants.",
        widget=UnfoldAdminTextInputWidget,
    )
    description = LineField(
        required=False, max_length=LONGEST_DESCRIPTION, widget=UnfoldAdminTextInputWidget
    )
    field_order: tuple[str, ...] = ("url", "merchant", "types", "description", "reason")


class Overlap(Reasoned):
    overlap_hours = forms.IntegerField(
        label="Hours for which the old secret counts, too",
        min_value=0,
        max_value=LONGEST_OVERLAP_HOURS,
        initial=DAY_HOURS,
        help_text="0 if the old secret has leaked.",
        widget=UnfoldAdminIntegerFieldWidget,
    )
    field_order: tuple[str, ...] = ("overlap_hours", "reason")
