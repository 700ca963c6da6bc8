"""An operator looks at a merchant's pages as its people see them, and can change nothing."""

import re
from datetime import timedelta
from ipaddress import ip_network
from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.db import DatabaseError, transaction
from django.test import Client
from django.urls import reverse

from merchants.models import Look, User
from tests import shops
from tests.config.test_authorisation import EXPORTS, MERCHANT, NOT_HERE, SHOWS
from tests.credit.pages import set_clock
from tests.factories import browser_of, member, operator, signed_in
from tests.kept import kept
from tests.routes import address, full_shop, routes
from tests.shops import Shop
from tests.text import text_of
from tests.unchanged import nothing_changes
from tests.undrawn import DRAWS_ALL, undrawn
from tests.whole import full, some
from trail.models import TrailEntry

pytestmark = pytest.mark.django_db

NOW = "2026-12-01 10:00"
LATER = "2026-12-01 10:29"
OVER = "2026-12-01 10:30"
WHY = "They rang: the total of a bill."
ROLES = ["Credit officer", "Billing officer", "Auditor", "Administrator"]
EMAIL = "otto@tael.example"
full_shop_kept = kept()(full_shop)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Sets the pages' clock, which stands at NOW."""
    set_to = set_clock(monkeypatch)
    set_to(NOW)
    return set_to


def start(browser: Client, shop: Shop, reason: str = WHY) -> str:
    """The page after an operator has asked to look at the shop's pages."""
    page = reverse("admin:merchants_merchant_decide", args=[shop.merchant.pk, "look"])
    return text_of(browser.post(page, {"reason": reason}))


def looking(shop: Shop, role: str = "Auditor") -> Client:
    """The browser of an operator who looks at the shop's pages."""
    browser = browser_of(operator(role, email=EMAIL))
    assert "You can look at these pages until 10:30 UTC." in start(browser, shop)
    return browser


@pytest.mark.usefixtures("clock")
@pytest.mark.parametrize("role", some(ROLES, 4))
def test_each_role_looks_with_a_reason_that_is_on_the_trail(role: str, full_shop: Shop) -> None:
    shop = full_shop
    browser = browser_of(operator(role, email=EMAIL))
    assert browser.get("/m/rosewood/").status_code == 404
    with nothing_changes():
        assert "This field is required" in start(browser, shop, " ")
    page = start(browser, shop)
    assert "To Rosewood Dresses's pages" in page
    overview = text_of(browser.get("/m/rosewood/"))
    assert (
        "You look at Rosewood Dresses’s pages as operator otto@tael.example; nothing can be"
        " changed." in overview
    )
    row = TrailEntry.objects.get(action="PAGES_LOOKED_AT")
    assert (row.actor, row.subject, row.reason, row.merchant) == (
        EMAIL, "rosewood", WHY, shop.merchant
    )  # fmt: skip


@pytest.mark.usefixtures("clock")
@pytest.mark.parametrize("every", [16, *full(1)])
def test_every_page_is_seen_and_every_form_refused(full_shop: Shop, every: int) -> None:
    """In `make test` every sixteenth page."""
    shop = full_shop
    browser = looking(shop)
    wrong, forms = [], []
    for turn, route in enumerate([one for one in routes() if one.is_of_a_merchant][::every]):
        asked, answers = address(route, shop), MERCHANT[route.name]
        is_of_form = route.name == "credit:withdrawal_figures"
        is_shown = (answers in (SHOWS, EXPORTS) and not is_of_form) or route.name in (
            "billing:charges_csv", "billing:details", "merchant:notifications", "merchant:profile",
        )  # fmt: skip
        if route.name == "billing:charges_csv":
            asked += "?start=2026-10-01&end=2026-10-02"
        with undrawn():  # what is shown is drawn by the test below
            got = browser.get(asked).status_code
        wanted = (200,) if is_shown else (403, 404 if answers is NOT_HERE else 405)
        if got not in wanted:
            wrong.append(f"GET {route.name}: {got}")
        forms.append((turn, route.name, asked))
    with nothing_changes():
        for turn, name, asked in forms:
            is_read = turn % 8 == 0 or DRAWS_ALL  # it is the same page each time
            with undrawn(is_so=not is_read):
                refused = browser.post(asked, {"reason": "x"})
            is_said = not is_read or "Nothing has changed" in text_of(refused)
            if refused.status_code != 403 or not is_said:
                wrong.append(f"POST {name}: {refused.status_code}")
    assert wrong == []


@pytest.mark.usefixtures("clock")
@pytest.mark.parametrize("every", [8, *full(1)])
def test_no_page_has_a_form_that_would_act_or_more_than_the_merchant_sees(
    full_shop: Shop, every: int
) -> None:
    """In `make test` every eighth page."""
    shop = full_shop
    browser = looking(shop)
    for route in [one for one in routes() if one.is_of_a_merchant][every // 2 :: every]:
        personal = ("billing:details", "merchant:notifications", "merchant:profile")
        is_shown = MERCHANT[route.name] is SHOWS
        if not is_shown and route.name not in personal:
            continue
        page = browser.get(address(route, shop)).content.decode(errors="replace")
        for form in re.findall(r"<form[^>]*>", page):
            if "post" in form.lower():
                action = re.search(r'action="([^"]*)"', form)
                assert action, (route.name, form)
                assert not action[1].startswith("/m/"), (route.name, form)
        assert "6212262000000050003" not in page.replace(" ", "")


def test_it_ends_by_itself_after_half_an_hour(clock: Any, full_shop: Shop) -> None:
    shop = full_shop
    browser = looking(shop)
    clock(LATER)
    assert browser.get("/m/rosewood/credit/limit/").status_code == 200
    clock(OVER)
    assert browser.get("/m/rosewood/credit/limit/").status_code == 404


def test_it_ends_by_a_button_once(clock: Any, full_shop: Shop) -> None:
    shop = full_shop
    browser = looking(shop)
    clock(LATER)
    look = Look.objects.get()
    end = reverse("merchants:end_look", args=[look.pk])
    other = browser_of(User.objects.get(email=EMAIL))  # the same person elsewhere
    with nothing_changes():
        assert browser.get(end).status_code == 405
    assert end in other.get("/m/rosewood/").content.decode()
    answer = browser.post(end)
    assert answer.headers["Location"] == reverse("backoffice:merchant", args=["rosewood"])
    assert browser.get("/m/rosewood/").status_code == 404
    with nothing_changes():
        browser.post(end)
    assert TrailEntry.objects.filter(action="LOOK_ENDED").count() == 1
    look.refresh_from_db()
    assert look.ended_at == shop.at(LATER)


@pytest.mark.usefixtures("clock")
def test_started_twice_it_is_one_look(full_shop: Shop) -> None:
    shop = full_shop
    browser = looking(shop)
    with nothing_changes():
        assert "You can look" in start(browser, shop)


@pytest.mark.usefixtures("clock")
@pytest.mark.parametrize("every", [12, *full(1)])
def test_a_look_at_one_merchant_opens_no_other_and_nobody_elses(
    full_shop: Shop, every: int
) -> None:
    """In `make test` every twelfth page."""
    shop = full_shop
    other = shops.join("2026-10-01 09:00", "other-shop", name="Other Shop")
    browser = looking(shop)
    colleague = browser_of(operator("Auditor"))
    owner = browser_of(member(other))
    for route in [one for one in routes() if one.is_of_a_merchant][every // 2 :: every]:
        elsewhere = address(route, shop).replace("/m/rosewood/", "/m/other-shop/")
        with undrawn():
            assert browser.get(elsewhere).status_code == 404, route.name
    for one in (colleague, owner, browser_of(operator())):
        assert one.get("/m/rosewood/").status_code == 404
        assert one.post(reverse("merchants:end_look", args=[Look.objects.get().pk])
                        ).status_code == 404  # fmt: skip
    # A row of another merchant's is not found below the one that is looked at.
    invoice = shop.account.invoices.latest("pk")
    start(browser, other)
    assert browser.get(f"/m/other-shop/billing/invoices/{invoice.number}/").status_code == 404


@pytest.mark.usefixtures("clock")
def test_who_has_no_role_any_more_sees_nothing(full_shop: Shop) -> None:
    shop = full_shop
    browser = looking(shop)
    User.objects.get(email=EMAIL).groups.set(Group.objects.none())
    assert browser.get("/m/rosewood/").status_code == 404


@pytest.mark.usefixtures("clock")
def test_a_session_without_the_second_factor_sees_nothing(settings: Any, full_shop: Shop) -> None:
    settings.TAEL_SANDBOX = False
    shop = full_shop
    browser = looking(shop)
    assert browser.get("/m/rosewood/").status_code == 200
    stolen = signed_in(User.objects.get(email=EMAIL))
    assert stolen.get("/m/rosewood/").status_code == 404


@pytest.mark.usefixtures("clock")
def test_from_another_network_than_the_admins_nothing_is_seen(
    settings: Any, full_shop: Shop
) -> None:
    shop = full_shop
    browser = looking(shop)
    settings.TAEL_ADMIN_NETWORKS = [ip_network("10.1.0.0/16")]
    assert browser.get("/m/rosewood/").status_code == 404


@pytest.mark.usefixtures("clock")
def test_each_file_is_on_the_trail(full_shop: Shop) -> None:
    shop = full_shop
    browser = looking(shop)
    number = shop.account.invoices.exclude(number=None).first().number  # type: ignore[union-attr]
    taken = [
        f"/m/rosewood/billing/invoices/{number}.pdf",
        f"/m/rosewood/billing/invoices/{number}.csv",
        "/m/rosewood/billing/statements/2026-11.csv",
        "/m/rosewood/billing/statements/2026-11.pdf",
    ]
    for path in taken:
        assert browser.get(path).status_code == 200
    # A month that has not begun has no file, and nothing was taken.
    assert browser.get("/m/rosewood/billing/statements/2027-01.csv").status_code == 302
    rows = TrailEntry.objects.filter(action="FILE_TAKEN").order_by("pk")
    assert [(row.after["file"], row.actor, row.reason) for row in rows] == [
        (path, EMAIL, WHY) for path in taken
    ]
    # Of the merchant's own people, taking them is on no trail.
    browser_of(member(shop)).get(taken[0])
    assert rows.count() == 4


@pytest.mark.usefixtures("clock")
def test_a_look_stays_as_it_is(full_shop: Shop) -> None:
    shop = full_shop
    looking(shop)
    looks = Look.objects.all()
    for change in (
        looks.delete,
        lambda: looks.update(reason="x"),
        lambda: looks.update(ends_at=shop.at(NOW) + timedelta(hours=1)),
    ):
        with pytest.raises(DatabaseError), transaction.atomic():
            change()


@pytest.mark.usefixtures("clock")
def test_what_is_seen_leaves_nothing_seen_by_the_merchants_people(full_shop: Shop) -> None:
    shop = full_shop
    browser, owner = looking(shop), member(shop)
    with nothing_changes():
        browser.get("/m/rosewood/notices/")
    assert owner.memberships.get().seen_notice == 0
