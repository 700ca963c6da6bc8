"""Pays bills with money of the merchant that we hold (rule 17.3, rule 19.6)."""

from datetime import datetime

from billing.models import BillingAccount, Fee, Payment
from billing.operations import attempts, charges, rest_taxes, unapplied


def pay_invoices(account: BillingAccount, *, actor: str, now: datetime) -> None:
    """Pay unpaid bills of the locked account with its unapplied money, oldest due day first; on a
    closed account, then also with what is outstanding in the merchant's favour. Does nothing if
    there is neither. The merchant is notified of what unapplied money pays. It locks the unpaid
    bills. `account` must have its figures as the database has them; they are kept so.

    What a closed account has in its merchant's favour has its tax credited before. Rule 17.3, rule
    17.4, rule 19.6, rule 28.17.
    """
    unapplied.pay_invoices(account, actor=actor, now=now)
    if not account.is_closed:
        return
    rest_taxes.settle(account, now=now)
    if account.outstanding.amount < 0:
        _use_credit(account, actor, now)


def _use_credit(account: BillingAccount, actor: str, now: datetime) -> None:
    """Pay unpaid bills, oldest due day first, with what is outstanding in the merchant's favour.
    For each payment, a charge of the same amount reduces that. It locks the unpaid bills. The
    merchant is notified of a freeze that is lifted by it.
    """
    fee = Fee.objects.get(pk=Fee.CREDIT_USED)
    for invoice in attempts.payable(account):
        amount = min(invoice.left_to_pay, -account.outstanding)
        if amount.amount <= 0:
            return
        payment = attempts.pay(
            account, invoice, provider=Payment.Provider.CREDIT, amount=amount, actor=actor, now=now
        )
        charges.record_own(
            account,
            fee=fee,
            reference=f"{Fee.CREDIT_USED}:{payment}",
            amount=amount,
            description=str(invoice),
            now=now,
        )
        account.refresh_from_db()
