"""Text that a spreadsheet would take for a formula has an apostrophe before it, in every file."""

import pytest
from django.db import connection

from lib import csv_files

pytestmark = pytest.mark.django_db

FORMULAS = (
    *("=1+1", "+1", "-1", "@x", "＝1", "\t=1", "\n=1", "\r=1", "\thello"),
    *(" =1", "\u00a0=1", "\ufeff=1", "\u200b=1", "\u3000-1", "\u2060@x", "\u202e=1", " \u00a0 =1"),
    *("\u00ad=1", "\u3164=1", "\u2800=1", "\u180e=1", "\x0b=1", "\x0c=1", "\x01=1", "\x7f=1"),
    "\x85=1",
)  # fmt: skip
PLAIN = ("", " ", "A-1", "1=1", " 5", "\u00a0 x", "'=1", "x =1", "\ufeff", "三 =1")


@pytest.mark.parametrize("text", FORMULAS)
def test_what_starts_like_one_is_made_text(text: str) -> None:
    assert csv_files.safe_text(text) == f"'{text}"
    assert in_sql(text) == f"'{text}"


@pytest.mark.parametrize("text", PLAIN)
def test_what_does_not_stays_as_it_is(text: str) -> None:
    assert csv_files.safe_text(text) == text
    assert in_sql(text) == (text or None)


def in_sql(text: str) -> str | None:
    """What `csv_files.safe` makes of the text in the database."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT {csv_files.safe('given')} FROM (SELECT %s::text AS given) row", [text]
        )
        found: str | None = cursor.fetchone()[0]
    return found
