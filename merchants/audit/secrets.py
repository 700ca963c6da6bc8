"""Checks that encrypted content can be decrypted, in the row in which it stands.

Content is bound to its row, so what was copied from another row cannot be decrypted either.
"""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from lib import encrypted
from lib.audit import Reading, Violation
from lib.encrypted import Column
from merchants.models import Merchant

AT_ONCE = 100  # rows in memory: a licence has up to 5 MB


def _check(_now: datetime) -> Iterator[Violation | None]:
    """Yield None for each row whose encrypted content can be decrypted, and a violation for each
    row of whose content something cannot. Rows that keep no content are left out.
    """
    for column in encrypted.columns():
        rows = column.model._default_manager.order_by("pk").iterator(chunk_size=AT_ONCE)
        for row, is_wrong in encrypted.unreadable(column, rows):
            yield _violation(column, row) if is_wrong else None


def _violation(column: Column, row: Any) -> Violation:
    """The violation of a row that no key opens, with the merchant that it belongs to, if any."""
    merchant = Merchant.objects.filter(pk=column.merchant_id(row) or 0).first()
    return Violation(
        merchant=merchant.reference if merchant else "",
        subject=f"{column.called}: row {row.pk}",
        expected="opened by a key, at this row",
        found="opened by none here",
    )


SECRETS = (
    Reading(
        7,
        "what is kept encrypted opens with a key, and at its own row",
        "destination numbers, licences, second factors, sessions",
        _check,
    ),
)
