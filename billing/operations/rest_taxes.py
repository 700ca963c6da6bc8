"""Credits the tax of what a closed account has in its merchant's favour (rule 28.17).

What is outstanding has no tax. An open account's credits get theirs with the bill that takes them;
on a closed account none may come, and the merchant has paid the tax of what is credited.
"""

from datetime import datetime

from billing.models import BillingAccount, Fee, Invoice, InvoiceItem
from billing.operations import charges, invoice_taxes
from lib import money


def settle(account: BillingAccount, *, now: datetime) -> None:
    """Credit the tax of what the locked closed account has outstanding, by a charge of its own
    below 0 with its tax rows, if that tax is below 0 and what is outstanding comes to 0 or less
    together with it. The items that it is of have no tax from then on, and `account` is loaded
    again. Does nothing otherwise: a bill takes them, with their tax.
    """
    found = invoice_taxes.compute(
        {
            "accounts": [account.pk],
            "kinds": [str(Invoice.Kind.FINAL)],
            "dates": [account.open_on],
            "instants": [now],
        },
        taxed_alone=True,
    )
    taxes = found.get(account.pk)
    if taxes is None or taxes.tax >= 0:
        return
    account.refresh_from_db(fields=["outstanding"])
    credited = money.of(taxes.tax, account.currency)
    if (account.outstanding + credited).amount > 0:
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


def forgo(account: BillingAccount, waiver_id: int) -> None:
    """Have nothing that the account has outstanding taxed any more, as its rest was waived by the
    charge with the primary key `waiver_id`.
    """
    outstanding = InvoiceItem.objects.filter(account=account).outstanding()
    outstanding.filter(rest_tax=None).update(rest_tax=waiver_id, is_collecting=False)
