"""Who may download which bill or statement as PDF, and from where."""

from datetime import date

import pytest
from django.test import Client

from billing.models import Statement
from tests import shops
from tests.factories import browser_of, member
from tests.kept import kept
from tests.pdf_text import pages_of
from tests.shops import Shop
from tests.text import text_of

pytestmark = pytest.mark.django_db

INVOICE = "/m/rosewood/billing/invoices/2026-000001.pdf"
OCTOBER = "/m/rosewood/billing/statements/2026-10.pdf"


@kept()
def shop() -> Shop:
    """A shop with a bill of 225.00 issued on 12 October; October is closed, November open."""
    shop = shops.join("2026-10-01 09:00")
    shop.charge("2026-10-12 15:00", "shipping-label", "210.00")
    shop.charge("2026-10-12 16:00", "pick-pack", "15.00")
    shop.run_jobs("2026-11-01 00:00")
    shop.charge("2026-11-02 10:00", "pick-pack", "2.00")
    return shop


@pytest.mark.parametrize("role", ["OWNER", "FINANCE"])
@pytest.mark.parametrize(
    ("address", "file_name", "words"),
    [
        (INVOICE, "bill-rosewood-T-2026-000001.pdf", "Bill number T-2026-000001"),
        (OCTOBER, "statement-rosewood-2026-10.pdf", "Month October 2026"),
    ],
)
def test_owners_and_finance_download_documents(
    shop: Shop, role: str, address: str, file_name: str, words: str
) -> None:
    response = browser_of(member(shop, role)).get(address)
    assert response.status_code == 200
    assert response["Content-Type"] == "application/pdf"
    assert response["Content-Disposition"] == f'attachment; filename="{file_name}"'
    assert words in pages_of(response.content)[0]


@pytest.mark.parametrize("address", [INVOICE, OCTOBER])
def test_a_viewer_may_not_download_documents(shop: Shop, address: str) -> None:
    response = browser_of(member(shop, "VIEWER")).get(address)
    assert response.status_code == 403
    assert "Your role at this merchant does not allow this." in text_of(response)


@pytest.mark.parametrize("address", [INVOICE, OCTOBER])
def test_a_stranger_finds_nothing(shop: Shop, address: str) -> None:
    stranger = member(shops.join("2026-10-01 09:00", reference="lotus"))
    assert browser_of(stranger).get(address).status_code == 404


@pytest.mark.parametrize("address", [INVOICE, OCTOBER])
def test_somebody_unknown_is_sent_to_sign_in(shop: Shop, address: str) -> None:
    response = Client().get(address)
    assert response.status_code == 302
    assert response["Location"] == f"/accounts/login/?next={address}"


def test_anothers_bill_is_not_found_under_the_own_address(shop: Shop) -> None:
    other = member(shops.join("2026-10-01 09:00", reference="lotus"))
    response = browser_of(other).get(INVOICE.replace("rosewood", "lotus"))
    assert response.status_code == 404


@pytest.mark.parametrize(
    ("month", "refusal"),
    [
        ("2026-11", "November 2026 is not closed yet. It closes at the end of 30 Nov 2026"),
        ("2026-12", "December 2026 is not closed yet."),
        ("2026-09", "There is no statement of September 2026: nothing was charged in it."),
    ],
)
def test_only_closed_months_are_documents(shop: Shop, month: str, refusal: str) -> None:
    address = OCTOBER.replace("2026-10", month)
    response = browser_of(member(shop)).get(address, follow=True)
    assert response.redirect_chain == [("/m/rosewood/billing/statements/", 302)]
    assert refusal in text_of(response)


@pytest.mark.full  # who downloads them, above
def test_pages_offer_the_documents_to_those_who_may_have_them(shop: Shop) -> None:
    pages = {
        "/m/rosewood/billing/invoices/2026-000001/": [INVOICE],
        "/m/rosewood/billing/statements/": [OCTOBER],
        "/m/rosewood/billing/statements/2026-10/": [OCTOBER],
        "/m/rosewood/billing/statements/2026-11/": [],
    }
    assert Statement.objects.filter(month=date(2026, 11, 1), closed_at=None).exists()
    owner, viewer = browser_of(member(shop)), browser_of(member(shop, "VIEWER"))
    for page, documents in pages.items():
        offered = owner.get(page).content.decode()
        assert offered.count(".pdf") == len(documents)
        assert all(f'href="{document}"' in offered for document in documents)
        assert ".pdf" not in viewer.get(page).content.decode()
