"""Fields of allauth's forms, as ours look."""

from django import template
from django.forms import BoundField

register = template.Library()


@register.filter
def without_placeholder(field: BoundField) -> BoundField:
    """The same field, from whose widget the placeholder is removed, which would only repeat its
    label.
    """
    field.field.widget.attrs.pop("placeholder", None)
    return field
