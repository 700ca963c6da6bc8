"""Every list of the admin costs the same however long it is, and says everything in English."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.contrib import admin
from django.contrib.admin import EmptyFieldListFilter, SimpleListFilter
from django.contrib.auth.models import Group
from django.db.models import Field, ForeignKey, Model
from unfold.contrib.filters.admin import RangeDateFilter
from unfold.paginator import InfinitePaginator

from backoffice import list_pages
from billing.models import Charge, Invoice
from credit.models import Order
from tests import shops
from tests.backoffice.shops_with_work import operator
from tests.factories import browser_of
from tests.text import text_of

FEW: set[Any] = {Group}  # a handful, made by us
PAGES = [pages for model, pages in admin.site._registry.items() if model not in FEW]
all_pages = pytest.mark.parametrize("pages", PAGES, ids=lambda one: one.model.__name__)


@all_pages
def test_it_is_never_counted(pages: Any) -> None:
    assert pages.paginator is InfinitePaginator
    assert pages.show_full_result_count is False
    assert pages.date_hierarchy is None
    assert pages.list_max_show_all <= 200
    assert pages.list_per_page <= 100


@all_pages
def test_its_filters_offer_few_things(pages: Any) -> None:
    assert [one for one in pages.list_filter if not is_short(pages.model, one)] == []


def is_short(model: type[Model], one: Any) -> bool:
    """Whether a filter of the admin's offers a few values only, so that it needs no search."""
    if isinstance(one, tuple):
        return issubclass(one[1], EmptyFieldListFilter | RangeDateFilter)
    if isinstance(one, type):
        return issubclass(one, SimpleListFilter)
    field = model._meta.get_field(one)
    if field.related_model in FEW:
        return True
    assert isinstance(field, Field)
    is_code = field.name == "currency"  # of prices and policies, which are few
    return is_code or bool(field.choices) or field.get_internal_type() == "BooleanField"


@all_pages
def test_nothing_in_its_form_offers_all_rows_of_another_table(pages: Any) -> None:
    offered = [*pages.autocomplete_fields, *pages.raw_id_fields, *pages.readonly_fields]
    fields = [field.name for field in _chosen(pages) if field.name not in offered]
    assert fields == []


def _chosen(pages: Any) -> Iterator[Any]:
    """Relations that its form would offer to choose from; groups and permissions are few."""
    if not (pages.has_change_permission(_Anybody()) or pages.has_add_permission(_Anybody())):
        return
    through = [field for field in pages.model._meta.many_to_many if is_in_a_form(field)]
    plain = [field for field in pages.model._meta.fields if isinstance(field, ForeignKey)]
    for field in (*plain, *through):
        if field.related_model._meta.app_label != "auth":
            yield field


def is_in_a_form(field: Any) -> bool:
    """Whether the relation has a form of its own, as the table between has rows with more to
    say.
    """
    return bool(field.remote_field.through._meta.auto_created)


class _Anybody:
    """A request of somebody who may do everything."""

    class user:
        @staticmethod
        def has_perm(permission: str) -> bool:
            return True


@pytest.mark.django_db
def test_a_filter_of_a_long_list_looks_at_the_latest_rows_and_says_so(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(list_pages, "WINDOW", 1)
    shop = shops.join("2026-11-01 10:00")
    shop.place("2026-11-02 10:00", "A-1", "25.00")
    shop.place("2026-11-02 11:00", "A-2", "25.00")
    client = browser_of(operator())
    page = client.get("/admin/credit/order/", {"status__exact": "OPEN"})
    assert [order.reference for order in page.context["cl"].result_list] == ["A-2"]
    assert "Found among the latest 1 rows. Of one merchant all are found" in text_of(page)
    of_one = client.get("/admin/credit/order/", {"status__exact": "OPEN", "q": "rosewood"})
    assert [order.reference for order in of_one.context["cl"].result_list] == ["A-2", "A-1"]
    assert "Found among the latest" not in text_of(of_one)


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ("rosewood 2026-11", 1),
        ("rosewood 2026-11-01", 1),
        ("rosewood 2026-10", 0),
        ("rosewood x", 0),
    ],
)
def test_a_statement_is_found_by_its_month(asked: str, found: int) -> None:
    shop = shops.join("2026-11-01 10:00")
    shop.charge("2026-11-02 10:00", "pick-pack", "3.50")
    page = browser_of(operator()).get("/admin/billing/statement/", {"q": asked})
    assert page.status_code == 200
    assert len(page.context["cl"].result_list) == found


@pytest.mark.django_db
@pytest.mark.parametrize("model", [Order, Charge, Invoice])
def test_a_list_of_a_merchant_that_does_not_exist_is_empty(model: type[Model]) -> None:
    meta = model._meta
    page = browser_of(operator()).get(
        f"/admin/{meta.app_label}/{meta.model_name}/", {"q": "nobody at-all"}
    )
    assert len(page.context["cl"].result_list) == 0
