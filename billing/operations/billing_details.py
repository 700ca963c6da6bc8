"""Whom a merchant's bills are made out to: said by its owners, confirmed by operators (rule 28.10,
rule 28.11).
"""

from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from billing import tax_numbers
from billing.models import BillingAccount, BillingDetails
from billing.operations import accounts
from billing.trail import Action
from lib import countries, wording
from lib.refusals import AlreadyDecided, Refused
from trail import operations as trail

LONGEST_LEGAL_NAME = 200
Status = BillingDetails.Status


class UnknownDetails(Refused):
    """There are no such billing details."""

    code = "unknown_billing_details"


class SameDetails(Refused):
    """Nothing differs from the billing details that were said last."""

    code = "same_billing_details"
    sentence = _("These are the billing details that we have.")


class DetailsChanged(Refused):
    """Somebody has said other billing details since who says these looked at them."""

    code = "billing_details_changed"
    sentence = _(
        "The billing details were changed while you were typing. See what is saved now; if yours"
        " are to take their place, save again."
    )


@dataclass(frozen=True)
class Party:
    """Whom bills are made out to."""

    legal_name: str
    address: str
    country: str
    tax_number: str = ""
    purchase_order: str = ""

    def checked(self) -> dict[str, str]:
        """What a version of billing details stores, by its columns: the texts without blanks around
        them. Raises Invalid for an unknown country, a tax number that its country does not have,
        and a text that is empty, too long or has control characters; the tax number and the
        purchase order may be empty.
        """
        countries.check(self.country)
        order = self.purchase_order.strip()
        return {
            "legal_name": wording.line("legal_name", self.legal_name, LONGEST_LEGAL_NAME),
            "address": wording.checked("address", self.address),
            "country": self.country,
            "tax_number": tax_numbers.checked(self.country, self.tax_number),
            "purchase_order": order and wording.line("purchase_order", order),
        }


@transaction.atomic
def say(
    *, merchant_id: int, party: Party, seen: int | None = None, actor: str, now: datetime
) -> BillingDetails:
    """Keep a new version of the merchant's billing details, which waits for an operator, with a
    trail row; bills have the one of before until then. One that waited is replaced. `seen` is the
    version that the page showed on which somebody typed them, 0 for none; None skips that check.

    Raises SameDetails if nothing differs from the last, unless that was rejected, DetailsChanged if
    the last is another one than was `seen`, and Invalid as Party.checked does. It locks the
    account, whose ended days are worked off first (accounts.lock). Rule 28.10.
    """
    account = accounts.lock(merchant_id, now=now)
    columns = party.checked()
    last = account.all_details.order_by("-version").first()
    if last is not None and last.status != Status.REJECTED and _columns(last) == columns:
        raise SameDetails("details: nothing differs")
    if seen is not None and seen != (last.version if last else 0):
        raise DetailsChanged("details: others were said meanwhile")
    if last is not None and last.is_waiting:
        _decide(last, Status.REPLACED, actor, account.now)
    said = account.all_details.create(
        version=last.version + 1 if last else 1, said_at=account.now, said_by=actor, **columns
    )
    _note(Action.DETAILS_SAID, account, last, said, actor, "")
    return said


@transaction.atomic
def confirm(*, details_id: int, actor: str, reason: str, now: datetime) -> BillingDetails:
    """Confirm billing details that wait, with a trail row: the merchant's bills have them
    from the next one on. In those bills, services from the account's open day on are taxed
    by them; if they are the first that were confirmed, earlier services are, too (rule
    28.15). The merchant is not notified.

    Raises UnknownDetails, AlreadyDecided, Invalid without a reason. It locks the account,
    whose ended days are worked off first (accounts.lock). Rule 28.11.
    """
    account, details = _hold(details_id, now)
    before = account.details
    reason = wording.checked("reason", reason, wording.LONGEST_REASON)
    details.confirmed_on = account.open_on
    _decide(details, Status.CONFIRMED, actor, account.now)
    account.details = details
    account.save(update_fields=["details"])
    _note(Action.DETAILS_CONFIRMED, account, before, details, actor, reason)
    return details


@transaction.atomic
def reject(*, details_id: int, actor: str, reason: str, told: str, now: datetime) -> BillingDetails:
    """Reject billing details that wait, with a trail row. The merchant reads `told` on its page of
    billing details, and is not notified; `reason` is for colleagues.

    Raises UnknownDetails, AlreadyDecided, Invalid without both texts. It locks the account, whose
    ended days are worked off first (accounts.lock). Rule 28.11.
    """
    account, details = _hold(details_id, now)
    reason = wording.checked("reason", reason, wording.LONGEST_REASON)
    told = wording.checked("told", told, wording.LONGEST_REASON)
    _decide(details, Status.REJECTED, actor, account.now, told)
    trail.write(
        Action.DETAILS_REJECTED,
        merchant_id=account.pk,
        subject=f"billing details {details.version}",
        before={"status": str(Status.WAITING)},
        after={"status": str(Status.REJECTED)},
        actor=actor,
        reason=reason,
        now=account.now,
    )
    return details


def _hold(details_id: int, now: datetime) -> tuple[BillingAccount, BillingDetails]:
    """Lock the account of billing details that wait for an operator, and return both. Raises
    UnknownDetails, AlreadyDecided. Ended days are worked off first (accounts.lock).
    """
    found = BillingDetails.objects.filter(pk=details_id)
    owner = found.values_list("account_id", flat=True).first()
    if owner is None:
        raise UnknownDetails(f"details: there are no billing details {details_id}")
    account = accounts.lock(owner, now=now)
    details = found.get()
    if not details.is_waiting:
        raise AlreadyDecided(f"details: they are {details.status}")
    return account, details


def _decide(
    details: BillingDetails, status: Status, actor: str, now: datetime, told: str = ""
) -> None:
    """Give billing details their final status, by whom and when, and what the merchant is `told`,
    and save that, together with the `confirmed_on` that the caller has set; writes no trail row.
    """
    details.status, details.decided_at, details.decided_by = status, now, actor
    details.told = told
    details.save(update_fields=["status", "decided_at", "decided_by", "confirmed_on", "told"])


def _columns(details: BillingDetails) -> dict[str, str]:
    """What a version of billing details says: legal name, address, country, tax number and purchase
    order, by their columns.
    """
    return {
        "legal_name": details.legal_name,
        "address": details.address,
        "country": details.country,
        "tax_number": details.tax_number,
        "purchase_order": details.purchase_order,
    }


def _note(
    action: Action,
    account: BillingAccount,
    before: BillingDetails | None,
    after: BillingDetails,
    actor: str,
    reason: str,
) -> None:
    """Write a trail row about billing details: what those `before` said, if there were any, and
    what those `after` say.
    """
    trail.write(
        action,
        merchant_id=account.pk,
        subject=f"billing details {after.version}",
        before=_columns(before) if before else {},
        after=_columns(after),
        actor=actor,
        reason=reason,
        now=account.now,
    )
