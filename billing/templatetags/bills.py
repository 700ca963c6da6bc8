"""What bills say in words."""

from django import template
from django.utils.translation import gettext

from billing.models import Fee
from notices import letters

register = template.Library()


@register.filter
def failure(code: str) -> str:
    """Why a payment failed."""
    return letters.failure(code)


@register.filter
def definition(fee: Fee) -> str:
    """What a fee is for, in the reader's language."""
    return gettext(fee.definition)
