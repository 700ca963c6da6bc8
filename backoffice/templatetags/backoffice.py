"""What the operators' pages write in their own way."""

from datetime import datetime
from typing import Any

from django import template
from django.utils.timesince import timesince

register = template.Library()


@register.filter
def age(since: datetime, now: datetime) -> str:
    """For how long something waits, in one unit."""
    return timesince(since, now, depth=1) if since < now else "just now"


@register.filter
def at(things: Any, name: Any) -> Any:
    """What stands under a name, or in a place, that the template knows as a variable."""
    return things[name]


@register.filter
def figure_of(totals: Any, name: str) -> Any:
    """A total by the name that the table of totals gives it."""
    return getattr(totals, name)
