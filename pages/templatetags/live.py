"""The template tag that places a part of a page which follows what is under way (lib.live)."""

from typing import Any

from django import template

from lib.live import SEEN

register = template.Library()


@register.inclusion_tag("includes/live.html", takes_context=True)
def live(context: template.RequestContext, name: str) -> dict[str, Any]:
    """The part of the page with this name, which the view has given to `lib.live.render`.
    While something in it is under way, the page loads a script (base.html) by which the
    part refreshes itself; for readers without scripts a link to refresh stands in it, too.
    Raises KeyError for a part that the view has not given.
    """
    part, request = context["live"][name], context["request"]
    request.follows = getattr(request, "follows", False) or part.is_under_way
    return {
        "part": part,
        "drawn": part.drawn(context.flatten(), request),
        "address": request.get_full_path(),
        "field": SEEN,
    }
