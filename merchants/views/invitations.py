"""The page that an invitation's link leads to."""

from allauth.account.utils import perform_login
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters

from lib import clock
from lib.refusals import Refused, sentence_of
from merchants import queries
from merchants.forms import FirstPassword
from merchants.models import Invitation, Membership, User
from merchants.operations import invitations


@never_cache
@sensitive_post_parameters()
def invitation(request: HttpRequest, token: str) -> HttpResponse:
    """The page to which an invitation's link leads. It shows the invitation to everybody with the
    link, but only its addressee can accept it, by a POST, with a trail row and an e-mail to the
    owners: who has an account has to sign in first, and a newcomer does it with a password, which
    creates the account and signs them in.

    All other links get the same 404, whether they never existed or are too old, revoked or used.
    """
    found = queries.open_invitation(token, clock.now())
    if found is None:
        return render(request, "merchants/invitation_closed.html", status=404)
    if isinstance(request.user, User):
        return _welcome_user(request, request.user, found, token)
    if queries.has_account(found.email):
        return render(request, "merchants/invitation.html", {"invitation": found, "case": "known"})
    return _welcome_newcomer(request, found, token)


def _welcome_user(request: HttpRequest, user: User, found: Invitation, token: str) -> HttpResponse:
    """The invitation's page for `user`, who is signed in. If the invitation is theirs, a POST
    accepts it, with a trail row and an e-mail to the owners, and leads to the merchant's start
    page. A refusal is said on the page.
    """
    is_theirs = user.email.lower() == found.email
    if request.method == "POST" and is_theirs:
        try:
            membership = invitations.accept(token=token, user=user, now=clock.now())
        except Refused as refusal:
            messages.warning(request, sentence_of(refusal))
            return redirect(request.path)
        _greet(request, membership)
        return redirect("overview", merchant=membership.merchant.reference)
    context = {"invitation": found, "case": "theirs" if is_theirs else "other"}
    return render(request, "merchants/invitation.html", context)


def _welcome_newcomer(request: HttpRequest, found: Invitation, token: str) -> HttpResponse:
    """The page for somebody without an account. A POST with a password creates the account, accepts
    the invitation, with a trail row and an e-mail to the owners, and signs them in. A refusal is
    said on the page.
    """
    form = FirstPassword(User(email=found.email), request.POST or None)
    if form.is_valid():
        password = form.cleaned_data["new_password1"]
        try:
            membership = invitations.accept_as_new(token=token, password=password, now=clock.now())
        except Refused as refusal:
            messages.warning(request, sentence_of(refusal))
            return redirect(request.path)
        _greet(request, membership)
        overview = reverse("overview", args=[membership.merchant.reference])
        # A person's first browser is no unknown one, so no e-mail is sent about it.
        first = {"knows_browser": True}
        signed_in: HttpResponse = perform_login(
            request, membership.user, redirect_url=overview, signal_kwargs=first
        )
        return signed_in
    context = {"invitation": found, "case": "new", "form": form}
    return render(request, "merchants/invitation.html", context)


def _greet(request: HttpRequest, membership: Membership) -> None:
    """Leave a message for the next page that welcomes the person to the merchant."""
    welcome = _("Welcome to %(merchant)s.") % {"merchant": membership.merchant.name}
    messages.success(request, welcome)
