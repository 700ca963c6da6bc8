"""The same histories, lived through in other books, are told in the same words."""

import pytest
from pytest_django import Settings

from merchants.models import Merchant
from tests.config import books_shops
from tests.config.books_shops import told
from tests.config.test_books import undone


@pytest.mark.full  # rows are never called by their keys in test_books.py
@pytest.mark.django_db
def test_the_same_history_elsewhere_gives_the_same_books(
    monkeypatch: pytest.MonkeyPatch, settings: Settings
) -> None:
    settings.TAEL_SANDBOX = True

    def lived_through() -> tuple[list[int], str]:
        """The keys of the merchants, and what `--all` tells."""
        with undone():
            books_shops.rich(monkeypatch)
            return sorted(Merchant.objects.values_list("pk", flat=True)), told("--all")

    keys_elsewhere, elsewhere = lived_through()
    keys, here = lived_through()
    assert keys_elsewhere[-1] < keys[0]  # rows have other keys
    assert elsewhere == here
