"""Template filters and tags of the operators' pages."""

from datetime import date, datetime
from typing import Any

from django import template
from django.utils.safestring import SafeString
from django.utils.timesince import timesince

from backoffice import shown, times
from backoffice.panels import Panel

register = template.Library()


@register.filter
def age(since: datetime, now: datetime) -> str:
    """How long before `now` the instant `since` was, in its largest unit, such as "3 days"; "just
    now" if it was not before.
    """
    return timesince(since, now, depth=1) if since < now else "just now"


@register.filter
def at(things: Any, key: Any) -> Any:
    """The item of a mapping or list under this key or index, for templates in which that is a
    variable. Raises KeyError or IndexError.
    """
    return things[key]


@register.simple_tag(takes_context=True)
def panel(context: template.Context, shown: Panel) -> SafeString:
    """The panel's template, rendered with the page's context and the panel's own."""
    found = context.template.engine.get_template(shown.template)  # type: ignore[union-attr]
    with context.push(**shown.context):
        return found.render(context)


@register.filter
def in_words(value: Any) -> str:
    """A value of a row as decisions' pages show it; an instant to the minute, in the operator's
    time zone.
    """
    return times.in_short(value) if isinstance(value, datetime) else shown.in_words(value)


@register.filter
def when(at: date | datetime) -> str:
    """The day of something that happened, with its time in the operator's time zone if `at` is an
    instant.
    """
    return times.in_short(at) if isinstance(at, datetime) else f"{at:%d %b %Y}"
