"""Reads the pauses in the collecting of a bill. Nothing here writes."""

from datetime import date, datetime

from billing.models import CollectionPause, Invoice


def in_force(invoice: Invoice, on: date) -> CollectionPause | None:
    """The bill's pause that has not ended and lasts beyond local day `on`; None if its collecting
    is not paused. It is asked about the account's open day or a later one: whether the pause had
    begun is not looked at.
    """
    found: CollectionPause | None = invoice.pauses.filter(
        ended_at__isnull=True, until_on__gt=on
    ).first()
    return found


def not_before_its_end(invoice: Invoice, at: datetime, *, on: date) -> datetime:
    """The instant `at`, or the end of a pause in collecting the bill if that is later. The
    pause is the one that is in force on local day `on`, such as the account's open day;
    without one it is `at`.
    """
    pause = in_force(invoice, on)
    return at if pause is None else max(at, pause.until_at)
