"""What the operators' pages write in their own way."""

from datetime import datetime
from typing import Any

from django import template
from django.utils.safestring import SafeString
from django.utils.timesince import timesince

from backoffice.panels import Panel

register = template.Library()


@register.filter
def age(since: datetime, now: datetime) -> str:
    """For how long something waits, in one unit."""
    return timesince(since, now, depth=1) if since < now else "just now"


@register.filter
def at(things: Any, name: Any) -> Any:
    """What stands under a name, or in a place, that the template knows as a variable."""
    return things[name]


@register.simple_tag(takes_context=True)
def panel(context: template.Context, shown: Panel) -> SafeString:
    """What a package shows here; its template knows what the page does, and its own besides."""
    found = context.template.engine.get_template(shown.template)  # type: ignore[union-attr]
    with context.push(**shown.context):
        return found.render(context)
