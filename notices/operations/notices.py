"""Telling a merchant's people something, once per cause (rule 11.1).

What each kind is about (`cause`) and says (`details`, all text; amounts as plain decimals, their
currency beside them). notices.letters makes the sentences.

LIMIT_80, LIMIT_100  local day, or what  used, limit, currency
                     cut the limit
ORDER_DECLINED       order               order, amount, currency, code
ORDER_OVERDUE        order and due date  order, due (all by that date), currency, due_on
FREEZE_PLACED        id of the freeze    reason (its code)
FREEZE_LIFTED        id of the freeze    reason (its code)
REVIEW               its day (, status)  grade, status, limit_before, limit_proposed, currency;
                                         when decided: reason
WITHDRAWAL_DONE      its reference       reference, amount, currency, last_four
WITHDRAWAL_FAILED    its reference       reference, amount, currency, last_four, reason
DESTINATION_ADDED    its id              last_four, by
AUTOMATIC_SET_UP     its id              last_four, by
REQUEST_ANSWERED     id of the request   request, status, answer, limit, currency
STATEMENT_CLOSED     month (2026-11)     month
BILL_ISSUED          number              number, total, currency, bill_kind
PAYMENT_FAILED       number of the bill  number, amount, currency, failure (its code)
PAYMENT_REVERSED     its provider's id,  number (of the bill), amount, currency, status (what became
                     what became of it   of it), answer
THRESHOLD_ANSWERED   id of the request   status, answer, threshold, currency
CREDIT_ANSWERED      id of the credit    status, answer, amount, currency
UNAPPLIED            id of the entry     status (its kind), amount, balance, currency; number (of
                                         the bill it paid), reference (the bank's)
"""

import json
from datetime import datetime

from django.db import connection
from django.db.models import F

from merchants.models import Membership
from notices.models import Notice

# For operations that tell many merchants at once, in the statement that changes their books:
#
#     f"""... , told AS ({notices.INTO}
#         SELECT line_id, 'FREEZE_PLACED', id::text, jsonb_build_object('reason', reason), at
#         FROM placed {notices.ONCE})"""
#
# Two rows of one cause in the same statement are one notice too.
INTO = "INSERT INTO notices_notice (merchant_id, kind, cause, details, at)"
ONCE = "ON CONFLICT (merchant_id, kind, cause) DO NOTHING"

# Kinds that follow from the platform's events and from days that end, and from no person's deed.
Kind = Notice.Kind
BOOKS_TELL = (
    *(Kind.LIMIT_80, Kind.LIMIT_100, Kind.ORDER_DECLINED, Kind.ORDER_OVERDUE, Kind.REVIEW),
    *(Kind.FREEZE_PLACED, Kind.FREEZE_LIFTED, Kind.STATEMENT_CLOSED, Kind.BILL_ISSUED),
)

WRITE = f"{INTO} VALUES (%s, %s, %s, %s, %s) {ONCE}"


def write(*, merchant_id: int, kind: Notice.Kind, cause: str, at: datetime, **details: str) -> bool:
    """Tell the merchant's people, as part of the caller's transaction; whether that was news."""
    with connection.cursor() as cursor:
        cursor.execute(WRITE, [merchant_id, str(kind), cause, json.dumps(details), at])
        return bool(cursor.rowcount == 1)


def keep_unmailed(*, up_to: datetime) -> None:
    """Take what the books themselves told up to this instant for mailed: nobody gets an e-mail.

    What people did is still told by mail.
    """
    told_by_books = Notice.objects.filter(kind__in=BOOKS_TELL, at__lte=up_to)
    told_by_books.filter(addressed_at__isnull=True).update(addressed_at=F("at"))


def mark_seen(*, membership_id: int, notice_id: int) -> None:
    """This person has seen the notices up to this one; a page that was opened earlier unsees none.

    That is all it changes: nobody is told, and nothing is written twice.
    """
    seen_less = Membership.objects.filter(pk=membership_id, seen_notice__lt=notice_id)
    seen_less.update(seen_notice=notice_id)
