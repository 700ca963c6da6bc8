"""The time zone of an operator's admin: chosen on a page of the account, in force on all others.

Without a choice it is UTC. Books and days follow their merchants' time zones, not this one.
"""

from collections.abc import Callable
from typing import Any, cast

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.utils import timezone
from unfold.widgets import UnfoldAdminSelectWidget

from lib import zones
from merchants.models import User
from merchants.operations import people
from merchants.sign_in.admin_door import ADMIN

UTC = "UTC"


class OwnTimeZone(forms.Form):
    """Chooses the time zone in which an operator reads the admin."""

    timezone = forms.ChoiceField(
        label="Time zone",
        choices=lambda: [(name, name) for name in zones.names()],
        widget=UnfoldAdminSelectWidget,
    )


def choose(request: HttpRequest, context: dict[str, Any]) -> HttpResponse:
    """The page on which operators choose the time zone of the admin for themselves; a valid
    submission stores it on their account, without a trail row, and leads to the admin's home page.
    `context` is the admin site's.
    """
    person = cast(User, request.user)
    form = OwnTimeZone(request.POST or None, initial={"timezone": person.timezone or UTC})
    if form.is_valid():
        people.choose_time_zone(user_id=person.pk, timezone=form.cleaned_data["timezone"])
        messages.success(request, "The admin's times are in this time zone from now on.")
        return redirect("admin:index")
    told = {"title": "Time zone", "form": form}
    return TemplateResponse(request, "admin/time_zone.html", context | told)


class TimeZoneOfOperator:
    """Middleware that shows an operator the admin's times in the time zone that they chose."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if not request.path_info.startswith(ADMIN):
            return self.get_response(request)
        name = getattr(request.user, "timezone", "") or UTC
        # One that the data has no more is no reason to lock an operator out.
        zone = zones.zone(name if zones.is_known(name) else UTC)
        with timezone.override(zone):
            return self.get_response(request)
