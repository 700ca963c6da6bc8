"""The admin's home page, its search, and the page of a merchant."""

from typing import Any

from django.contrib.admin import site
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.utils import timezone

from backoffice import charts, figures, merchant_page
from backoffice import find as lookup
from backoffice import home as waiting
from jobs import panel
from lib import clock, zones
from lib.charts import image
from merchants.models import Merchant


def home(request: HttpRequest, context: dict[str, Any]) -> dict[str, Any]:
    """What the admin's first page shows (UNFOLD's DASHBOARD_CALLBACK)."""
    now = clock.now()
    sees_figures = _sees_figures(request)
    return context | {
        "title": "What waits",
        "now": now,
        "waiting": waiting.of(request, now),
        "pulse": panel.pulse(now),
        "figures": figures.lately(now) if sees_figures else None,
        "shown": request.GET.get("currency", ""),
        "kinds": figures.KINDS,
        "counts": figures.COUNTS,
        "totals": figures.TOTALS,
    }


def chart(request: HttpRequest, currency: str, name: str) -> HttpResponse:
    """One of charts.PICTURES, in a currency."""
    if not _sees_figures(request):
        raise PermissionDenied
    known = figures.lately(clock.now())
    found = known.of(currency)
    if found is None or name not in charts.PICTURES:
        raise Http404("there is no such picture")
    return image(charts.draw(name, known, found, narrow="narrow" in request.GET))


def find(request: HttpRequest) -> HttpResponse:
    text = request.GET.get("q", "").strip()
    found = lookup.find(request, text)
    if found.only:
        return redirect(found.only)
    context = {"title": "Find", "looked_for": text, "found": found}
    return TemplateResponse(request, "admin/desk/find.html", site.each_context(request) | context)


def merchant(request: HttpRequest, reference: str) -> HttpResponse:
    if not request.user.has_perm("merchants.view_merchant"):
        raise PermissionDenied
    with_rest = Merchant.objects.select_related(
        "credit_line", "billing_account__card", "profile"
    ).defer("profile__licence_document")  # up to 5 MB
    one = get_object_or_404(with_rest, reference=reference)
    now = clock.now()
    with timezone.override(zones.zone(one.timezone)):
        context = site.each_context(request) | merchant_page.of(request, one, now)
        response = TemplateResponse(request, "admin/desk/merchant.html", context)
        return response.render()


def _sees_figures(request: HttpRequest) -> bool:
    wanted = ("credit.view_creditline", "billing.view_billingaccount")
    return request.user.has_perms(wanted)
