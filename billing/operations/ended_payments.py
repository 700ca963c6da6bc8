"""Ends an attempt whose provider gives an answer that cannot be right.

Such an attempt is never taken for paid, and asking again does not help where the provider insists.
A person who has looked at the provider's own pages says how much money came, and ends it.
"""

from datetime import datetime

from django.db import transaction
from moneyed import Money

from billing.models import Payment
from billing.operations import settling, transfers
from billing.operations.invoice_decisions import hold
from billing.providers.answers import Answer
from billing.trail import Action
from lib import money, wording
from lib.refusals import Invalid, Refused
from trail import operations as trail


class NothingStrange(Refused):
    """The attempt is decided already, or its provider has only not answered yet and will be asked
    again.
    """

    code = "payment_not_to_end"


@transaction.atomic
def end(
    *, payment_id: int, arrived: Money, reference: str, actor: str, reason: str, now: datetime
) -> Payment:
    """End an attempt as failed whose provider gives an answer that cannot be right, with a trail
    row. `arrived` is how much money came for it all the same, 0 if none did.

    That money is the merchant's; it is recorded once, under the provider's own `reference`, like a
    transfer for the bill. The merchant is not notified of the failure, but of money that becomes
    unapplied. The bill is not tried automatically after this, unless another method was chosen
    since. Raises NothingStrange; Invalid without a reason, for a negative amount, or for an amount
    without a reference; Payment.DoesNotExist; and what transfers.record raises. It locks the bill,
    its account and its credit line.
    """
    reason = wording.checked("reason", reason, wording.LONGEST_REASON)
    if arrived.amount < 0:
        raise Invalid("arrived", "must not be negative")
    found = Payment.objects.filter(pk=payment_id).values_list("invoice", flat=True).get()
    account, invoice = hold(found, now=now)
    payment = Payment.objects.select_for_update().get(pk=payment_id)
    if not payment.is_undecided or not payment.problem:
        raise NothingStrange(f"payment: {payment} has nothing strange to it; ask its provider")
    trail.write(
        Action.PAYMENT_ENDED,
        merchant_id=account.pk,
        subject=str(payment),
        before={"status": payment.status},
        after={
            "status": str(Payment.Status.FAILED),
            "arrived": money.full(arrived),
        },
        actor=actor,
        reason=reason,
        now=account.now,
    )
    given_up = Answer(
        Payment.Status.FAILED,
        reference=payment.provider_reference,
        failure=Payment.ENDED_BY_US,
        problem=payment.problem,
    )
    ended = settling.settle(payment.pk, given_up, now=account.now)
    if arrived:
        transfers.record(
            invoice_id=invoice.pk, amount=arrived, reference=reference, actor=actor, now=account.now
        )
    return ended
