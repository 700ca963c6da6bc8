"""Orders that look made up or got lost are flagged for an operator; nothing else happens."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from django.db import connection

from config.timetable import TIMETABLE
from credit.models import OrderFlag
from credit.operations import flags
from credit.queries.flags import lines_with_orders_to_flag
from lib.refusals import AlreadyDecided, Invalid
from tests import shops
from tests.shops import Shop, instant
from tests.unchanged import nothing_changes

pytestmark = pytest.mark.django_db

OFFICER = "officer@tael.example"
DECIDED = instant("2026-11-05 09:00")


def look(at: str) -> None:
    """Run the job that raises flags."""
    (job,) = (job for job in TIMETABLE if job.name == "order-flags")
    job.run_here(instant(at))


def place(shop: Shop, *times: str, buyer: str = "Somchai", amount: str = "10.00") -> None:
    """Place an order of the buyer's at each of these instants."""
    for at in times:
        number = shop.line.orders.count() + 1
        shop.place(at, f"order-{number}", amount, buyer=buyer)


def found() -> list[tuple[str, str, int]]:
    """Kind, cause, and how many orders are the evidence, of each flag."""
    return [
        (flag.kind, flag.cause, len(flag.evidence)) for flag in OrderFlag.objects.order_by("pk")
    ]


def many(day: str, orders: int, buyer: str = "Somchai") -> tuple[str, str, int]:
    """The flag for so many orders of one buyer, whose run begins on this day: kind, cause,
    orders.
    """
    return ("MANY_FROM_ONE_BUYER", f"{day} {buyer}", orders)


@pytest.fixture
def shop() -> Shop:
    """A shop that has just joined."""
    return shops.join("2026-11-01 00:00", credit_limit="5000.00")


FIVE = [f"2026-11-02 {hour}:00" for hour in (10, 11, 12, 13, 14)]

# --- many orders of one buyer -----------------------------------------------------------------


def test_five_orders_of_one_buyer_within_a_day_are_flagged_with_the_evidence(shop: Shop) -> None:
    place(shop, *FIVE[:4], amount="1200.00")
    place(shop, FIVE[4], amount="1200.00")  # over the limit: declined, and counted
    look("2026-11-03 00:00")
    flag = OrderFlag.objects.get()
    assert found() == [many("2026-11-02", 5)]
    assert (flag.buyer, flag.at, flag.status) == ("Somchai", instant("2026-11-03 00:00"), "OPEN")
    assert flag.evidence[0] == {
        "order": "order-1",
        "buyer": "Somchai",
        "placed_at": "2026-11-02T10:00:00+00:00",
        "shipped_at": None,
        "amount": "1200.00",
        "currency": "USD",
        "status": "OPEN",
    }
    assert [order["status"] for order in flag.evidence] == ["OPEN"] * 4 + ["DECLINED"]
    assert shop.frozen_by() == []
    assert shop.place("2026-11-03 09:00", "next", "10.00") == "applied"


def test_four_orders_or_five_of_several_buyers_or_shops_are_not(shop: Shop) -> None:
    other = shops.join("2026-11-01 00:00", "other")
    place(shop, *FIVE[:4])
    place(shop, FIVE[4], buyer="Malee")
    place(other, FIVE[4])
    look("2026-11-03 00:00")
    assert found() == []


def test_the_24_hours_slide_and_end_before_the_same_time_of_the_next_day(shop: Shop) -> None:
    place(shop, "2026-11-02 20:00", *[f"2026-11-03 0{hour}:00" for hour in range(3)])
    place(shop, "2026-11-03 20:00")
    look("2026-11-04 00:00")
    assert found() == []
    place(shop, "2026-11-03 23:59")
    look("2026-11-04 00:00")
    assert found() == [many("2026-11-03", 5)]


def test_orders_one_second_less_than_a_day_apart(shop: Shop) -> None:
    place(shop, *["2026-11-02 20:00"] * 4, "2026-11-03 19:59:59")
    look("2026-11-04 00:00")
    assert found() == [many("2026-11-02", 5)]


def test_one_cause_is_flagged_once_however_often_and_late_one_looks(shop: Shop) -> None:
    place(shop, *FIVE)
    for day in range(3, 9):
        look(f"2026-11-0{day} 00:00")
    assert found() == [many("2026-11-02", 5)]
    assert OrderFlag.objects.get().at == instant("2026-11-03 00:00")


def test_a_week_without_a_look_loses_nothing_and_old_orders_are_left_alone(shop: Shop) -> None:
    place(shop, *FIVE)
    look("2026-11-10 09:59")
    assert found() == [many("2026-11-02", 5)]
    other = shops.join("2026-11-01 00:00", "other")
    place(other, *FIVE)
    look("2026-11-10 10:01")
    assert found() == [many("2026-11-02", 5)]


def test_the_day_of_the_cause_is_the_merchants(shop: Shop) -> None:
    bangkok = shops.join("2026-11-01 00:00", "bangkok", timezone="Asia/Bangkok")
    place(bangkok, *[f"2026-11-03 0{hour}:30" for hour in range(5)])  # the day before in UTC
    look("2026-11-04 00:00")
    assert found() == [many("2026-11-03", 5)]


def test_more_orders_of_a_burst_join_the_evidence_until_somebody_has_decided(shop: Shop) -> None:
    place(shop, *FIVE)
    look("2026-11-02 15:00")
    place(shop, "2026-11-02 16:00")
    look("2026-11-02 17:00")
    assert found() == [many("2026-11-02", 6)]
    flags.dismiss(
        flag_id=OrderFlag.objects.get().pk, actor=OFFICER, reason="A wholesaler.", now=DECIDED
    )
    place(shop, "2026-11-02 18:00")
    look("2026-11-03 00:00")
    assert found() == [many("2026-11-02", 6)]
    assert OrderFlag.objects.get().status == "DISMISSED"


def test_orders_still_to_come_are_not_seen(shop: Shop) -> None:
    place(shop, *FIVE)
    look("2026-11-02 13:30")
    assert found() == []


# --- shipped, not delivered -------------------------------------------------------------------


def test_an_order_shipped_60_days_ago_and_not_delivered_is_flagged_once(shop: Shop) -> None:
    shop.place("2026-11-02 10:00", "A", "10.00")
    shop.ship("2026-11-02 12:00", "A")
    look("2027-01-01 11:59")
    assert found() == []
    look("2027-01-01 12:00")
    look("2027-01-02 00:00")
    assert found() == [("NOT_DELIVERED", "A", 1)]
    flag = OrderFlag.objects.get()
    assert (flag.buyer, flag.evidence[0]["shipped_at"]) == ("Somchai", "2026-11-02T12:00:00+00:00")
    assert shop.order("A") == ("OPEN", "10.00")
    assert lines_with_orders_to_flag(instant("2027-01-02 00:00")) == []


def test_orders_that_arrived_or_hold_nothing_any_more_are_not(shop: Shop) -> None:
    for order in ("delivered", "paid", "cancelled", "not shipped"):
        shop.place("2026-11-02 10:00", order, "10.00")
        if order != "not shipped":
            shop.ship("2026-11-02 12:00", order)
    shop.deliver("2026-12-31 10:00", "delivered")
    shop.pay("2026-12-31 10:00", "paid", "10.00")
    shop.cancel("2026-12-31 10:00", "cancelled")
    look("2027-01-05 00:00")
    assert found() == []


# --- what an operator makes of it -------------------------------------------------------------


@pytest.mark.parametrize(
    ("decide", "status"), [(flags.dismiss, "DISMISSED"), (flags.confirm, "CONFIRMED")]
)
def test_an_operator_decides_once_with_a_reason_and_nothing_is_frozen(
    shop: Shop, decide: Callable[..., OrderFlag], status: str
) -> None:
    place(shop, *FIVE)
    look("2026-11-03 00:00")
    pk = OrderFlag.objects.get().pk
    with nothing_changes():
        with pytest.raises(Invalid, match="reason: is missing"):
            decide(flag_id=pk, actor=OFFICER, reason=" ", now=DECIDED)
        with pytest.raises(Invalid, match="reason: must not be longer"):
            decide(flag_id=pk, actor=OFFICER, reason="x" * 501, now=DECIDED)
        with pytest.raises(flags.UnknownFlag):
            decide(flag_id=pk + 1, actor=OFFICER, reason="Seen.", now=DECIDED)
    flag = decide(flag_id=pk, actor=OFFICER, reason="Asked the shop.", now=DECIDED)
    assert (flag.status, flag.decided_by, flag.decided_at, flag.reason) == (
        status,
        OFFICER,
        DECIDED,
        "Asked the shop.",
    )
    assert shop.frozen_by() == []
    with nothing_changes():
        for again in (flags.dismiss, flags.confirm):
            with pytest.raises(AlreadyDecided):
                again(flag_id=pk, actor="other@tael.example", reason="No.", now=DECIDED)


@pytest.mark.full  # however often one looks, above
@pytest.mark.django_db(transaction=True)
def test_four_runs_at_once_flag_once() -> None:
    for reference in ("a", "b", "c"):
        place(shops.join("2026-11-01 00:00", reference), *FIVE)
    now = instant("2026-11-03 00:00")
    lines = lines_with_orders_to_flag(now)
    ready = Barrier(4)

    def run(_: int) -> None:
        """Raise flags, once all are ready."""
        try:
            connection.ensure_connection()
            ready.wait()
            flags.raise_flags(lines, now=now)
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(run, range(4)))
    assert found() == [many("2026-11-02", 5)] * 3
