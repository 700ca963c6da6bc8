"""Operators take a merchant's bills and statements as files, with a reason (rule 21.13)."""

import pytest
from django.test import Client
from django.urls import reverse

from tests.credit.pages import set_clock
from tests.factories import browser_of, member, operator
from tests.routes import full_shop
from tests.shops import Shop
from tests.text import text_of
from tests.unchanged import nothing_changes
from tests.whole import some
from trail.models import TrailEntry

pytestmark = pytest.mark.django_db

WHY = "They ask what is on it."
ROLES = ["Credit officer", "Billing officer", "Auditor", "Administrator"]


@pytest.fixture
def shop(monkeypatch: pytest.MonkeyPatch) -> Shop:
    """A shop with rows of all kinds, on 1 Dec 2026, 10:00 UTC."""
    set_clock(monkeypatch)("2026-12-01 10:00")
    return full_shop()


def pages(shop: Shop) -> dict[str, str]:
    """Where each file is asked for."""
    invoice = shop.account.invoices.exclude(number=None).order_by("pk").first()
    statement = shop.account.statements.get(month="2026-11-01")
    assert invoice
    return {
        f"{model}.{name}": reverse(f"admin:billing_{model}_download", args=[row.pk, name])
        for model, row in (("invoice", invoice), ("statement", statement))
        for name in ("pdf", "csv")
    }


@pytest.mark.parametrize("role", some(ROLES, 4))
def test_each_role_takes_them_with_a_reason_that_is_on_the_trail(shop: Shop, role: str) -> None:
    browser = browser_of(operator(role, email="otto@tael.example"))
    files = {name: browser.post(page, {"reason": WHY}) for name, page in pages(shop).items()}
    names = [answer.headers["Content-Disposition"].partition("filename=")[2].strip('"')
             for answer in files.values()]  # fmt: skip
    assert names == [
        "bill-rosewood-T-2026-000001.pdf",
        "bill-rosewood-T-2026-000001.csv",
        "statement-rosewood-2026-11.pdf",
        "statement-rosewood-2026-11.csv",
    ]
    assert files["invoice.pdf"].content.startswith(b"%PDF")
    assert files["statement.pdf"].content.startswith(b"%PDF")
    assert b"C-1" in files["statement.csv"].content
    rows = TrailEntry.objects.filter(action="FILE_TAKEN").order_by("pk")
    assert [(row.after["file"], row.actor, row.reason) for row in rows] == [
        (name, "otto@tael.example", WHY) for name in names
    ]


@pytest.mark.full  # each role takes it, above
def test_the_csv_is_the_merchants_own(shop: Shop) -> None:
    owner: Client = browser_of(member(shop))
    theirs = b"".join(owner.get("/m/rosewood/billing/statements/2026-11.csv"))
    ours = browser_of(operator("Auditor")).post(pages(shop)["statement.csv"], {"reason": WHY})
    assert ours.content == theirs


def test_without_a_reason_or_a_role_nothing_is_taken(shop: Shop) -> None:
    auditor, nobody = browser_of(operator("Auditor")), browser_of(operator())
    owner = browser_of(member(shop))
    with nothing_changes():
        for page in pages(shop).values():
            assert "This field is required" in text_of(auditor.post(page, {"reason": ""}))
            assert nobody.post(page, {"reason": WHY}).status_code == 403
            assert owner.post(page, {"reason": WHY}).status_code == 302


@pytest.mark.full  # nor for merchants in test_statement_csv.py
def test_an_open_month_has_no_file(shop: Shop) -> None:
    auditor = browser_of(operator("Auditor"))
    december = shop.account.statements.get(month="2026-12-01")
    page = reverse("admin:billing_statement_download", args=[december.pk, "csv"])
    with nothing_changes():
        assert auditor.post(page, {"reason": WHY}).status_code == 404
