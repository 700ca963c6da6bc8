"""The page on which a person chooses a merchant."""

from typing import cast

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from lib import paging
from merchants import queries
from merchants.models import User


@login_required
def home(request: HttpRequest) -> HttpResponse:
    """The page with the list of the person's merchants. If there is only one, and the address has
    no parameters, redirect to its overview. Operators, who belong to no merchant, are sent to the
    admin.
    """
    user = cast(User, request.user)
    if user.is_staff:
        return redirect("admin:index")
    merchants = queries.merchants_of(user)
    page = paging.page(merchants, by="name", params=request.GET)
    if len(page.rows) == 1 and not request.GET:
        return redirect("overview", merchant=page.rows[0].reference)
    return render(request, "merchants/home.html", {"page": page})
