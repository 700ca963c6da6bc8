"""Reads what is to be cleared with tax offices, and what came back. Nothing here writes."""

from collections.abc import Collection, Sequence
from datetime import datetime

from django.db.models import Exists, OuterRef, Q, QuerySet

from billing.models import Clearance, ClearingProvider, CreditNote, Invoice, Issuer


def issuers(now: datetime) -> Sequence[int]:
    """The primary keys, rising, of the issuers whose documents are cleared; `now` is not used."""
    return list(Issuer.objects.exclude(clearing="").order_by("pk").values_list("pk", flat=True))


def new_invoices(issuer: Issuer) -> QuerySet[Invoice]:
    """The issuer's bills that are to be cleared and not taken up yet, in the order of their issue:
    those that were issued since its documents are cleared (`clearing_from`), void ones included.
    The issuer's documents have to be cleared: without `clearing_from` Django raises ValueError.
    """
    known = Clearance.objects.filter(invoice=OuterRef("pk"))
    found = Invoice.objects.filter(
        issuer__issuer=issuer, number__isnull=False, issued_at__gte=issuer.clearing_from
    )
    return found.exclude(Exists(known)).order_by("issued_at", "pk")


def new_notes(issuer: Issuer) -> QuerySet[CreditNote]:
    """The issuer's credit notes that are not taken up yet, if their bills are taken up, in the
    order of their issue.
    """
    known = Clearance.objects.filter(note=OuterRef("pk"))
    found = CreditNote.objects.filter(
        invoice__issuer__issuer=issuer, invoice__clearance__isnull=False
    )
    return found.exclude(Exists(known)).order_by("issued_at", "pk")


def to_ask(now: datetime) -> Sequence[int]:
    """The primary keys, rising, of the clearances that a provider is to be sent or asked about by
    `now`; those entered by hand are left out, and a credit note waits until its bill is cleared.
    """
    return list(_to_ask(now).order_by("pk").values_list("pk", flat=True))


def asked_after(keys: Collection[int], now: datetime) -> Sequence[int]:
    """Those of the clearances with these keys, rising, that a provider is to be asked about again,
    but only after `now`; those entered by hand are left out.
    """
    found = Clearance.objects.filter(pk__in=keys, status=Clearance.Status.OPEN, next_at__gt=now)
    return list(
        found.exclude(provider=ClearingProvider.MANUAL).order_by("pk").values_list("pk", flat=True)
    )


def to_be_asked(clearance_id: int, now: datetime) -> str | None:
    """The code of the provider that is to be sent or asked about the clearance with this key by
    `now`; None if the clearance is none of `to_ask`.
    """
    return _to_ask(now).filter(pk=clearance_id).values_list("provider", flat=True).first()


def _to_ask(now: datetime) -> QuerySet[Clearance]:
    """The clearances that a provider is to be sent or asked about by `now`, in no order: open ones
    that are due, but those entered by hand, and those of credit notes whose bill is not cleared.
    """
    due = Q(next_at__isnull=True) | Q(next_at__lte=now)
    waits = Q(note__isnull=False) & ~Q(note__invoice__clearance__status=Clearance.Status.CLEARED)
    found = Clearance.objects.filter(due, status=Clearance.Status.OPEN).exclude(waits)
    return found.exclude(provider=ClearingProvider.MANUAL)


def of_invoice(invoice: Invoice) -> Clearance | None:
    """The bill's clearance at the tax office, without its content and file; None if it is not taken
    up.
    """
    if invoice.issuer_id is None:
        return None
    return Clearance.objects.filter(invoice=invoice).defer("content", "file").first()


def of_note_on(invoice: Invoice) -> Clearance | None:
    """The clearance at the tax office of the credit note on this void bill, with the note, but
    without its content and file; None if it is not taken up, or there is no note.
    """
    found = Clearance.objects.filter(note__invoice=invoice)
    return found.defer("content", "file").select_related("note").first()


def of_note(note: CreditNote) -> Clearance | None:
    """The credit note's clearance at the tax office, without its content and file; None if it is
    not taken up.
    """
    return Clearance.objects.filter(note=note).defer("content", "file").first()
