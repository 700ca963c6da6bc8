"""An operator sees whom a line hangs on."""

import pytest
from django.urls import reverse

from tests import shops
from tests.factories import UserFactory, browser_of

pytestmark = pytest.mark.django_db


def test_the_page_of_a_line_shows_who_owes_most_and_at_what_risk() -> None:
    shop = shops.join("2026-11-01 10:00")
    shop.place("2026-11-02 10:00", "A", "300.00", buyer="Ann", buyer_risk=1)
    shop.place("2026-11-02 10:00", "B", "75.00", buyer="Bob", buyer_risk=2)
    shop.place("2026-11-02 10:00", "C", "25.00", buyer="Ann", buyer_risk=2)
    operator = UserFactory.create(is_staff=True, is_superuser=True)
    page = browser_of(operator).get(reverse("admin:credit_creditline_change", args=[shop.line.pk]))
    shown = page.content.decode().replace("\N{NO-BREAK SPACE}", " ")
    assert "Ann: 325.00 USD (81%); Bob: 75.00 USD (19%)" in shown
    assert "risk 1: 300.00 USD (75%); risk 2: 100.00 USD (25%)" in shown
