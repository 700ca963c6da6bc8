"""Writes notices for a merchant's people, one for each cause (rule 11.1).

The declaration of a kind says what its `cause` is and which `details` it takes: all text, amounts
as plain decimals with their currency beside them. notices.letters makes sentences of them.
"""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

from django.db.models import F

from lib import prepared
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

WRITE_ALL = f"""
{INTO}
SELECT merchant_id, %(kind)s::text, cause, details::jsonb, at
FROM unnest(%(merchants)s::bigint[], %(causes)s::text[], %(details)s::text[],
            %(instants)s::timestamptz[]) AS told(merchant_id, cause, details, at)
{ONCE}
RETURNING id
"""


class Told(NamedTuple):
    """A notice for the people of one merchant, which is not written yet: what has caused it, its
    instant, and the details of its sentences.
    """

    merchant_id: int
    cause: str
    at: datetime
    details: Mapping[str, str]


def write(*, merchant_id: int, kind: Kind, cause: str, at: datetime, **details: str) -> bool:
    """Write a notice of this kind for the merchant's people, within the caller's transaction;
    `details`, all of them text, are what its sentences name. A job creates its e-mails and sends
    them later. Returns True. If the merchant has a notice of this kind and `cause` already, nothing
    is written, whatever its details, and False is returned.

    Raises LookupError for a kind that no book has registered.
    """
    return write_all(kind, [Told(merchant_id, cause, at, details)]) == 1


def write_all(kind: Kind, told: Sequence[Told]) -> int:
    """Write these notices of one kind within the caller's transaction, but for those whose merchant
    has one of this kind and cause already; returns how many were written.

    Raises LookupError for a kind that no book has registered.
    """
    if kinds.get(kind.code) is not kind:
        raise LookupError(f"there is no kind {kind} of notices")
    written = prepared.rows(
        WRITE_ALL,
        {
            "kind": kind.code,
            "merchants": [one.merchant_id for one in told],
            "causes": [one.cause for one in told],
            "details": [json.dumps(one.details) for one in told],
            "instants": [one.at for one in told],
        },
    )
    return len(written)


def keep_unmailed(*, up_to: datetime) -> None:
    """Mark the notices of automatic kinds, of all merchants (inside a cell, of its own) and up to
    this instant, as addressed, so that no e-mails are created for them.

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
