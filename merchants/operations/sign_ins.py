"""Writes the log of sign-ins, and e-mails about sign-ins and new passwords and addresses."""

from dataclasses import dataclass
from datetime import datetime

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import transaction

from merchants import queries
from merchants.models import SecurityMail, SignIn, User
from merchants.operations import security_mails
from merchants.trail import Action
from trail import operations as trail

Kind = SignIn.Kind
STRANGER = "somebody not signed in"  # as an actor


@dataclass(frozen=True)
class Visitor:
    """The network address and browser of a request."""

    ip: str
    browser: str


def log(
    kind: SignIn.Kind,
    visitor: Visitor,
    *,
    address: str,
    user: User | None,
    detail: str = "",
    now: datetime,
) -> None:
    """Write a row of the log of sign-ins, with the first 200 characters of the browser. The
    `address` is kept in lower case; if what was typed is not an e-mail address, "" is kept, since
    it may be a password. `detail` is a code that says more, if any. No trail row is written.
    """
    SignIn.objects.create(
        at=now,
        kind=kind,
        user=user,
        address=_valid_address(address),
        ip=visitor.ip or None,
        browser=visitor.browser[:200],
        detail=detail,
    )  # fmt: skip


@transaction.atomic
def signed_in(*, user: User, visitor: Visitor, knows_browser: bool, now: datetime) -> None:
    """Log a sign-in. If the person has not used this browser before (`knows_browser` is false),
    also write a trail row, and an e-mail to them, which a job sends.
    """
    log(Kind.SIGNED_IN, visitor, address=user.email, user=user, now=now)
    if knows_browser:
        return
    trail.write(
        Action.NEW_BROWSER,
        actor=user.email,
        subject=user.email,
        after={"browser": visitor.browser[:200], "network_address": visitor.ip},
        now=now,
    )
    security_mails.write(
        SecurityMail.Kind.NEW_BROWSER,
        user,
        now=now,
        details={"browser": visitor.browser, "ip": visitor.ip},
    )


@transaction.atomic
def locked_out(*, address: str, visitor: Visitor, now: datetime) -> None:
    """Log that an e-mail address was locked after wrong attempts. If it is that of an account, also
    write a trail row, and an e-mail to the person, which a job sends. The address is locked
    elsewhere.
    """
    user = queries.person(address)
    log(Kind.LOCKED_OUT, visitor, address=address, user=user, now=now)
    if user is None:
        return
    trail.write(
        Action.LOCKED_OUT,
        actor=STRANGER,
        subject=user.email,
        after={"network_address": visitor.ip},
        now=now,
    )
    security_mails.write(SecurityMail.Kind.LOCKED_OUT, user, now=now, details={"ip": visitor.ip})


@transaction.atomic
def password_changed(*, user: User, by_link: bool, now: datetime) -> None:
    """Write a trail row about the person's new password, and an e-mail to them, which a job sends;
    the row says whether it was set by a mailed link (`by_link`). The password is set elsewhere.
    """
    trail.write(
        Action.PASSWORD_CHANGED,
        actor=user.email,
        subject=user.email,
        after={"by": "link in an e-mail" if by_link else "person signed in"},
        now=now,
    )
    security_mails.write(SecurityMail.Kind.PASSWORD_CHANGED, user, now=now)


@transaction.atomic
def address_asked(*, user: User, wanted: str, now: datetime) -> None:
    """Write a trail row about a new e-mail address that the person asked for, and an e-mail about
    it to the one that they have now, which a job sends. The new address counts only once the link
    that was mailed to it is followed.
    """
    change = {"before": user.email, "after": wanted}
    trail.write(
        Action.ADDRESS_ASKED,
        actor=user.email,
        subject=user.email,
        before={"address": user.email},
        after={"address": wanted},
        now=now,
    )
    security_mails.write(SecurityMail.Kind.ADDRESS_ASKED, user, now=now, details=change)


@transaction.atomic
def address_changed(*, user: User, before: str, now: datetime) -> None:
    """Write a trail row about the person's new e-mail address, and e-mails to both the former and
    the new one, which a job sends. The address is changed elsewhere.
    """
    trail.write(
        Action.ADDRESS_CHANGED,
        actor=before,
        subject=user.email,
        before={"address": before},
        after={"address": user.email},
        now=now,
    )
    change = {"before": before, "after": user.email}
    for mailbox in (before, user.email):
        security_mails.write(
            SecurityMail.Kind.ADDRESS_CHANGED, user, now=now, address=mailbox, details=change
        )


def _valid_address(address: str) -> str:
    """The address in lower case, or "" if it is not an e-mail address."""
    address = address.strip().lower()
    try:
        validate_email(address)
    except ValidationError:
        return ""
    return address
