"""Lists reach prepared statements as they reach Django's cursors."""

from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection

from credit.models import Order
from lib import arrays, prepared

TEXTS = ["", "NULL", "null", 'a "b" c', "a\\b", "{a,b}", " x ", "ราคา", "a\nb", "'; --", None]
LISTS: tuple[tuple[str, list[Any]], ...] = (
    ("bigint", [1, 0, -7, 2**62, None]),
    ("numeric", [Decimal("1.50"), Decimal("-0"), Decimal("1E+3"), Decimal("1E-9"), None]),
    ("text", TEXTS),
    ("date", [date(2026, 11, 2), date(1, 1, 1), None]),
    ("timestamptz", [datetime(2026, 11, 2, 9, 30, 1, 5, tzinfo=UTC), None]),
    ("timestamptz", [datetime(2026, 11, 2, tzinfo=timezone(timedelta(hours=5, minutes=45)))]),
    ("boolean", [True, False, None]),
    ("text", []),
    ("text", [None, None]),
    ("text", [Order.Status.OPEN]),
)


@pytest.mark.django_db
def test_each_list_is_read_back_as_it_was() -> None:
    for kind, elements in LISTS:
        statement = f"SELECT %(them)s::{kind}[]"
        (found,) = prepared.rows(statement, {"them": elements})
        with connection.cursor() as cursor:
            cursor.execute(statement, {"them": elements})
            assert found == cursor.fetchone() == (elements,), kind
    (statement,) = ["SELECT count(*) FROM credit_order WHERE id = ANY(%(them)s)"]
    assert prepared.rows(statement, {"them": [1, 2**40]}) == [(0,)]
    with pytest.raises(Exception, match="NUL"):
        prepared.rows("SELECT %(them)s::text[]", {"them": ["a\0b"]})


def test_what_is_of_several_types_or_of_another_one_is_left_to_psycopg() -> None:
    assert arrays.literal([1, Decimal(2)]) is None
    assert arrays.literal([1.5]) is None
    assert arrays.literal([Order.Status.OPEN]) is None
    assert arrays.literal([[1], [2]]) is None
    assert arrays.literal([3, None]) == "{3,NULL}"
