"""Receivers of allauth's signals about sign-ins and changes to them, each of which calls one
operation.

We use signals nowhere else. They are the only hook that allauth has for these events, and are sent
within its own call: a receiver that fails is an error of the request, as an operation of our own
would be.
"""

from typing import Any

from allauth.account import signals as account
from allauth.account.internal.flows.login import record_authentication
from allauth.account.models import EmailAddress
from allauth.mfa import signals as mfa
from allauth.mfa.models import Authenticator
from django.contrib.auth.signals import user_logged_out
from django.dispatch import receiver
from django.http import HttpRequest
from django.http.response import HttpResponseBase

from lib import clock
from merchants import second_factor
from merchants.models import SignIn, User
from merchants.operations import factors, sign_ins
from merchants.queries import FACTORS
from merchants.sign_in import visitors

Kind = SignIn.Kind
Type = Authenticator.Type


@receiver(account.user_logged_in)
def signed_in(
    request: HttpRequest,
    response: HttpResponseBase,
    user: User,
    knows_browser: bool = False,
    **_: Any,
) -> None:
    """Write a sign-in to the log of sign-ins, e-mail the person if the browser is unknown, with a
    trail row, and remember the browser by a cookie.
    """
    sign_ins.signed_in(
        user=user,
        visitor=visitors.of(request),
        knows_browser=knows_browser or visitors.knows(request, user),
        now=clock.now(),
    )
    visitors.remember(request, response, user)


@receiver(user_logged_out)
def signed_out(request: HttpRequest, user: User | None, **_: Any) -> None:
    """Write a sign-out to the log of sign-ins. Does nothing if nobody was signed in."""
    if user is not None:
        _log(Kind.SIGNED_OUT, request, user)


@receiver(mfa.authenticator_used)
def factor_used(request: HttpRequest, user: User, authenticator: Authenticator, **_: Any) -> None:
    """Write to the log of sign-ins that a second factor was confirmed; if it was a recovery code,
    also e-mail the person and write a trail row.
    """
    _log(Kind.FACTOR_USED, request, user, authenticator.type)
    if authenticator.type == Type.RECOVERY_CODES:
        factors.code_used(user=user, now=clock.now())


@receiver(mfa.authentication_failed)
def factor_failed(request: HttpRequest, user: User, authenticator: Authenticator, **_: Any) -> None:
    """Write to the log of sign-ins that a wrong code or key was given as a second factor."""
    _log(Kind.FACTOR_FAILED, request, user, authenticator.type)


@receiver(mfa.authenticator_added)
@receiver(mfa.authenticator_reset)  # of recovery codes that take the place of others
def factor_added(request: HttpRequest, user: User, authenticator: Authenticator, **_: Any) -> None:
    """Record a second factor, or recovery codes, that were set up (operations.factors.enrol): from
    when they count, with a trail row and e-mails. Setting up an app or a passkey also confirms it
    in this session.
    """
    factors.enrol(
        user=user,
        authenticator_id=authenticator.pk,
        kind=authenticator.type,
        proved=second_factor.proved_ids(request),
        now=clock.now(),
    )
    if authenticator.type in FACTORS:  # whoever has set one up has just shown that they have it
        record_authentication(
            request,
            user,
            method="mfa",
            id=authenticator.pk,
            type=authenticator.type,
            reauthenticated=True,
        )


@receiver(mfa.authenticator_removed)
def factor_removed(user: User, authenticator: Authenticator, **_: Any) -> None:
    """Write a trail row and an e-mail to the person, who removed a second factor."""
    factors.removed(user=user, kind=authenticator.type, now=clock.now())


@receiver(account.password_changed)
@receiver(account.password_set)
def password_changed(user: User, **_: Any) -> None:
    """Write a trail row that the person changed or set the password while signed in, and
    keep an e-mail to them about it, which a job sends. The password itself is set by
    allauth.
    """
    sign_ins.password_changed(user=user, by_link=False, now=clock.now())


@receiver(account.password_reset)
def password_reset(user: User, **_: Any) -> None:
    """Write a trail row and an e-mail to the person, whose password was set by a mailed link."""
    sign_ins.password_changed(user=user, by_link=True, now=clock.now())


@receiver(account.email_added)
def address_asked(user: User, email_address: EmailAddress, **_: Any) -> None:
    """Write a trail row and an e-mail to the person, who asked for another address."""
    sign_ins.address_asked(user=user, wanted=email_address.email, now=clock.now())


@receiver(account.email_changed)
def address_changed(
    user: User,
    from_email_address: EmailAddress | None,
    to_email_address: EmailAddress,
    **_: Any,
) -> None:
    """Write a trail row, and e-mails to both addresses, about the person's new address. Does
    nothing if only its spelling has changed, or there was none before.
    """
    before = from_email_address.email if from_email_address else ""
    if before and before.lower() != to_email_address.email.lower():
        sign_ins.address_changed(user=user, before=before, now=clock.now())


def _log(kind: SignIn.Kind, request: HttpRequest, user: User, detail: str = "") -> None:
    """Write a row of the log of sign-ins about the person. `detail` is a code that says more, if
    any.
    """
    sign_ins.log(
        kind,
        visitors.of(request),
        address=user.email,
        user=user,
        detail=detail,
        now=clock.now(),
    )
