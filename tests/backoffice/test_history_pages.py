"""The history of a row counts its entries."""

import pytest
from django.urls import reverse

from tests import shops
from tests.backoffice.shops_with_work import operator
from tests.credit.pages import set_clock
from tests.factories import browser_of
from tests.text import text_of

pytestmark = pytest.mark.django_db


def test_it_says_how_many_entries_there_are(monkeypatch: pytest.MonkeyPatch) -> None:
    shop = shops.join("2026-11-01 10:00")
    client = browser_of(operator())
    set_clock(monkeypatch)("2026-11-02 10:00")
    history = reverse("admin:credit_creditline_history", args=[shop.line.pk])
    decide = reverse("admin:credit_creditline_decide", args=[shop.line.pk, "days"])
    assert "9999999999" not in client.get(history).content.decode()
    said = {"payment_days": "20", "settlement_days": "7", "reason": "Looked odd."}
    assert client.post(decide, said).status_code == 302
    page = text_of(client.get(history))
    assert "1 entry" in page
    assert "9999999999" not in page
