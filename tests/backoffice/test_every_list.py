"""Every list of the admin: sorted by each of its columns, filtered by each of its filters, and as a
file, it has the same rows.
"""

import csv
import io
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest
from django.conf import LazySettings
from django.contrib import admin
from django.db.models import Model, Sum
from django.test import RequestFactory

from backoffice import exports, sorting
from backoffice.list_pages import Bounded
from lib.fields import AmountField
from merchants.models import User
from tests.backoffice.shops_with_work import NOW, in_trouble, operator
from tests.bank_files import Paid
from tests.billing import banking
from tests.credit.pages import set_clock
from tests.factories import browser_of, member
from tests.kept import kept
from tests.shops import Shop
from tests.whole import full

pytestmark = pytest.mark.django_db

LISTS: list[Any] = list(admin.site._registry.values())
# One mechanism makes them all: `make test` takes every tenth.
of_lists = pytest.mark.parametrize("lists", [LISTS[::10], *full((LISTS,))], ids=["some", "all"])
UNDATED = {
    *("account.EmailAddress", "auth.Group", "merchants.Membership"),
    *("billing.Fee", "billing.Issuer", "billing.InvoiceTax"),
    *("billing.NumberSeries", "billing.StatementTotal"),
    *("credit.CreditLine", "gateway.ReplayRejection", "merchants.OperatorPolicy"),
}
OWN_FILES = ("trail.TrailEntry", "merchants.SignIn")  # of columns of their own


@kept()
def written() -> Shop:
    """The rows that these tests start from: a shop in trouble, with an owner."""
    shop = in_trouble()
    member(shop, email="rose@rosewood.example")
    return shop


@pytest.fixture
def root(written: Shop, settings: LazySettings, monkeypatch: pytest.MonkeyPatch) -> User:
    """An operator with all roles, at NOW."""
    settings.TAEL_SANDBOX = True
    set_clock(monkeypatch)(NOW)
    return operator()


def found(pages: Any, user: User, **asked: str) -> Any:
    """What the list finds for this address, without a page around it."""
    request = RequestFactory().get("/", asked)
    request.user = user
    return pages.get_changelist_instance(request)


def told(listed: Any) -> tuple[list[Any], dict[str, Decimal | None]]:
    """The rows that were found, in whatever order, and the sums of their amounts."""
    rows = listed.queryset
    amounts = [f.name for f in listed.model._meta.concrete_fields if isinstance(f, AmountField)]
    keys = sorted(rows.values_list("pk", flat=True))
    return keys, rows.order_by().aggregate(**{f"sum_{name}": Sum(name) for name in amounts})


def sorts(listed: Any) -> Iterator[str]:
    """Each way in which the list can be sorted, as its parameter says it."""
    for place, name in enumerate(listed.list_display):
        if name in listed.sortable_by:
            yield f"{place}"
            yield f"-{place}"


def choices(listed: Any) -> Iterator[dict[str, str]]:
    """What the filters of the list offer, as parameters of its address."""
    for one in listed.filter_specs:
        if hasattr(one, "lookup_choices"):
            name = getattr(one, "parameter_name", None) or one.lookup_kwarg
            for choice in list(one.lookup_choices)[:3]:
                yield {name: str(choice[0] if isinstance(choice, tuple) else choice)}
        elif hasattr(one, "lookup_kwarg") and getattr(one.field, "flatchoices", None):
            yield from ({one.lookup_kwarg: str(code)} for code, _ in one.field.flatchoices[:3])
        elif hasattr(one, "is_of_instants"):
            yield {f"{one.field_path}_from": "2026-11-02", f"{one.field_path}_to": "2026-11-30"}


@of_lists
def test_sorted_and_filtered_it_has_the_same_rows_and_sums(root: User, lists: list[Any]) -> None:
    lost = {}
    for pages in lists:
        whole = found(pages, root)
        expected = told(whole)
        for by in sorts(whole):
            if told(found(pages, root, o=by)) != expected:
                lost[f"{pages.opts.label} by {by}"] = expected
        first = next(sorts(whole), "")
        for asked in choices(whole):
            if told(found(pages, root, **asked, o=first)) != told(found(pages, root, **asked)):
                lost[f"{pages.opts.label} of {asked}"] = expected
    assert lost == {}


@of_lists
def test_its_file_has_its_rows_in_its_order(root: User, lists: list[Any]) -> None:
    wrong = {}
    for pages in lists:
        listed = found(pages, root)
        by = next(sorts(listed), "")
        listed = found(pages, root, o=by) if by else listed
        body = b"".join(pages.file_of(listed)).decode()
        heading, *rows = csv.reader(io.StringIO(body))
        count = listed.queryset.count()
        if len(rows) != count or any(len(row) != len(heading) for row in rows):
            wrong[pages.opts.label] = (len(rows), count, heading)
        place = int(by) if by else 0
        is_amount = hasattr(listed.list_display[place], "amount_of")
        if pages.opts.label not in OWN_FILES and is_amount:
            figures = [Decimal(row[place]) for row in rows if row[place]]
            assert figures == sorted(figures), pages.opts.label
    assert wrong == {}


def lacking(model: type[Model], path: str) -> Iterator[Model]:
    """Rows of the model, not saved, of which each lacks another one of the rows on the path that a
    row need not have: the first one on the way, the second, and so on.
    """
    first, _, rest = path.partition("__")
    field: Any = model._meta.get_field(first)
    if field.null:
        yield model()
    if rest:
        for row in lacking(field.related_model, rest):
            yield model(**{first: row})


def test_a_file_has_nothing_where_a_row_leads_to_none_on_the_way() -> None:
    """Each column that shows another row is asked of rows that lack it, or one on the way."""
    without = {}
    for pages in LISTS:
        for name in pages.list_display:
            is_related = isinstance(name, str) and name in {
                field.name for field in pages.opts.concrete_fields if field.is_relation
            }
            path = name if is_related else getattr(name, "leads_to", "")
            column = exports._Column(pages, name)
            texts = [column.of(row) for row in lacking(pages.model, path)] if path else []
            if texts:
                without[f"{pages.opts.label} {path}"] = set(texts)
    assert set.union(*without.values()) == {""}
    assert {
        *("billing.BankLine account__merchant", "billing.ProviderMovement account__merchant"),
        *("billing.ProviderMovement payment", "billing.BankLine invoice"),
        "billing.ProviderDifference payment__invoice__account__merchant",
    } <= set(without)


def test_a_file_of_bank_lines_goes_on_behind_one_that_is_nobodys(root: User) -> None:
    banking.issuer_with_references()
    assert banking.matched(Paid("5.00", name="Nobody"), Paid("7.00", name="Nobody")) == [
        "5.00 OPEN UNKNOWN - -",
        "7.00 OPEN UNKNOWN - -",
    ]
    response: Any = browser_of(root).get("/admin/billing/bankline/export/")
    rows = list(csv.DictReader(io.StringIO(b"".join(response).decode("utf-8-sig"))))
    assert [(row["Merchant"], row["Amount"]) for row in rows] == [("", "7.00"), ("", "5.00")]


def test_most_lists_can_be_sorted_and_asked_for_days(root: User) -> None:
    for pages in LISTS:
        assert isinstance(pages, Bounded)
    unsorted = {one.opts.label for one in LISTS if not sorting.columns(one, one.list_display)}
    assert unsorted == {"merchants.OperatorPolicy"}
    assert {one.opts.label for one in LISTS if not one.dated} == UNDATED


def test_a_list_is_sorted_by_nothing_that_it_does_not_offer(root: User) -> None:
    orders = admin.site._registry[next(m for m in admin.site._registry if m.__name__ == "Order")]
    usual = list(found(orders, root).queryset)
    for by in ("99", "-", "x", "1x", "-99.", "٣", "0000004"):
        assert list(found(orders, root, o=by).queryset) == usual


def test_what_a_row_lacks_comes_last_in_both_directions(root: User, written: Shop) -> None:
    for order, day in (("D-1", "20"), ("D-2", "21")):
        written.place(f"2026-11-{day} 10:00", order, "10.00")
        written.ship(f"2026-11-{day} 11:00", order)
        written.deliver(f"2026-11-{day} 12:00", order)
    orders = admin.site._registry[next(m for m in admin.site._registry if m.__name__ == "Order")]
    place = list(orders.list_display).index("due_on")
    for by in (f"{place}", f"-{place}"):
        days = [order.due_on for order in found(orders, root, o=by).queryset]
        known = [day for day in days if day is not None]
        assert days == known + [None] * (len(days) - len(known))
        assert known == sorted(known, reverse=by.startswith("-"))
        assert len(days) > len(known) > 1


@of_lists
def test_its_box_answers_whatever_is_typed(root: User, lists: list[Any]) -> None:
    """A name, a reference, or nonsense: in one merchant, among all, or nowhere."""
    typed = ("rosewood", "ROSEWOOD a-1", "dress", "A-1", "2026-11", "x" * 3000, "'&|:*", "%_")
    for pages in lists:
        for text in typed:
            list(found(pages, root, q=text).queryset[:3])
