"""A buyer is erased: orders stay those of one buyer, whose name nobody knows (21.19)."""

import json
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlencode

import pytest
from django.db import connection, transaction

from credit.models import Order, OrderFlag
from credit.operations import lines, orders, own_rules
from credit.personal import BuyerOwes
from gateway.models import ReceivedEvent
from gateway.webhooks.models import WebhookEvent
from merchants.models import Erasure, SavedView, User
from merchants.operations import erasures, saved_views
from tests import books, shops
from tests.amounts import usd
from tests.credit.pages import set_clock
from tests.factories import browser_of, member, operator
from tests.gateway.asking import AN_ORDER, Caller
from tests.gateway.imports import importing
from tests.merchants import erasing
from tests.processes import until
from tests.shops import Shop, instant
from tests.threads import at_once, is_waited_for
from tests.unchanged import nothing_changes
from trail.models import TrailEntry

pytestmark = pytest.mark.django_db

NOW = instant("2026-11-20 10:00")
NAME = 'Nattaya "Nat" สมใจ'  # quotes and letters that JSON writes in several ways
WHY = "Asked by letter of 18 November."


@pytest.fixture
def boss() -> User:
    """An administrator."""
    return operator("Administrator", email="boss@tael.example")


def nattaya_has_bought() -> tuple[Shop, Shop]:
    """Five orders of one day at one shop, all paid, one declined, one at another shop that its
    file brought; and another buyer's.
    """
    shop, other = (shops.join("2026-11-01 10:00", name) for name in ("rosewood", "jade"))
    for number in range(5):
        order = f"N-{number}"
        shop.place(f"2026-11-19 1{number}:00", order, "10.00", buyer=NAME)
        shop.pay(f"2026-11-19 1{number}:30", order, "10.00")
    shop.place("2026-11-19 16:00", "N-6", "90000.00", buyer=NAME)
    shop.place("2026-11-19 16:00", "S-1", "7.00", buyer="Somchai")
    importing.upload(
        "ORDERS", importing.ORDERS, f'jade,J-1,"{NAME.replace(chr(34), chr(34) * 2)}",5.00,USD'
    )
    importing.take_in()
    other.pay("2026-11-19 17:00", "J-1", "5.00")
    with pytest.MonkeyPatch.context() as patched:
        set_clock(patched)("2026-11-19 17:30")
        Caller().post("/orders", AN_ORDER | {"order": "N-7", "buyer": NAME, "amount": "3.00"})
    shop.pay("2026-11-19 18:00", "N-7", "3.00")
    shop.run_jobs("2026-11-20 00:00")
    return shop, other


def test_nothing_is_left_of_a_buyer_and_the_books_add_up(boss: User) -> None:
    shop, _ = nattaya_has_bought()
    assert OrderFlag.objects.get().cause == f"2026-11-19 {NAME}"
    assert {hit.split(".")[0] for hit in erasing.found("Nattaya")} == {
        "credit_order", "credit_orderflag", "gateway_importedrow", "gateway_receivedevent",
        "gateway_webhookevent",
    }  # fmt: skip
    figures = shop.limit()
    erased = erasures.erase_buyer(buyer=NAME, reason=WHY, actor=boss, now=NOW)
    assert erasing.found("Nattaya", "สมใจ", "\\u0e2a") == []
    books.assert_clean()
    assert shop.limit() == figures
    assert Order.objects.filter(buyer=str(erased)).count() == 8
    assert Order.objects.get(reference="S-1").buyer == "Somchai"
    # They are one buyer's still: the daily look finds its flag again, and raises no other.
    flag = OrderFlag.objects.get()
    assert (flag.buyer, flag.cause) == (str(erased), f"2026-11-19 {erased}")
    assert {seen["buyer"] for seen in flag.evidence} == {str(erased)}
    shop.run_jobs("2026-11-21 00:00")
    assert OrderFlag.objects.count() == 1
    assert WebhookEvent.objects.get(type="order.declined").data["buyer"] == str(erased)
    books.assert_clean()
    assert erased.rows == {
        "orders": 8, "flags": 1, "received by the API": 1, "imported": 1, "told by webhooks": 1,
    }  # fmt: skip
    with nothing_changes(), pytest.raises(erasures.NothingKept):
        erasures.erase_buyer(buyer=NAME, reason=WHY, actor=boss, now=NOW)


def test_what_is_sent_again_of_an_erased_buyers_order_is_a_duplicate(boss: User) -> None:
    shop, other = nattaya_has_bought()
    erasures.erase_buyer(buyer=NAME, reason=WHY, actor=boss, now=NOW)
    sent = AN_ORDER | {"order": "N-7", "buyer": NAME, "amount": "3.00"}
    tables = ["gateway_receivedevent", "gateway_apikey", "trail_trailentry"]  # it has a new key
    with nothing_changes(but=tables), pytest.MonkeyPatch.context() as patched:
        set_clock(patched)("2026-11-20 10:00")
        said = Caller().post("/orders", sent)
    assert said.status_code == 201  # as the first time
    assert ReceivedEvent.objects.latest("pk").outcome == "duplicate"
    assert shop.place("2026-11-19 10:00", "N-0", "10.00", buyer=NAME) == "duplicate"
    assert shop.place("2026-11-19 10:00", "N-0", "11.00", buyer=NAME) == "rejected conflict"
    assert other.place("2026-11-20 10:00", "S-1", "7.00", buyer=NAME) == "applied"
    assert shop.place("2026-11-20 10:00", "S-1", "7.00", buyer=NAME) == "rejected conflict"


def test_who_owes_is_not_erased_and_a_cap_counts_nothing_erased(boss: User) -> None:
    shop = shops.join("2026-11-01 10:00")
    own_rules.set_caps(
        merchant_id=shop.merchant.pk, order=None, buyer=usd("100"), actor="mei@rosewood.example",
        now=NOW,
    )  # fmt: skip
    assert shop.place("2026-11-20 11:00", "A-1", "60.00", buyer=NAME) == "applied"
    with nothing_changes(), pytest.raises(BuyerOwes, match="1 of this buyer's orders, such as A-1"):
        erasures.erase_buyer(buyer=NAME, reason=WHY, actor=boss, now=NOW)
    assert "above_own_cap" in shop.place("2026-11-20 12:00", "A-2", "41.00", buyer=NAME)
    shop.pay("2026-11-20 13:00", "A-1", "60.00")
    shop.pay("2026-11-20 13:00", "A-2", "1.00", "CASH-1")  # a declined order takes none
    with nothing_changes(), pytest.raises(BuyerOwes, match="Cash of this buyer waits"):
        erasures.erase_buyer(buyer=NAME, reason=WHY, actor=boss, now=NOW)


def test_an_export_has_all_of_a_buyer_and_nothing_of_others(boss: User) -> None:
    nattaya_has_bought()
    _, content = erasures.data_of_buyer(buyer=NAME, reason=WHY, actor=boss, now=NOW)
    kept = json.loads(content)["kept"]
    orders = {order["reference"]: order for order in kept["orders"]}
    assert sorted(orders) == ["J-1", "N-0", "N-1", "N-2", "N-3", "N-4", "N-6", "N-7"]
    assert orders["J-1"]["merchant"] == "jade"
    assert orders["N-0"]["payments"][0]["amount"] == "10.00"
    assert [len(kept[title]) for title in ("flags", "imported", "told by webhooks")] == [1, 1, 1]
    assert "Somchai" not in content.decode()
    assert TrailEntry.objects.get(action="PERSON_DATA_TAKEN").subject == f"buyer {NAME}"
    erased = erasures.erase_buyer(buyer=NAME, reason=WHY, actor=boss, now=NOW)
    assert TrailEntry.objects.get(action="PERSON_DATA_TAKEN").subject == f"buyer {erased}"
    assert erasing.found("Nattaya") == []


@pytest.mark.full  # each role is asked in test_admin_roles.py
def test_administrators_alone_erase_a_buyer_by_the_admins_page(boss: User) -> None:
    shop = shops.join("2026-11-01 10:00")
    shop.place("2026-11-20 11:00", "A-1", "60.00", buyer=NAME)
    shop.pay("2026-11-20 13:00", "A-1", "60.00")
    page = "/admin/merchants/erasure/decide/buyer/"
    said = {"buyer": NAME, "reason": WHY}
    officers = [browser_of(operator(role)) for role in ("Credit officer", "Auditor")]
    chief = browser_of(boss)
    with nothing_changes():
        assert [one.post(page, said).status_code for one in officers] == [403, 403]
    file = chief.post("/admin/merchants/erasure/decide/buyer-data/", said)
    assert json.loads(file.content)["about"] == f"buyer {NAME}"
    assert "is erased, and known as erased-" in chief.post(page, said, follow=True).content.decode()
    listed = chief.get("/admin/merchants/erasure/").content.decode()
    assert str(Erasure.objects.get()) in listed
    assert "nothing any more" in chief.post(page, said).content.decode()


@pytest.mark.full  # erased once, above
@pytest.mark.django_db(transaction=True)
def test_of_two_administrators_at_once_one_erases_a_buyer() -> None:
    bosses = [operator("Administrator", email=f"{name}@tael.example") for name in ("boss", "other")]
    shop = shops.join("2026-11-01 10:00")
    shop.place("2026-11-20 11:00", "A-1", "60.00", buyer=NAME)
    shop.pay("2026-11-20 13:00", "A-1", "60.00")

    def erase(number: int) -> str:
        try:
            erasures.erase_buyer(buyer=NAME, reason=WHY, actor=bosses[number], now=NOW)
        except erasures.NothingKept:
            return "nothing kept"
        return "erased"

    assert at_once(erase, threads=2) == {"erased": 1, "nothing kept": 1}
    assert Order.objects.get().buyer == str(Erasure.objects.get())


@pytest.mark.django_db(transaction=True)
def test_a_buyer_who_orders_while_being_erased_is_not() -> None:
    boss = operator("Administrator", email="boss@tael.example")
    shop = shops.join("2026-11-01 10:00")
    shop.place("2026-11-20 09:00", "A-1", "60.00", buyer=NAME)
    shop.pay("2026-11-20 09:30", "A-1", "60.00")

    def erase() -> None:
        """Erase the buyer, in a thread of its own."""
        try:
            erasures.erase_buyer(buyer=NAME, reason=WHY, actor=boss, now=NOW)
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic():
            lines.lock(shop.line.pk, now=NOW)
            asked = pool.submit(erase)
            until(is_waited_for, 60)  # it has seen that nothing is owed
            orders.place(
                merchant_id=shop.line.pk, reference="A-2", buyer=NAME, amount=usd(5), now=NOW
            )
        with pytest.raises(BuyerOwes, match="1 of this buyer's orders, such as A-2"):
            asked.result(60)
    assert set(Order.objects.values_list("buyer", flat=True)) == {NAME}
    assert not Erasure.objects.exists()


@pytest.mark.full  # nothing is left, above
def test_views_of_lists_that_ask_for_the_buyer_go(boss: User) -> None:
    shop, _ = nattaya_has_bought()
    person = member(shop)
    views = {"Hers": {"buyer": NAME, "by": "due_on"}, "Others": {"buyer": f"{NAME}-2"}, "All": {}}
    for name, asked in views.items():
        saved_views.save(
            membership_id=person.memberships.get().pk,
            page="credit:orders",
            name=name,
            query=urlencode(asked),
            now=NOW,
        )
    saved_views.save(
        membership_id=person.memberships.get().pk,
        page="credit:buyers",
        name="Searched",
        query=urlencode({"name": NAME}),
        now=NOW,
    )
    erasures.erase_buyer(buyer=NAME, reason=WHY, actor=boss, now=NOW)
    assert set(SavedView.objects.values_list("name", flat=True)) == {"Others", "All"}
