"""Writes notices for a merchant's people, one for each cause (rule 11.1).

The declaration of a kind says what its `cause` is and which `details` it takes: all text, amounts
as plain decimals with their currency beside them. notices.letters makes sentences of them.
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
# Two rows of one cause in the same statement make one notice, too.
INTO = "INSERT INTO notices_notice (merchant_id, kind, cause, details, at)"
ONCE = "ON CONFLICT (merchant_id, kind, cause) DO NOTHING"

WRITE = f"{INTO} VALUES (%s, %s, %s, %s, %s) {ONCE}"


def write(*, merchant_id: int, kind: Kind, cause: str, at: datetime, **details: str) -> bool:
    """Write a notice of this kind for the merchant's people, within the caller's transaction;
    `details` are what its sentences name. Returns True. If the merchant has a notice of this kind
    and `cause` already, nothing is written, and False is returned.

    Raises LookupError for a kind that no book has registered.
    """
    if kinds.get(kind.code) is not kind:
        raise LookupError(f"there is no kind {kind} of notices")
    with connection.cursor() as cursor:
        cursor.execute(WRITE, [merchant_id, kind.code, cause, json.dumps(details), at])
        return bool(cursor.rowcount == 1)


def keep_unmailed(*, up_to: datetime) -> None:
    """Mark the notices of automatic kinds, of all merchants and up to this instant, as addressed,
    so that no e-mails are created for them.

    Notices of what people did are still mailed.
    """
    automatic = [kind.code for kind in kinds.registered() if kind.is_automatic]
    told_by_books = Notice.objects.filter(kind__in=automatic, at__lte=up_to)
    told_by_books.filter(addressed_at__isnull=True).update(addressed_at=F("at"))


def mark_seen(*, membership_id: int, notice_id: int) -> None:
    """Record that the member has seen the notices up to this one. If a later one is recorded,
    nothing is changed.
    """
    seen_less = Membership.objects.filter(pk=membership_id, seen_notice__lt=notice_id)
    seen_less.update(seen_notice=notice_id)
