"""Template tags for the frame of every page: navigation, the switch of merchants, gauges."""

from decimal import Decimal
from typing import Any

from django import template
from django.urls import reverse
from moneyed import Money

from merchants import queries, second_factor
from merchants.models import Merchant

register = template.Library()

MERCHANTS_IN_SWITCHER = 8
EVERYTHING_LIES_UNDER = {"merchants:home", "overview"}  # so it says nothing to be under them


@register.simple_tag(takes_context=True)
def other_merchants(context: dict[str, Any]) -> list[Merchant]:
    """The person's other merchants by name, at most MERCHANTS_IN_SWITCHER; a page of its own lists
    all of them.
    """
    request = context["request"]
    others = queries.merchants_of(request.user).exclude(pk=request.membership.merchant_id)
    return list(others.prefetch_related(None).order_by("name", "pk")[:MERCHANTS_IN_SWITCHER])


@register.simple_tag(takes_context=True)
def where_to_go_on(context: dict[str, Any]) -> str:
    """The page from which the person was sent to set up a second factor, if they have one now, or
    "".
    """
    return second_factor.where_to_go_on(context["request"])


@register.inclusion_tag("includes/navigation_link.html", takes_context=True)
def navigation_link(
    context: dict[str, Any],
    view: str,
    label: str,
    merchant: Merchant | None = None,
    and_under: str = "",
    has_news: bool = False,
) -> dict[str, Any]:
    """A link of the navigation, marked as current on its page and on the pages under it.

    `and_under` names another view whose page, with the pages under it, counts as well. `has_news`
    marks the link as having something new.
    """
    path = context["request"].path
    args = [merchant.reference] if merchant else []
    address = reverse(view, args=args)
    places = (address, reverse(and_under, args=args)) if and_under else (address,)
    current = ""
    if path == address:
        current = "page"
    elif path.startswith(places) and view not in EVERYTHING_LIES_UNDER:
        current = "true"
    return {"address": address, "label": label, "current": current, "has_news": has_news}


@register.inclusion_tag("includes/gauge.html")
def gauge(value: Money, whole: Money, label: str) -> dict[str, Any]:
    """A bar that shows how much of `whole` is `value`; screen readers read `label`."""
    share = value / whole if whole.amount > 0 else Decimal(value.amount > 0)
    share = min(max(share, Decimal(0)), Decimal(1))
    level = "full" if share >= 1 else "high" if share >= Decimal("0.8") else "normal"
    # As text: a localised number would be no number in an attribute.
    return {
        "width": f"{share * 100:.1f}",
        "percent": int(share * 100),
        "label": label,
        "level": level,
    }
