"""The merchant's CSV files have the columns that docs/files.md defines, in every language, and as
spreadsheets the same rows.
"""

import csv
import io
import re
from datetime import date
from pathlib import Path

import pytest
from django.conf import settings
from django.test import Client

from merchants.models import User
from tests import routes
from tests.factories import browser_of, member
from tests.spreadsheets import cells_of
from tests.whole import full

pytestmark = pytest.mark.django_db

FILES = {
    "bills": "billing/invoices.csv",
    "bill": "billing/invoices/2026-000001.csv",
    "statements": "billing/statements.csv",
    "statement": "billing/statements/2026-11.csv",
    "charges": "billing/accountant/charges.csv?start=2026-11-01&end=2026-11-30",
    "all charges": "billing/charges/all.csv",
    "fulfilment costs": "billing/requests.csv",
    "fees by day": "billing/days.csv",
    "credits": "billing/credits.csv",
    "orders": "credit/orders.csv",
    "payments to come": "credit/coming.csv?what=UNDELIVERED",
    "buyers": "credit/buyers.csv",
    "sales by month": "credit/sales/months.csv",
    "refunds": "credit/after-sales/refunds.csv?days=365",
    "limit": "credit/limit/entries.csv",
    "proceeds": "credit/proceeds/entries.csv",
    "withdrawals": "credit/withdrawals.csv",
    "notices": "notices.csv",
    "sales of a withdrawal": "credit/withdrawals/{withdrawal}/sales.csv",
}
NUMBER = re.compile(r"-?\d+(\.\d+)?")
DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
DAY_0 = date(1899, 12, 30)  # of spreadsheets


def defined() -> dict[str, list[str]]:
    """The columns of each file, as the document has them, where nothing is taxed."""
    document = Path(settings.BASE_DIR, "docs/files.md").read_text()
    sections = re.split(r"^## ", document, flags=re.MULTILINE)[1:]
    return {
        section.splitlines()[0]: re.findall(
            r"^\| (.+?) \| (?!only where .* has tax:)", section, flags=re.MULTILINE
        )[1:]
        for section in sections
    }


def taken(client: Client, path: str, asked: str = "") -> bytes:
    """The content of the file at this path."""
    address = f"/m/rosewood/{path}{'&' if '?' in path else '?'}{asked}"
    return b"".join(client.get(address).streaming_content)  # type: ignore[attr-defined]


def rows(client: Client, path: str, asked: str = "") -> list[list[str]]:
    """The rows of the CSV file at this path."""
    content = taken(client, path, asked)
    assert content.startswith(b"\xef\xbb\xbf"), path
    return list(csv.reader(io.StringIO(content.decode("utf-8-sig"))))


def in_a_sheet(row: list[str], headings: list[str]) -> list[str]:
    """The cells of a row, as `cells_of` reads them: what looks like a number or a day is one."""
    cells = [
        f"n:{text}" if NUMBER.fullmatch(text)
        else f"n:{(date.fromisoformat(text) - DAY_0).days}" if DAY.fullmatch(text)
        else re.sub(r"\s+", " ", text)
        for heading, text in zip(headings, row, strict=True)
    ]  # fmt: skip
    while cells and not cells[-1]:
        cells.pop()
    return cells


@pytest.mark.parametrize("language", ["zh-hans", *full("th")])
def test_each_column_is_defined_once_and_there_in_every_language(language: str) -> None:
    shop = routes.full_shop()
    owner = member(shop)
    client = browser_of(owner)
    columns = defined()
    assert columns.keys() == FILES.keys()
    withdrawal = shop.line.withdrawals.get().reference
    files = {name: path.replace("{withdrawal}", withdrawal) for name, path in FILES.items()}
    User.objects.filter(pk=owner.pk).update(language=language)
    for name, path in files.items():
        heading, *found = rows(client, path)
        assert len(set(heading)) == len(columns[name]), (name, language)
        assert not any(re.search("[A-Z][a-z]{3}", one) for one in heading), heading
        assert found, name
        english, *same = rows(client, path, "english=1")
        assert english == columns[name]
        assert len(same) == len(found)
        if language == "zh-hans":
            headings, *sheet = cells_of(taken(client, path, "format=xlsx"))
            assert headings == heading
            assert sheet == [in_a_sheet(row, columns[name]) for row in found], name
