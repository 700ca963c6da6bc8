"""The pages of a merchant's profile and of a person's language."""

import mimetypes
from contextlib import suppress

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.http import content_disposition_header
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST
from django.views.i18n import set_language

from lib import clock
from lib.refusals import Invalid, sentence_of
from merchants import profile_parts, queries
from merchants.access import MemberRequest, for_finance, for_members
from merchants.forms import ProfileForm
from merchants.models import User
from merchants.operations import people, profiles


@require_POST
def language(request: HttpRequest) -> HttpResponseBase:
    """Set the language of this browser's pages by a cookie and, if the person is signed in, that of
    the person, and lead back to the page. An unknown language changes nothing. Only a POST is
    taken.
    """
    if isinstance(request.user, User):
        with suppress(Invalid):  # Django leaves everything as it is then, and so do we
            chosen = request.POST.get("language", "")
            people.choose_language(user_id=request.user.pk, language=chosen)
    return set_language(request)


@for_members
def profile(request: MemberRequest) -> HttpResponse:
    """The page of the merchant's profile. Its submission, which only owners may make (others get a
    403), stores what was typed, with a trail row, and leads back to the page; a value that is
    refused is said at its field. If somebody else has changed the profile since the form was shown,
    nothing is stored: the form keeps what was typed, and says what is saved now.
    """
    merchant = request.membership.merchant
    if request.method == "POST" and not request.membership.is_owner:
        raise PermissionDenied
    found = queries.profile(merchant)
    form = ProfileForm(found, request.POST or None, request.FILES or None)
    if form.is_valid():
        try:
            profiles.complete(
                merchant_id=merchant.pk,
                fields=form.fields_of_profile,
                document=form.document,
                actor=request.user.email,
                seen=form.seen,
                now=clock.now(),
            )
        except profiles.ProfileChanged:
            found = queries.profile(merchant)
            form.compare_with(found)
        except Invalid as refusal:
            form.add_error(refusal.field, sentence_of(refusal))
        else:
            if form.is_empty:
                empty = _("Nothing is filled in, so there is nothing for us to confirm yet.")
                messages.warning(request, empty)
            else:
                messages.success(request, _("The profile is saved."))
            return redirect("merchant:profile", merchant=merchant.reference)
    parts = profile_parts.shown(found, form, queries.profile_steps(merchant))
    remarks = profile_parts.remarks(merchant, parts)
    told = {"form": form, "profile": found, "parts": parts, "remarks": remarks}
    return render(request, "merchants/profile.html", told)


@for_finance
def document(request: MemberRequest) -> HttpResponse:
    """Download the scan of the licence, as it was uploaded. Owners and finance may. Raises Http404
    if there is none; if it cannot be decrypted, leads back to the profile and says so.
    """
    found = queries.profile(request.membership.merchant)
    if not found.licence_document_name:
        raise Http404("the profile has no document")
    try:
        content = profiles.read_document(found)
    except profiles.DocumentUnreadable:
        messages.error(request, _("The document cannot be opened. Please upload it again."))
        return redirect("merchant:profile", merchant=request.membership.merchant.reference)
    kind = mimetypes.guess_type(found.licence_document_name)[0] or "application/octet-stream"
    response = HttpResponse(content, content_type=kind)
    disposition = content_disposition_header(True, found.licence_document_name)
    response["Content-Disposition"] = disposition
    return response
