"""Saves and deletes the views that members have of their lists (rule 23.19)."""

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.urls import NoReverseMatch, Resolver404, resolve, reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from lib import clock, lists
from lib.refusals import Refused, sentence_of
from merchants.access import MemberRequest, for_members
from merchants.forms import View
from merchants.models.saved_views import LONGEST_QUERY
from merchants.operations import saved_views


@for_members
@require_POST
def save(request: MemberRequest) -> HttpResponse:
    """Save, under the name that was given, what the list is asked for, in place of the person's
    view of that list and name, and lead back to the list. Only a POST is taken. Mistakes are said
    on that page.
    """
    form = View(request.POST)
    if not form.is_valid():
        for errors in form.errors.values():
            messages.error(request, str(errors[0]))
        return _back(request, form.data.get("page", ""), form.data.get("query", ""))
    try:
        view = saved_views.save(
            membership_id=request.membership.pk, now=clock.now(), **form.cleaned_data
        )
    except Refused as refused:
        messages.error(request, sentence_of(refused))
    else:
        messages.success(request, _("Saved as “%(name)s”.") % {"name": view.name})
    return _back(request, form.cleaned_data["page"], form.cleaned_data["query"])


@for_members
@require_POST
def remove(request: MemberRequest, pk: int) -> HttpResponse:
    """Delete one of the person's views, and lead back to its list. Raises Http404 for another
    person's. Only a POST is taken.
    """
    try:
        view = saved_views.remove(membership_id=request.membership.pk, view_id=pk)
    except saved_views.UnknownView as refused:
        raise Http404("the member has no such view") from refused
    messages.success(request, _("“%(name)s” is deleted.") % {"name": view.name})
    return _back(request, view.page, "")


def _back(request: MemberRequest, page: str, query: str) -> HttpResponse:
    """Redirect to the list `page`, filtered as `query` says (cut to LONGEST_QUERY characters).
    Raises Http404 if there is no such list.
    """
    if page not in lists.of_pages():
        raise Http404("there is no such list")
    address = _address(request, page)
    return redirect(f"{address}?{query[:LONGEST_QUERY]}" if query else address)


def _address(request: MemberRequest, page: str) -> str:
    """The address of the list's page: the one in the form's `path`, from which it was sent, as some
    pages are of a month or a buyer, if it is one of this list and merchant; otherwise that of the
    list. Raises Http404 if the list's address needs more than the merchant.
    """
    merchant, path = request.membership.merchant.reference, request.POST.get("path", "")
    try:
        found = resolve(path)
        if (found.view_name, found.kwargs.get("merchant")) == (page, merchant):
            return path
    except Resolver404:
        pass
    try:
        return reverse(page, args=[merchant])
    except NoReverseMatch:
        raise Http404("the list has several pages") from None
