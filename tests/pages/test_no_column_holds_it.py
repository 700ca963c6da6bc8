"""A NUL in an address, which no column of the database can have, fails no page: a filter finds
nothing, and what is named so is not there.
"""

from typing import Any

import pytest
from django.contrib import admin
from django.db import models
from django.test import Client
from django.urls import reverse

from backoffice.reports.report import REPORTS
from lib.list_forms import BESIDES
from tests.backoffice.shops_with_work import operator
from tests.credit.pages import set_clock
from tests.factories import browser_of, member
from tests.routes import addresses, full_shop, routes
from tests.shops import Shop
from tests.undrawn import undrawn
from tests.whole import full

pytestmark = pytest.mark.django_db

NUL = "a\0b"


@pytest.fixture
def shop(monkeypatch: pytest.MonkeyPatch) -> Shop:
    """A shop of which each page has something, on 1 Dec 2026."""
    set_clock(monkeypatch)("2026-12-01 10:00")
    return full_shop()


def failures(client: Client, address: str, names: list[str]) -> list[str]:
    """Those of these parameters with which the page fails if their value has a NUL."""
    client.raise_request_exception = False
    failed = []
    for name in names:
        with undrawn():
            answer = client.get(address, {name: NUL})
        if answer.status_code >= 500:
            failed.append(f"{address}?{name}")
    return failed


@pytest.mark.parametrize("every", [6, *full(1)])
def test_a_list_of_a_merchant_finds_nothing_by_it(shop: Shop, every: int) -> None:
    """Each parameter of each list; `make test` asks a sixth of the lists for a sixth of theirs."""
    owner = browser_of(member(shop))
    failed, asked = [], 0
    for address in addresses(shop)[::every]:
        with undrawn():
            context = owner.get(address).context or {}
        asks: Any = context.get("filter")
        names = [*asks.fields, *BESIDES] if hasattr(asks, "fields") else ["q", "next"]
        failed += failures(owner, address, names[asked % every :: every])
        asked += 1
    assert failed == []
    assert asked >= 60 // every


def test_requests_are_not_found_by_a_fee_of_that_name(shop: Shop) -> None:
    owner = browser_of(member(shop))
    answer = owner.get("/m/rosewood/billing/requests/", {"fee": NUL})
    assert (answer.status_code, list(answer.context["page"].rows)) == (200, [])
    assert "fee" in answer.context["filter"].errors


def test_rows_that_could_be_decided_together_are_not_looked_for_by_it(shop: Shop) -> None:
    client = browser_of(operator())
    for asked in (
        "billing/invoice/decide-several/issue/?q=%00",
        "billing/billingcredit/decide-several/approve/?status__exact=%00",
        "billing/billingcredit/decide-several/approve/?asked_at_from=%00&status__exact=a%00b",
    ):
        answer = client.get(f"/admin/{asked}")
        assert answer.status_code == 302, asked
        assert answer.headers["Location"] == "/admin/" + asked.split("decide-several")[0], asked


def test_no_group_of_a_report_and_no_rate_of_a_tax_is_called_so(shop: Shop) -> None:
    client = browser_of(operator())
    for report in REPORTS:
        for key in report.keys:
            asked = {"currency": "USD", key.name: NUL}
            answer = client.get(f"/admin/reports/{report.name}/rows/", asked)
            assert answer.status_code == 404, (report.name, key.name)
    documents = "/admin/billing/journallock/tax/documents/"
    rate = {"percent": "19", "country": "DE", "category": "S"}
    assert client.get(documents, rate).status_code == 200
    for name in rate:
        assert client.get(documents, {**rate, name: NUL}).status_code == 404, name


def test_no_row_of_the_admin_has_it_as_its_key(shop: Shop) -> None:
    client = browser_of(operator())
    client.raise_request_exception = False
    failed, with_text = [], 0
    for model in admin.site._registry:
        with_text += isinstance(model._meta.pk, models.CharField)
        for page in ("change", "history") if isinstance(model._meta.pk, models.CharField) else ():
            address = f"/admin/{model._meta.app_label}/{model._meta.model_name}/a%00b/{page}/"
            if client.get(address).status_code >= 500:
                failed.append(address)
    assert failed == []
    assert with_text > 0


@pytest.mark.parametrize("every", [48, *full(1)])
def test_other_pages_of_operators_are_not_asked_for_it(shop: Shop, every: int) -> None:
    """The pages without an argument, with what any of them takes; `make test` asks one of 48."""
    client = browser_of(operator())
    names = ["q", "p", "page", "currency", "name", "cell", "start", "end", "merchant", "account"]
    plain = [one for one in routes() if one.is_of_the_admin and not one.parameters]
    failed, asked = [], 0
    for route in plain[::every]:
        failed += failures(client, reverse(route.name), names)
        asked += 1
    assert failed == []
    assert asked > 60 // every
