"""The template tag that places a part of a page which follows what is under way (lib.live)."""

from typing import Any

from django import template

from lib.live import SEEN

register = template.Library()


@register.inclusion_tag("includes/live.html", takes_context=True)
def live(context: template.RequestContext, name: str) -> dict[str, Any]:
    """The part of the page with this name, which refreshes itself while something in it is under
    way. For that the page loads a script (base.html); without one there is a link.
    """
    part, request = context["live"][name], context["request"]
    request.follows = getattr(request, "follows", False) or part.is_under_way
    return {
        "part": part,
        "drawn": part.drawn(context.flatten(), request),
        "address": request.get_full_path(),
        "field": SEEN,
    }
