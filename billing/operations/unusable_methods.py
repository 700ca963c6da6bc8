"""Moves an account to bank transfer when its payment method can't collect in its currency any
more.
"""

from datetime import datetime

from billing.models import AccountChange, BillingAccount
from billing.operations import dunning
from billing.providers.minimums import takes
from billing.trail import Action
from trail import operations as trail

ACTOR = "day-end"
REASON = "This method collects no bills in the account's currency."


def is_unusable(method: str, currency: str) -> bool:
    """Whether the payment method collects no bills in the currency."""
    return not takes(method, currency)


def leave(account: BillingAccount, *, now: datetime) -> None:
    """Have the locked account pay by bank transfer from now on, without a card; its unpaid bills
    are not collected any more, and may get a later due day.

    The change is recorded like a choice of method, and on the trail; the merchant is not notified.
    It locks the unpaid bills. Rule 15.12.
    """
    before, after = str(account.payment_method), str(BillingAccount.Method.MANUAL)
    account.payment_method = BillingAccount.Method.MANUAL
    account.card = None
    account.card_disputed_at = None
    account.save(update_fields=["payment_method", "card", "card_disputed_at"])
    AccountChange.objects.create(
        account=account,
        what=AccountChange.What.PAYMENT_METHOD,
        before=before,
        after=after,
        effective_on=account.open_on,
        actor=ACTOR,
        reason=REASON,
        at=now,
    )
    trail.write(
        Action.METHOD_CHANGED,
        merchant_id=account.pk,
        subject="billing account",
        before={"payment_method": before},
        after={"payment_method": after},
        actor=ACTOR,
        reason=REASON,
        now=now,
    )
    dunning.plan_attempts(account, now=now)
