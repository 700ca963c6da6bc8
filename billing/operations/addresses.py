"""E-mail addresses that get a merchant's bills and statements: added, confirmed by a link, ended
(rule 11.9).

The links of mails need no sign-in: each is signed, and does one thing to one address.
"""

from datetime import datetime, timedelta

from django.core import signing
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import transaction
from django.utils.translation import gettext_lazy as _

from billing.models import BillingAccount, BillingAddress
from billing.models.documents import CONFIRM_WITHIN
from billing.notices.account import DOCUMENTS_TO
from billing.operations import accounts
from billing.trail import Action
from lib.refusals import Invalid, Refused
from notices.operations import notices
from trail import operations as trail

MOST = 5  # addresses of an account at a time
MOST_A_DAY = 10  # that are added to an account, so that nobody is flooded with our mails
CONFIRM, STOP = "billing.address.confirm", "billing.address.stop"  # what a link is for


class AddressKnown(Refused):
    """The address gets the documents already, or was asked to confirm."""

    code = "address_known"
    sentence = _("This address is in the list already.")


class TooManyAddresses(Refused):
    """The account has as many addresses as it may, or too many were added within 24 hours."""

    code = "too_many_addresses"
    sentence = _("You can have up to five addresses, and add ten within a day.")


class UnknownAddress(Refused):
    """There is no such address in force, or its link is no longer good."""

    code = "unknown_address"
    sentence = _("This address is not in the list any more.")


def link(address: BillingAddress, purpose: str) -> str:
    """The signed token of a link about the address; `purpose` is CONFIRM, which confirms it, or
    STOP, which ends its mails.
    """
    return signing.Signer(salt=purpose).sign(str(address.pk))


def of_link(token: str, purpose: str, now: datetime) -> BillingAddress | None:
    """The address in force that the token of a link with this purpose (CONFIRM or STOP) is about;
    None for one that was tampered with, for an address that was ended, and for one to confirm that
    was added too long ago.
    """
    try:
        key = signing.Signer(salt=purpose).unsign(token)
    except signing.BadSignature:
        return None
    found = BillingAddress.objects.select_related("account__merchant").filter(
        pk=key, ended_at__isnull=True
    )
    if purpose == CONFIRM:
        found = found.filter(added_at__gt=now - CONFIRM_WITHIN)
    return found.first()


@transaction.atomic
def add(
    *, merchant_id: int, email: str, schedule: str, actor: str, now: datetime
) -> BillingAddress:
    """Add an address that gets the merchant's bills and statements; a job mails it the link by
    which it confirms, and nothing else until then. Writes a trail row. The merchant is told, and
    owners are mailed.

    Raises AddressKnown for one in force, confirmed or not; TooManyAddresses if five are in force,
    or ten were added within 24 hours, ended ones included; and Invalid for no e-mail address or an
    unknown schedule. It locks the account, whose ended days are worked off first (accounts.lock).
    Rule 11.9.
    """
    email = _checked(email)
    if schedule not in BillingAddress.Schedule.values:
        raise Invalid("schedule", f"{schedule!r} is no schedule")
    account = accounts.lock(merchant_id, now=now)
    in_force = account.addresses.filter(ended_at__isnull=True)
    if in_force.filter(email=email).exists():
        raise AddressKnown(f"email: {email} is there already")
    lately = account.addresses.filter(added_at__gt=account.now - timedelta(days=1))
    if in_force.count() >= MOST or lately.count() >= MOST_A_DAY:
        raise TooManyAddresses("email: there are too many addresses")
    address = account.addresses.create(
        email=email, schedule=schedule, added_at=account.now, added_by=actor
    )
    _note(Action.BILLING_ADDRESS_ADDED, account, address, actor, {"schedule": schedule})
    notices.write(
        merchant_id=account.pk,
        kind=DOCUMENTS_TO,
        cause=str(address.pk),
        at=account.now,
        email=email,
        by=actor,
    )
    return address


@transaction.atomic
def confirm(*, address_id: int, now: datetime) -> BillingAddress:
    """Confirm the address, as its own link asks, with a trail row; documents that come from now on
    are mailed to it. One that was confirmed before stays as it is. How long ago it was added is not
    looked at here, but by `of_link`. The merchant is not notified. Raises UnknownAddress if it was
    ended, or never was. It locks the account.
    """
    account, address = _lock(address_id, None, now)
    if address.confirmed_at is None:
        address.confirmed_at = account.now
        address.save(update_fields=["confirmed_at"])
        _note(Action.BILLING_ADDRESS_CONFIRMED, account, address, address.email, {})
    return address


@transaction.atomic
def end(
    *, address_id: int, merchant_id: int | None = None, actor: str = "", now: datetime
) -> BillingAddress:
    """End the mails to the address, with a trail row: by somebody of the merchant, or by its own
    link without an `actor`. Nobody is notified. Raises UnknownAddress for one that is ended already
    or unknown, or is not of the merchant `merchant_id`, if one is given. It locks the account.
    """
    account, address = _lock(address_id, merchant_id, now)
    address.ended_at, address.ended_by = account.now, actor or address.email
    address.save(update_fields=["ended_at", "ended_by"])
    _note(Action.BILLING_ADDRESS_ENDED, account, address, address.ended_by, {})
    return address


def _lock(
    address_id: int, merchant_id: int | None, now: datetime
) -> tuple[BillingAccount, BillingAddress]:
    """Lock the account that an address in force belongs to, with its ended days worked off
    (accounts.lock), and return both. Raises UnknownAddress if the address is ended or unknown, or
    is not of the merchant `merchant_id`, if one is given.
    """
    found = BillingAddress.objects.filter(pk=address_id, ended_at__isnull=True)
    if merchant_id is not None:
        found = found.filter(account=merchant_id)
    owner = found.values_list("account_id", flat=True).first()
    if owner is None:
        raise UnknownAddress(f"address: there is no address {address_id} in force")
    account = accounts.lock(owner, now=now)
    address = found.first()
    if address is None:
        raise UnknownAddress(f"address: {address_id} was ended meanwhile")
    return account, address


def _checked(email: str) -> str:
    """The e-mail address in lower case, without blanks around it. Raises Invalid if it is none."""
    address = email.strip()
    try:
        validate_email(address)
    except ValidationError as error:
        raise Invalid("email", f"{email!r} is no e-mail address") from error
    return address.lower()


def _note(
    action: Action,
    account: BillingAccount,
    address: BillingAddress,
    actor: str,
    after: dict[str, str],
) -> None:
    """Write a trail row that says what `actor` did about the address; `after` has the values that
    were given.
    """
    trail.write(
        action,
        merchant_id=account.pk,
        subject=f"address {address.email}",
        after=after,
        actor=actor,
        now=account.now,
    )
