"""Credits the tax of what a closed account has in its merchant's favour (rule 28.17).

What is outstanding has no tax. An open account's credits get theirs with the bill that takes them;
on a closed account none may come, and the merchant has paid the tax of what is credited.
"""

from datetime import datetime
from decimal import Decimal

from moneyed import Money

from billing.models import BillingAccount, Fee, Invoice, InvoiceItem
from billing.operations import charges, invoice_taxes
from billing.providers.minimums import is_too_little
from billing.queries import taxation
from lib import money


def settle(account: BillingAccount, *, now: datetime) -> None:
    """Credit the tax of what the locked closed account has outstanding, if that tax is below 0, by
    a negative charge with its tax rows, where no bill is going to take it: what is outstanding
    comes to 0 or less together with it; or it is enough for the account's provider without the tax
    and too little with it, so that it is waived. The items that the tax is of have none from then
    on, and `account` is loaded again.

    Does nothing otherwise: a bill takes the items, with their tax.
    """
    taxes = _computed(account, now, taxed_alone=True)
    if taxes is None or taxes.tax >= 0:
        return
    account.refresh_from_db(fields=["outstanding"])
    credited = money.of(taxes.tax, account.currency)
    left = account.outstanding + credited
    is_waived = is_too_little(account, left) and not is_too_little(account, account.outstanding)
    if left.amount > 0 and not is_waived:
        return  # a bill takes them, with their tax
    number = account.charges.filter(fee=Fee.REST_TAX).count() + 1
    charge = charges.record_own(
        account,
        fee=Fee.objects.get(pk=Fee.REST_TAX),
        reference=f"{Fee.REST_TAX}:{number}",
        amount=credited,
        description="",
        now=now,
    )
    settled = InvoiceItem.objects.filter(pk__in={part.item for part in taxes.parts})
    settled.update(rest_tax=charge, is_collecting=False)
    invoice_taxes.write_rest(taxes, charge)
    account.refresh_from_db()


def tax_of_all(account: BillingAccount, *, at_closing: bool = False, now: datetime) -> Money:
    """The tax of a FINAL bill of all that the account has outstanding, and with `at_closing` of all
    that is not posted yet; it is below 0 where more was credited. Nothing is written.
    """
    taxes = _computed(account, now, at_closing=at_closing)
    return money.of(taxes.tax if taxes else Decimal(0), account.currency)


def _computed(
    account: BillingAccount,
    now: datetime,
    *,
    taxed_alone: bool = False,
    at_closing: bool = False,
) -> invoice_taxes.Taxes | None:
    """The taxes of a FINAL bill of all that the account has outstanding, with `taxed_alone` of its
    items with a rate, and with `at_closing` also of those that are not posted yet; None if none of
    them has one.
    """
    due = {
        "accounts": [account.pk],
        "kinds": [str(Invoice.Kind.FINAL)],
        "dates": [account.open_on],
        "instants": [now],
    }
    found = invoice_taxes.compute(due, taxed_alone=taxed_alone, at_closing=at_closing)
    return found.get(account.pk)


def forgo(account: BillingAccount, waiver_id: int) -> None:
    """Have nothing that the account has outstanding taxed any more, as its rest was waived by the
    charge with the primary key `waiver_id`. Does nothing to an account whose bills have no tax.
    """
    # That of the installation's own issuer gives back tax of bills that it had from another one.
    if not account.issuer_id and not taxation.payers([account.pk]):
        return
    outstanding = InvoiceItem.objects.filter(account=account).outstanding()
    outstanding.filter(rest_tax=None).update(rest_tax=waiver_id, is_collecting=False)
