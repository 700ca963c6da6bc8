"""Parts of pages that show something under way, and follow it by themselves (rule 20.10).

A view names its parts and answers by `render`; its template places each by `{% live "name" %}`
(pages/templatetags/live.py). The browser asks the same address again, with a header that names the
part (htmx; static/js/live.js), so that whoever may see the page may follow it, and nobody else. The
answer is the part alone; 204 if it is as the reader has it; 286 once nothing is under way any
more, upon which htmx stops to ask.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256
from http import HTTPStatus
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render as render_page
from django.template.loader import render_to_string
from django.utils.safestring import SafeString, mark_safe

HEADER = "X-Live"
SEEN = "live_seen"  # the digest of the part as the reader has it, in the query string
STOP = 286  # htmx's own: show this, and ask no more
SECONDS = 5

# It is another one each time that a form is drawn.
TOKEN = re.compile(r'name="csrfmiddlewaretoken" value="[^"]*"')


@dataclass(frozen=True)
class Part:
    """A part of a page: its template, whether something in it is under way, how that stands in
    words for who does not see it, and after how many seconds it is looked at again.
    """

    name: str
    template: str
    is_under_way: bool
    told: str
    seconds: int = SECONDS

    def drawn(self, context: dict[str, Any], request: HttpRequest) -> SafeString:
        """The HTML of the part as it is now, in a frame that names it and has the digest of what it
        shows.
        """
        shown = render_to_string(self.template, context, request)
        seen = sha256(TOKEN.sub("", shown).encode()).hexdigest()[:16]
        frame = {"part": self, "shown": mark_safe(shown), "seen": seen, "field": SEEN}
        return mark_safe(render_to_string("includes/live_part.html", frame, request))


def asked(request: HttpRequest) -> str:
    """The name of the part that the request asks for; "" if it asks for a page."""
    return request.headers.get(HEADER, "")


def render(
    request: HttpRequest,
    template: str,
    context: dict[str, Any],
    *parts: Part,
    status: int = HTTPStatus.OK,
) -> HttpResponse:
    """The whole page of `template`, with these parts in its context under `live` (for `{% live
    %}`); or, if the request's header names one of them, that part alone, as `answer` gives it,
    whatever `status` says. `context` is changed in place.
    """
    by_name = {part.name: part for part in parts}
    context |= {"live": by_name}
    part = by_name.get(asked(request))
    if part is None:
        return render_page(request, template, context, status=status)
    return answer(request, part, context)


def answer(request: HttpRequest, part: Part, context: dict[str, Any]) -> HttpResponse:
    """The response to a page that follows the part: the part as it is now, or 204 without content
    if the reader has it so already. Once nothing is under way, the status is STOP, which ends the
    following.
    """
    drawn = part.drawn(context, request)
    seen = request.GET.get(SEEN, "")
    if not part.is_under_way:
        return HttpResponse(drawn, status=STOP)
    if seen and f'value="{seen}"' in drawn:
        return HttpResponse(status=HTTPStatus.NO_CONTENT)
    return HttpResponse(drawn)


class OnlyParts:
    """Middleware that puts nothing but parts into the place of parts: a sign-in or a refusal is
    answered by the end of the looking, with a link to the page, which then says what is wrong.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        status = response.status_code
        is_refused = HTTPStatus.MULTIPLE_CHOICES <= status < HTTPStatus.INTERNAL_SERVER_ERROR
        if asked(request) and is_refused:
            ended = render_page(request, "includes/live_ended.html", status=STOP)
            ended["HX-Reswap"] = "beforeend"  # what was seen stays
            return ended
        return response
