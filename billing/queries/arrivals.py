"""Reads on which days the money for bills arrived. Nothing here writes."""

from collections.abc import Sequence
from datetime import date, timedelta

from django.db.models import Max, Q, QuerySet

from billing.models import BankTransfer, Invoice, Payment, UnappliedEntry
from merchants.queries import local_day

PROMPT = timedelta(hours=1)  # how long after a day-end its bills' first attempts are a part of it
ONE_TICK = timedelta(microseconds=1)  # of the database's clock


def collected_on(invoice: Invoice, attempts: Sequence[Payment]) -> date | None:
    """The local day on which the bill was collected, which is the last of those on which its
    payments count; None while it is not paid. `attempts` are all of the bill's, in any order. Rule
    15.19.

    A transfer counts on the day on which its money arrived, also where it came as unapplied money
    that paid the bill at once. The payments of the day-end that made the bill, and the first
    attempt after it, count on the bill's date (_counts_on_its_date). Everything else counts on the
    day of the payment.
    """
    if invoice.status != Invoice.Status.PAID:
        return None
    on_its_date = _counts_on_its_date(invoice, attempts)
    paid = [one for one in attempts if one.status == Payment.Status.SUCCEEDED]
    days = {
        one.pk: invoice.issued_on
        if one in on_its_date
        else local_day(invoice.account, one.ended_at or one.started_at)
        for one in paid
    }
    return max((days | _of_transfers(invoice, paid)).values(), default=None)


def _counts_on_its_date(invoice: Invoice, attempts: Sequence[Payment]) -> list[Payment]:
    """Those of a bill's attempts that are a part of the day-end which made it: what this paid out
    of unapplied money, and the first attempt at a provider, if that started within an hour, as jobs
    run a little later. Empty for a bill that no day-end made.
    """
    if not _is_of_day_end(invoice):
        return []
    asked = [one for one in attempts if one.provider not in Payment.OWN_PROVIDERS]
    first = sorted(asked, key=lambda one: one.attempt)[:1]
    of_day_end = [
        one for one in attempts if one not in asked and one.started_at == invoice.issued_at
    ]
    return of_day_end + [one for one in first if one.started_at - invoice.issued_at <= PROMPT]


def _is_of_day_end(invoice: Invoice) -> bool:
    """Whether a day-end issued the bill. What operations issue bears the day of its instant: the
    bill of a merchant that joins or is opened again, and a draft that is issued.
    """
    account = invoice.account
    if invoice.drafted_at is not None:
        return False
    if invoice.kind not in Invoice.SCHEDULED:
        return local_day(account, invoice.issued_at) > invoice.issued_on
    just_before = local_day(account, invoice.issued_at - ONE_TICK)
    return just_before < invoice.issued_on and account.joined_on < invoice.issued_on


def _of_transfers(invoice: Invoice, paid: Sequence[Payment]) -> dict[int, date]:
    """The days on which the money of transfers arrived, by the primary keys of those of these
    payments of the bill that it made.
    """
    theirs = [one.pk for one in paid if one.provider == Payment.Provider.MANUAL]
    found: dict[int, date] = {}
    if theirs:
        transfers = BankTransfer.objects.filter(payment__in=theirs)
        found |= dict(transfers.values_list("payment", "arrived_on"))
    for one in paid:
        if one.provider == Payment.Provider.UNAPPLIED:
            # What came at the same instant, but after the payment, is not what paid.
            used = UnappliedEntry.objects.filter(kind=UnappliedEntry.Kind.USED, payment=one)
            came = BankTransfer.objects.filter(
                account=invoice.account_id,
                recorded_at=one.started_at,
                entry_id__lt=used.values("pk")[:1],
            ).aggregate(on=Max("arrived_on"))["on"]
            if came:
                found[one.pk] = came
    return found


def was_in_time(invoice: Invoice, attempts: Sequence[Payment]) -> bool:
    """Whether the bill failed although all its money had arrived by its due day: it was recorded as
    failed, since we heard of that money later, and is paid now. False for a bill that is not paid,
    and for one that never failed. `attempts` are its payments.
    """
    by = collected_on(invoice, attempts)
    return invoice.first_failed_on is not None and by is not None and by <= invoice.due_on


def invoices_of(transfer: BankTransfer) -> QuerySet[Invoice]:
    """The bills that the transfer's money paid as it was recorded, in whole or in part, in no
    order: the one for which it came, and those paid by what of it was unapplied. Bills that its
    rest paid later are not among them.
    """
    paid = Payment.objects.filter(
        invoice__account=transfer.account_id,
        provider=Payment.Provider.UNAPPLIED,
        started_at=transfer.recorded_at,
        unapplied_entries__kind=UnappliedEntry.Kind.USED,
        unapplied_entries__gt=transfer.entry_id or 0,
    )
    its_own = Q(payments=transfer.payment_id) if transfer.payment_id else Q(pk__in=[])
    through = Q(payments__in=paid) if transfer.entry_id else Q(pk__in=[])
    found = Invoice.objects.filter(its_own | through).select_related("account").distinct()
    return found.prefetch_related("payments")
