"""What bills say in words."""

from django import template

from merchants import letters

register = template.Library()


@register.filter
def failure(code: str) -> str:
    """Why a payment failed."""
    return letters.failure(code)
