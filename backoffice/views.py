"""The admin's home page, its search, and the page of a merchant."""

from typing import Any

from django.contrib.admin import site
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.utils import timezone

from backoffice import charts, figures, merchant_page, times
from backoffice import find as lookup
from backoffice import home as waiting
from lib import cells, clock, zones
from lib.charts import image


def home(request: HttpRequest, context: dict[str, Any]) -> dict[str, Any]:
    """The context of the admin's first page, with queues, notes and figures as of now added
    (UNFOLD's DASHBOARD_CALLBACK). Operators who may not see the figures get None for them.
    """
    now = clock.now()
    sees_figures = _sees_figures(request)
    return context | {
        "title": "What waits",
        "now": now,
        "waiting": waiting.of(request, now),
        "notes": [note.read(now) for note in waiting.NOTES],
        "figures": figures.lately(now) if sees_figures else None,
        "shown": request.GET.get("currency", ""),
        "kinds": list(figures.DAILY),
        "totals": figures.total_rows(),
    }


def time_zone(request: HttpRequest) -> list[str]:
    """The label at the top of each page of the admin (UNFOLD's ENVIRONMENT): in which time zone its
    times are, of which cell it is where there are several, and the label's tone.
    """
    of = (f"Cell {cells.number()}" if cells.entered() else "All cells") if cells.are_on() else ""
    return [" · ".join(filter(None, (of, f"Times: {times.zone_name()}"))), "info"]


def chart(request: HttpRequest, currency: str, name: str) -> HttpResponse:
    """The chart of this name (figures.PICTURES) in a currency, as SVG, narrow for a phone with
    `?narrow`. Raises PermissionDenied if the operator may not look at the figures, and Http404 if
    there is no such chart, or the books have nothing in the currency.
    """
    if not _sees_figures(request):
        raise PermissionDenied
    known = figures.lately(clock.now())
    found, picture = known.of(currency), charts.named(name)
    if found is None or picture is None:
        raise Http404("there is no such picture")
    return image(charts.draw(picture, known, found, narrow="narrow" in request.GET))


def find(request: HttpRequest) -> HttpResponse:
    """The page of results of the operators' search; if there is only one, or only one whose whole
    name was given, redirect to it.
    """
    text = request.GET.get("q", "").strip()
    found = lookup.find(request, text)
    if found.only:
        return redirect(found.only)
    context = {"title": "Find", "looked_for": text, "found": found}
    page = "admin/backoffice/find.html"
    return TemplateResponse(request, page, site.each_context(request) | context)


def merchant(request: HttpRequest, reference: str) -> HttpResponse:
    """The overview page of the merchant with this reference, with times in its time zone. Raises
    PermissionDenied if the operator may not look at merchants, and Http404 if there is none.
    """
    if not request.user.has_perm("merchants.view_merchant"):
        raise PermissionDenied
    one = get_object_or_404(merchant_page.merchants(), reference=reference)
    now = clock.now()
    with timezone.override(zones.zone(one.timezone)):
        context = site.each_context(request) | merchant_page.context(request, one, now)
        response = TemplateResponse(request, "admin/backoffice/merchant.html", context)
        return response.render()


def _sees_figures(request: HttpRequest) -> bool:
    """Whether the operator may look at the figures of all books."""
    return request.user.has_perms(list(figures.PERMISSIONS))
