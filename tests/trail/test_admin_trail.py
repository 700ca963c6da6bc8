"""The page of the trail: searched, filtered, looked at and taken away as a file; never changed."""

import csv
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Permission
from django.db import connection
from django.db.models import TextChoices
from django.test import Client
from django.test.utils import CaptureQueriesContext

from billing.trail import Action as OfBilling
from credit.trail import Action as OfCredit
from merchants.trail import Action
from tests import shops
from tests.factories import UserFactory, browser_of, member
from tests.shops import Shop, instant
from tests.whole import some
from trail import actions
from trail import operations as trail
from trail.models import TrailEntry

pytestmark = pytest.mark.django_db

LIST = "/admin/trail/trailentry/"
EXPORT = f"{LIST}export/"
OLGA, OTTO = "olga@tael.example", "otto@tael.example"


def looker(*permissions: str) -> Client:
    """The browser of an operator with these permissions."""
    user = UserFactory.create(is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename__in=permissions))
    return browser_of(user)


@pytest.fixture
def browser() -> Client:
    """The browser of an operator who may see the trail."""
    return looker("view_trailentry")


@pytest.fixture
def shop() -> Shop:
    """Four changes, of four days: one without a merchant, one about an operator."""
    shop = shops.join("2026-10-01 09:00")
    other = shops.join("2026-10-01 09:00", "willow")
    write(OfCredit.POLICY_INTRODUCED, OLGA, "policy USD 2", "2026-11-01 00:00")
    limit: dict[str, Any] = {"merchant_id": shop.merchant.pk, "reason": '=HYPERLINK("x")'}
    limit |= {"before": {"limit": "5000.00 USD"}, "after": {"limit": "20000.00 USD", "by": "<b>"}}
    write(OfCredit.LIMIT_CHANGED, OLGA, "credit line", "2026-11-02 23:59", **limit)
    invoice = {"before": {"status": "OPEN"}, "after": {"status": "VOID"}}
    write(OfBilling.INVOICE_VOIDED, OTTO, "2026-000001", "2026-11-03 12:00",
          merchant_id=other.merchant.pk, reason="wrong", **invoice)  # fmt: skip
    write(Action.ROLE_CHANGED, OTTO, OLGA, "2026-11-04 12:00")
    return shop


def write(action: TextChoices, actor: str, subject: str, at: str, **more: Any) -> None:
    """Write a row of the trail."""
    trail.write(action, actor=actor, subject=subject, now=instant(at), **more)


def found(browser: Client, **asked: str) -> list[str]:
    """The actions that the list shows, in its order."""
    page = browser.get(LIST, asked)
    assert page.status_code == 200
    return [entry.action for entry in page.context["cl"].result_list]


def exported(browser: Client, **asked: str) -> list[dict[str, str]]:
    """The rows of the trail's CSV file, by heading."""
    response: Any = browser.get(EXPORT, asked)
    assert response.headers["Content-Disposition"].startswith('attachment; filename="trail-')
    assert response.streaming
    lines = b"".join(response.streaming_content).decode("utf-8-sig").splitlines()
    return list(csv.DictReader(lines))


ROLE, INVOICE = "ROLE_CHANGED", "INVOICE_VOIDED"
LIMIT, POLICY = "LIMIT_CHANGED", "POLICY_INTRODUCED"


@pytest.mark.parametrize(
    ("asked", "expected"),
    some(
        [
            ({}, [ROLE, INVOICE, LIMIT, POLICY]),
            ({"q": "rosewood"}, [LIMIT]),
            ({"q": "willow"}, [INVOICE]),
            ({"q": OLGA}, [LIMIT, POLICY]),
            ({"q": f"about {OLGA}"}, [ROLE]),
            ({"q": " 2026-000001 "}, [INVOICE]),
            ({"q": "credit line"}, [LIMIT]),
            ({"q": "2026-00000"}, [INVOICE]),
            ({"q": "rose'wood%"}, []),
            ({"action": LIMIT}, [LIMIT]),
            ({"action": "NO_SUCH"}, []),
            ({"at_from": "2026-11-02", "at_to": "2026-11-03"}, [INVOICE, LIMIT]),
            ({"at_from": "2026-11-03"}, [ROLE, INVOICE]),
            ({"at_to": "2026-11-01"}, [POLICY]),
            ({"at_to": "yesterday"}, []),
            ({"at_from": "0001-01-01", "at_to": "9999-12-31"}, [ROLE, INVOICE, LIMIT, POLICY]),
            ({"q": OLGA, "action": LIMIT, "at_from": "2026-11-02"}, [LIMIT]),
            ({"q": OLGA, "action": LIMIT, "at_from": "2026-11-03"}, []),
        ],
        4,
    ),
)
def test_searched_and_filtered_in_the_list_and_in_the_file(
    shop: Shop, browser: Client, asked: dict[str, str], expected: list[str]
) -> None:
    assert found(browser, **asked) == expected
    assert [row["Action"] for row in exported(browser, **asked)] == expected


def test_the_list_says_who_changed_what_from_what_to_what(shop: Shop, browser: Client) -> None:
    shown = browser.get(LIST).content.decode()
    for words in ("Limit changed", "Rosewood Dresses", OLGA, "credit line", "wrong",
                  "by: - → &lt;b&gt;; limit: 5000.00 USD → 20000.00 USD",
                  "2026-11-02 23:59:00"):  # fmt: skip
        assert words in shown
    assert "<b>;" not in shown


def test_an_entry_has_a_table_of_before_and_after(shop: Shop, browser: Client) -> None:
    entry = TrailEntry.objects.get(action=LIMIT)
    shown = browser.get(f"{LIST}{entry.pk}/change/").content.decode()
    for words in ("Limit changed", "5000.00 USD</td>", "20000.00 USD</td>", "&lt;b&gt;</td>"):
        assert words in shown


def test_the_file_is_safe_to_open_in_a_spreadsheet(shop: Shop, browser: Client) -> None:
    row = exported(browser, q="rosewood")[0]
    assert row == {
        "Time (UTC)": "2026-11-02T23:59:00Z",
        "Actor": OLGA,
        "Action": LIMIT,
        "Merchant": "rosewood",
        "Subject": "credit line",
        "Before": "limit: 5000.00 USD",
        "After": "by: <b>; limit: 20000.00 USD",
        "Reason": '\'=HYPERLINK("x")',
    }
    assert f"{EXPORT}?q=rosewood" in browser.get(LIST, {"q": "rosewood"}).content.decode()
    assert exported(browser)[0]["Merchant"] == ""


def test_nobody_changes_it_and_only_who_may_sees_it(shop: Shop) -> None:
    entry = TrailEntry.objects.latest("pk")
    boss = browser_of(UserFactory.create(is_staff=True, is_superuser=True))
    for page in (f"{LIST}add/", f"{LIST}{entry.pk}/delete/"):
        assert boss.post(page, {"post": "yes"}).status_code == 403
    assert boss.post(f"{LIST}{entry.pk}/change/", {"reason": "another"}).status_code == 403
    for page in (LIST, EXPORT, f"{LIST}{entry.pk}/change/"):
        assert looker("view_merchant").get(page).status_code == 403
        assert browser_of(member(shop)).get(page).status_code in (302, 403)
        assert Client().get(page).status_code == 302
    assert TrailEntry.objects.count() == 4


def test_a_page_of_a_merchants_row_leads_to_its_trail(shop: Shop) -> None:
    page = f"/admin/credit/creditline/{shop.line.pk}/change/"
    to_trail = f"{LIST}?q=rosewood"
    assert to_trail in looker("view_creditline", "view_trailentry").get(page).content.decode()
    assert to_trail not in looker("view_creditline").get(page).content.decode()


WAYS_TO_LOOK: list[tuple[dict[str, str], str]] = [
    ({}, "trail_by_time"),
    ({"q": "rosewood"}, "trail_of_merchant"),
    ({"q": OLGA}, "trail_of_actor"),
    ({"q": "2026-000001"}, "trail_of_subject"),
    ({"action": LIMIT}, "trail_of_action"),
    ({"at_from": "2026-11-02", "at_to": "2026-11-03"}, "trail_by_time"),
]


@pytest.mark.full  # what each way finds is told above
def test_each_way_to_look_has_its_index(shop: Shop, browser: Client) -> None:
    asked_for = [(_asks(browser, asked), index) for asked, index in WAYS_TO_LOOK]
    TrailEntry.objects.bulk_create(_many(shop, instant("2026-10-02 00:00")))
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE trail_trailentry")
        for statement, index in asked_for:
            cursor.execute(f"EXPLAIN {statement}")
            plan = "\n".join(line for (line,) in cursor.fetchall())
            assert index in plan
            assert "Seq Scan on trail_trailentry" not in plan


def _asks(browser: Client, asked: dict[str, str]) -> str:
    """The statement that the list finds its entries with."""
    with CaptureQueriesContext(connection) as queries:
        found(browser, **asked)
    assert len(queries) <= 12
    assert not any("COUNT(" in query["sql"] for query in queries)
    return next(query["sql"] for query in queries if 'ORDER BY "trail_trailentry"' in query["sql"])


def _many(shop: Shop, at: datetime) -> list[TrailEntry]:
    """20,000 rows of the trail, which are not saved."""
    return [
        TrailEntry(
            at=at + timedelta(minutes=number),
            actor=f"person{number % 50}@shop.example",
            action=actions.choices()[number % 40][0],
            merchant=shop.merchant if number % 100 == 0 else None,
            subject=f"W{number}",
        )
        for number in range(20_000)
    ]


class Brewed(TextChoices):
    """What an app declares that is yet to be written."""

    TEA = "TEA", "Tea made"


def test_an_app_declares_its_own_actions(
    shop: Shop, browser: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(Brewed.TEA, OLGA, "pot 1", "2026-11-05 12:00")
    assert "TEA" in browser.get(LIST).content.decode()  # a row of what no app declares
    assert "Tea made" not in browser.get(LIST).content.decode()
    assert found(browser, action="TEA") == ["TEA"]
    monkeypatch.setattr(actions, "_labels", dict(actions._labels))
    actions.register(Brewed)
    shown = browser.get(LIST).content.decode()
    assert shown.count("Tea made") == 2  # the row, and the choice of the filter
    assert exported(browser, action="TEA")[0]["Action"] == "TEA"
