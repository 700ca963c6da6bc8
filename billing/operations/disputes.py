"""Disputing several charges at once: a credit is asked for on each, or on none (rule 16.26)."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from moneyed import Money

from billing.models import BillingAccount, BillingCredit, Charge
from billing.operations import accounts, credits
from billing.queries import credits as asked
from billing.queries import effects
from lib import form_keys, money, wording
from lib.refusals import ChangedMeanwhile, Invalid, Refused

MOST = 50  # charges that one form asks for, as many as a page of a list has


class CannotBeDisputed(Refused):
    """Some of the charges that were chosen are unknown, or nothing is left to ask back of them."""

    code = "cannot_be_disputed"

    def __init__(self, unknown: Sequence[str], used_up: Sequence[str]) -> None:
        """`unknown` are references for which the account has no charge that could be credited,
        `used_up` those of charges of which nothing is left to ask back, as it was credited or
        asked for already. Both are kept as attributes under these names. `sentence`, which the
        merchant reads, names the references of both.
        """
        super().__init__(f"charges: unknown {unknown}, nothing left of {used_up}")
        self.unknown, self.used_up = unknown, used_up
        self.sentence = " ".join(
            sentence % {"charges": ", ".join(references)}
            for sentence, references in (
                (_("You have no charge %(charges)s that could be credited."), unknown),
                (_("Asked for or credited already: %(charges)s."), used_up),
            )
            if references
        )


class OtherTotal(ChangedMeanwhile):
    """What is left of the charges is not what the page showed."""

    sentence = gettext_lazy(
        "What is left of these charges has changed meanwhile. Look at it, and ask again."
    )


@transaction.atomic
def ask(
    *,
    merchant_id: int,
    reasons: Mapping[str, str],
    total: Money,
    message: str,
    request_key: str,
    actor: str,
    now: datetime,
) -> list[BillingCredit]:
    """Ask for all that is left of several charges, together `total` as the page showed it: a credit
    for each of them, each with a trail row. `reasons` has the code of the fee that stands for the
    reason, by each charge's reference, and `message` says what went wrong.

    The same form sent twice, recognised by its `request_key`, asks once. Raises CannotBeDisputed,
    OtherTotal, credits.CreditConflict, Invalid (also for no charges, or more than MOST), and then
    nothing is asked for. It locks the account, whose ended days are worked off first
    (accounts.lock). Rule 16.26.
    """
    if not 0 < len(reasons) <= MOST:
        raise Invalid("charges", f"must be from 1 to {MOST}")
    account = accounts.lock(merchant_id, now=now)
    known = _sent_before(account, reasons, message, request_key)
    if known:
        return known
    charges = _charges(account, reasons)
    left = effects.lefts_to_credit(charges)
    used_up = [one.reference for one in charges if left[one.pk].amount <= 0]
    if used_up:
        raise CannotBeDisputed([], used_up)
    if money.total(left.values(), account.currency) != total:
        raise OtherTotal(f"total: {money.text(total)} was shown, something else is left")
    return [
        credits.ask(
            merchant_id=merchant_id,
            charge=charge.reference,
            fee=reasons[charge.reference],
            amount=left[charge.pk],
            message=message,
            request_key=key,
            actor=actor,
            now=account.now,
        )
        for charge, key in zip(charges, form_keys.parts(request_key, len(charges)), strict=True)
    ]


def _charges(account: BillingAccount, references: Iterable[str]) -> list[Charge]:
    """The account's charges with these references, in the order of the references. Raises
    CannotBeDisputed for others, among them credits.
    """
    found = {one.reference: one for one in asked.charges_to_credit(account, references)}
    unknown = [one for one in references if one not in found]
    if unknown:
        raise CannotBeDisputed(unknown, [])
    return [found[one] for one in references]


def _sent_before(
    account: BillingAccount, reasons: Mapping[str, str], message: str, request_key: str
) -> list[BillingCredit]:
    """The credits that the form with this request key asked for before, as they were made, whatever
    became of them since; empty if it is new. Raises CreditConflict if it asked for other charges,
    with other reasons or another message.
    """
    known = form_keys.parts_sent_before(account.credits.select_related("charge"), request_key)
    if not known:
        return []
    message = wording.checked("message", message)
    before = {(one.charge and one.charge.reference, one.fee_id, one.message) for one in known}
    if before != {(charge, fee, message) for charge, fee in reasons.items()}:
        raise credits.CreditConflict("request_key: this form asked for other charges before")
    return known
