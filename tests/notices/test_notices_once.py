"""A merchant is told once per cause, together with what caused it."""

import pytest
from django.db import connection, transaction

from billing.notices.invoices import STATEMENT_CLOSED
from notices.operations import notices
from tests import shops
from tests.shops import Shop

pytestmark = pytest.mark.django_db

NOW = "2026-11-02 10:00"


MANY = f"""
{notices.INTO}
SELECT told.merchant_id, 'STATEMENT_CLOSED', told.month, jsonb_build_object('month', told.month),
       '2026-12-01 00:00+00'
FROM unnest(%(merchants)s::bigint[], %(months)s::text[]) AS told(merchant_id, month)
{notices.ONCE}
"""


def told(shop: Shop) -> list[tuple[str, str]]:
    """Kind and cause of all notices to the shop."""
    return list(shop.merchant.notices.order_by("pk").values_list("kind", "cause"))


def write(shop: Shop, cause: str = "2026-11") -> bool:
    """Write the notice that a statement closed. Returns whether it is new."""
    return notices.write(
        merchant_id=shop.merchant.pk,
        kind=STATEMENT_CLOSED,
        cause=cause,
        at=shop.at(NOW),
        month="2026-11",
    )


def test_a_cause_is_told_once_per_merchant() -> None:
    shop, other = shops.join("2026-11-01 10:00"), shops.join("2026-11-01 10:00", "other")
    news = [write(shop), write(shop), write(other), write(shop, "2026-12")]
    assert news == [True, False, True, True]
    assert told(shop) == [("STATEMENT_CLOSED", "2026-11"), ("STATEMENT_CLOSED", "2026-12")]


def test_a_notice_goes_with_the_transaction_that_it_tells_of() -> None:
    shop = shops.join("2026-11-01 10:00")
    with transaction.atomic():
        assert write(shop)
        transaction.set_rollback(True)
    assert told(shop) == []
    assert write(shop)


def test_many_merchants_are_told_in_one_statement_and_once() -> None:
    first, second = shops.join("2026-11-01 10:00"), shops.join("2026-11-01 10:00", "second")
    ids = [first.merchant.pk, second.merchant.pk, first.merchant.pk]
    with connection.cursor() as cursor:
        cursor.execute(MANY, {"merchants": ids, "months": ["2026-11"] * 3})
        assert cursor.rowcount == 2
        cursor.execute(MANY, {"merchants": ids, "months": ["2026-11"] * 3})
        assert cursor.rowcount == 0
    assert told(first) == told(second) == [("STATEMENT_CLOSED", "2026-11")]
