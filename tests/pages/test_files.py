"""The merchant's CSV files have the columns that docs/files.md defines, in every language."""

import csv
import io
import re
from pathlib import Path

import pytest
from django.conf import settings
from django.test import Client

from merchants.models import User
from tests import routes
from tests.factories import browser_of, member

pytestmark = pytest.mark.django_db

FILES = {
    "bills": "billing/invoices.csv",
    "bill": "billing/invoices/2026-000001.csv",
    "statements": "billing/statements.csv",
    "statement": "billing/statements/2026-11.csv",
    "orders": "credit/orders.csv",
    "limit": "credit/limit/entries.csv",
    "proceeds": "credit/proceeds/entries.csv",
    "withdrawals": "credit/withdrawals.csv",
}


def defined() -> dict[str, list[str]]:
    """The columns of each file, as the document has them."""
    document = Path(settings.BASE_DIR, "docs/files.md").read_text()
    sections = re.split(r"^## ", document, flags=re.MULTILINE)[1:]
    return {
        section.splitlines()[0]: re.findall(r"^\| (.+?) \| ", section, flags=re.MULTILINE)[1:]
        for section in sections
    }


def rows(client: Client, path: str, **asked: str) -> list[list[str]]:
    response = client.get(f"/m/rosewood/{path}", asked)
    content = b"".join(response.streaming_content)  # type: ignore[attr-defined]
    assert content.startswith(b"\xef\xbb\xbf"), path
    return list(csv.reader(io.StringIO(content.decode("utf-8-sig"))))


def test_each_column_is_defined_once_and_there_in_every_language() -> None:
    shop = routes.full_shop()
    owner = member(shop)
    client = browser_of(owner)
    columns = defined()
    assert columns.keys() == FILES.keys()
    for language in ("th", "zh-hans"):
        User.objects.filter(pk=owner.pk).update(language=language)
        for name, path in FILES.items():
            heading, *found = rows(client, path)
            assert len(set(heading)) == len(columns[name]), (name, language)
            assert not any(re.search("[A-Z][a-z]{3}", one) for one in heading), heading
            assert found, name
            english, *same = rows(client, path, english="1")
            assert english == columns[name]
            assert len(same) == len(found)
