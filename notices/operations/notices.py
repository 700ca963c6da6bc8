"""Telling a merchant's people something, once per cause (rule 11.1).

Each kind says where it is declared what it is told of (`cause`) and with which `details`: all text,
amounts as plain decimals, their currency beside them. notices.letters makes the sentences.
"""

import json
from datetime import datetime

from django.db import connection
from django.db.models import F

from merchants.models import Membership
from notices import kinds
from notices.kinds import Kind
from notices.models import Notice

# For operations that tell many merchants at once, in the statement that changes their books:
#
#     f"""... , told AS ({notices.INTO}
#         SELECT line_id, '{FREEZE_PLACED}', id::text, jsonb_build_object('reason', reason), at
#         FROM placed {notices.ONCE})"""
#
# Two rows of one cause in the same statement are one notice too.
INTO = "INSERT INTO notices_notice (merchant_id, kind, cause, details, at)"
ONCE = "ON CONFLICT (merchant_id, kind, cause) DO NOTHING"

WRITE = f"{INTO} VALUES (%s, %s, %s, %s, %s) {ONCE}"


def write(*, merchant_id: int, kind: Kind, cause: str, at: datetime, **details: str) -> bool:
    """Tell the merchant's people, as part of the caller's transaction; whether that was news.

    Raises LookupError for a kind that no book has registered.
    """
    if kinds.get(kind.code) is not kind:
        raise LookupError(f"there is no kind {kind} of notices")
    with connection.cursor() as cursor:
        cursor.execute(WRITE, [merchant_id, kind.code, cause, json.dumps(details), at])
        return bool(cursor.rowcount == 1)


def keep_unmailed(*, up_to: datetime) -> None:
    """Take what the books themselves told up to this instant for mailed: nobody gets an e-mail.

    What people did is still told by mail.
    """
    automatic = [kind.code for kind in kinds.registered() if kind.is_automatic]
    told_by_books = Notice.objects.filter(kind__in=automatic, at__lte=up_to)
    told_by_books.filter(addressed_at__isnull=True).update(addressed_at=F("at"))


def mark_seen(*, membership_id: int, notice_id: int) -> None:
    """This person has seen the notices up to this one; a page that was opened earlier unsees none.

    That is all it changes: nobody is told, and nothing is written twice.
    """
    seen_less = Membership.objects.filter(pk=membership_id, seen_notice__lt=notice_id)
    seen_less.update(seen_notice=notice_id)
