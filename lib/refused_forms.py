"""Shows on a form why an operation refused what was sent with it (rule 3.8)."""

from django import forms

from lib.refusals import Refused, sentence_of


def add_refusal(form: forms.BaseForm, refusal: Refused) -> None:
    """Add the refusal's sentence, in the language in force, to the first of its fields that a
    person fills in on the form, or to the form as a whole if it names none of these. The form is
    invalid from then on.
    """
    shown = {field.name for field in form.visible_fields()}
    field = next((name for name in refusal.fields if name in shown), None)
    form.add_error(field, sentence_of(refusal))
