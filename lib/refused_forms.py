"""Shows on a form why an operation refused what was sent with it (rule 3.8)."""

from django import forms

from lib.refusals import Refused, sentence_of


def add_refusal(form: forms.BaseForm, refusal: Refused) -> None:
    """Add the refusal's sentence to the field of the form that is at fault, or to the form as a
    whole if that is none of those that a person fills in.
    """
    shown = {field.name for field in form.visible_fields()}
    field = next((name for name in refusal.fields if name in shown), None)
    form.add_error(field, sentence_of(refusal))
