"""The worked examples of what money does once it is there, and what they leave out: retries, cards,
drafts, transfers, reversals, withdrawals and prices, with figures that were added up by hand.
"""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from .days import parse_instant
from .model import Model
from .shop import Shop, invoices, usd
from .withdrawals import Payouts


def by_jobs(joined: str = "2026-11-01T10:00:00", **data: Any) -> Shop:
    """A shop whose bills are collected, and whose withdrawals are sent, by jobs alone."""
    payouts = {"USD": Payouts(Decimal(1), Decimal("0.50"), 1, Decimal(400))}
    model = Model(jobs=True, payouts=payouts)
    return Shop(joined, "Z", model=model, currency="USD", timezone="UTC", **data)


def collected(state: dict[str, Any]) -> list[tuple[Any, ...]]:
    """Status, what was paid, and each attempt of each invoice."""
    return [
        (one["status"], one["paid"], [" ".join(attempt) for attempt in one["attempts"]])
        for one in state["collected"]
    ]


def test_8_refund_after_payout():
    shop = by_jobs()
    shop.place("2026-11-02T10:00:00", "a", "300.00")
    shop.pay("2026-11-02T10:00:00", "a", "300.00")
    shop.act("2026-11-02T10:00:00", "destination", "good")
    too_early = shop.act("2026-11-03T09:59:59", "withdraw", (0, Decimal(300)))
    assert too_early == ("rejected", "destination_not_usable")
    assert shop.act("2026-11-03T10:00:00", "withdraw", (0, Decimal(300))).kind == "applied"
    shop.run_jobs("2026-11-03T11:00:00")
    shop.refund("2026-11-04T10:00:00", "a", "120.00")
    state = shop.at("2026-11-05T10:00:00")
    assert state["withdrawals"] == [["300.00", "0.00", "PAID"]]  # the month's first is free
    assert state["proceeds"]["matured"] == "-120.00"
    assert state["withdrawable"] == "0.00"
    shop.place("2026-11-05T10:00:00", "b", "150.00")
    shop.pay("2026-11-05T10:00:00", "b", "150.00")
    assert shop.at("2026-11-05T10:00:00")["withdrawable"] == "30.00"


def test_12_periods():
    shop = usd(payment_method=None)
    shop.charge("2026-11-10T12:00:00", "app-usage", "15.00")
    shop.charge("2026-11-12T15:00:00", "shipping-label", "210.00")
    shop.at("2026-11-14T10:00:00")
    assert shop.act("2026-11-14T10:00:00", "void").kind == "applied"
    shop.charge("2026-11-15T10:00:00", "pick-pack", "1.00")
    shop.charge("2026-11-20T10:00:00", "shipping-label", "20.00")
    state = shop.at("2026-12-01T00:00:00")
    assert [
        (b["kind"], b["total"], b["status"], b["period_start"], b["period_end"])
        for b in state["bills"]
    ] == [
        ("SUBSCRIPTION", "39.00", "OPEN", "2026-11-01", "2026-11-30"),
        ("THRESHOLD", "225.00", "VOID", "2026-11-01", "2026-11-12"),
        ("THRESHOLD", "226.00", "OPEN", "2026-11-01", "2026-11-15"),
        ("SUBSCRIPTION", "59.00", "OPEN", "2026-11-16", "2026-11-30"),
    ]


def test_13_minimum():
    shop = usd(plan_price="0", plan_interval_days=365)
    shop.act("2026-11-01T10:00:00", "method", "stripe")
    shop.charge("2026-11-05T10:00:00", "pick-pack", "0.30")
    assert invoices(shop.at("2026-12-01T00:00:00")) == []
    shop.charge("2026-12-05T10:00:00", "pick-pack", "0.25")
    assert invoices(shop.at("2026-12-31T00:00:00")) == [("CYCLE", "2026-12-31", "0.55")]


def test_14_unapplied():
    shop = by_jobs(payment_method=None, plan_price="100")
    sent = ("bank-1", 0, Decimal(150))
    assert shop.act("2026-11-03T10:00:00", "transfer", sent).kind == "applied"
    assert shop.act("2026-11-03T11:00:00", "transfer", sent).kind == "applied"  # known: nothing
    state = shop.at("2026-11-04T00:00:00")
    assert collected(state) == [("PAID", "100.00", ["manual SUCCEEDED 100.00"])]
    assert state["unapplied"] == [["RECEIVED", "50.00"]]
    shop.act("2026-11-04T10:00:00", "plan", (Decimal(39), 30))
    state = shop.at("2026-12-01T00:00:00")
    assert collected(state)[1] == ("PAID", "39.00", ["unapplied SUCCEEDED 39.00"])
    assert state["unapplied"] == [["RECEIVED", "50.00"], ["USED", "-39.00"]]
    back = ("back-1", Decimal("11.01"))
    assert shop.act("2026-12-02T10:00:00", "give back", back).code == "more_than_is_unapplied"
    assert shop.act("2026-12-02T10:00:00", "give back", ("back-1", Decimal(11))).kind == "applied"


def test_15_reversal():
    shop = by_jobs(plan_price="0", billing_threshold="200")
    shop.act("2026-11-01T10:00:00", "card", "good")
    shop.charge("2026-11-02T10:00:00", "pick-pack", "250.00")
    shop.run_jobs("2026-11-02T11:00:00")
    shop.act("2026-11-05T10:00:00", "take back", (0, True, None))
    state = shop.at("2026-11-05T10:00:00")
    assert state["reversals"] == [["250.00", "0.00", "RECORDED", False]]
    assert state["bills"][0]["status"] == "PAID"
    shop.act("2026-11-06T10:00:00", "charge reversal")
    state = shop.at("2026-11-06T10:00:00")
    assert invoices(state)[1:] == [("THRESHOLD", "2026-11-06", "250.00")]
    assert state["line"]["frozen"] == []
    shop.run_jobs("2026-11-06T11:00:00")  # the card is disputed: it is not asked again
    state = shop.at("2026-11-06T11:00:00")
    assert collected(state)[1] == ("OPEN", "0.00", ["sandbox FAILED 250.00"])
    assert state["line"]["frozen"] == ["UNPAID_BILL"]
    shop.act("2026-11-07T10:00:00", "win dispute", 0)
    state = shop.at("2026-11-07T10:00:00")
    assert state["reversals"] == [["250.00", "0.00", "CHARGED", True]]
    assert collected(state)[1][:2] == ("PAID", "250.00")
    assert state["line"]["frozen"] == []


def test_16_two_clocks():
    shop = usd()
    shop.charge("2026-11-02T10:00:01.000", "pick-pack", "1.00")
    shop.charge("2026-11-02T10:00:00.997", "pick-pack", "1.00")
    assert shop.model.merchants["m"].clock == parse_instant("2026-11-02T10:00:01.000Z")
    shop.at("2026-11-10T00:00:00")
    shop.charge("2026-11-09T23:59:59.9", "pick-pack", "250.00")
    assert invoices(shop.at("2026-11-10T00:00:00"))[1:] == [("THRESHOLD", "2026-11-10", "252.00")]


def test_17_own_cap():
    shop = usd(credit_limit="5000")
    shop.act("2026-11-02T10:00:00", "caps", (Decimal(1000), None))
    assert shop.place("2026-11-02T10:00:00", "a", "1000.00").kind == "applied"
    assert shop.place("2026-11-02T10:00:00", "b", "1000.01") == ("declined", "above_own_cap")


def good_marks(shop: Shop, at: str) -> None:
    """The shop has good metrics."""
    shop.send(
        "shop.metrics", at, rating="4.8", listing_quality=80, profile_completeness=100,
        after_sales=90,
    )  # fmt: skip


def test_18_a_raise_that_waits():
    shop = usd(credit_limit="15000")
    shop.place("2026-11-02T10:00:00", "a", "15000.00")
    shop.pay("2026-11-02T10:00:00", "a", "15000.00")
    shop.place("2026-11-02T11:00:00", "b", "15000.00")
    shop.pay("2026-11-02T11:00:00", "b", "15000.00")
    good_marks(shop, "2026-11-03T10:00:00")
    (review,) = shop.at("2026-12-01T00:00:00")["reviews"]
    assert (review["outcome"], review["limit_after"]) == ("WAITING", "15000.00")
    shop.act("2026-12-01T10:00:00", "limit", Decimal(5000))
    shop.act("2026-12-02T10:00:00", "limit", Decimal(15000))
    assert shop.at("2026-12-02T10:00:00")["reviews"][0]["outcome"] == "VOID"
    assert shop.act("2026-12-02T10:00:00", "raise", True).code == "none"


def test_a_raise_gives_what_is_possible_by_then():
    shop = usd(credit_limit="15000")
    for order in "ab":
        shop.place("2026-11-02T10:00:00", order, "15000.00")
        shop.pay("2026-11-02T10:00:00", order, "15000.00")
    good_marks(shop, "2026-11-03T10:00:00")
    shop.at("2026-12-01T00:00:00")
    shop.refund("2026-12-02T10:00:00", "a", "4000.00")
    assert shop.act("2026-12-03T10:00:00", "raise", True).kind == "applied"
    assert shop.at("2026-12-03T10:00:00")["line"]["limit"] == "26000.00"


@pytest.mark.parametrize(("day", "frozen"), [("06", []), ("07", ["UNPAID_BILL"])])
def test_a_freeze_of_a_bill_that_was_not_late_is_over_though_another_is_open(day, frozen):
    """It was due on the 6th, failed on the 6th, and then froze the line at once."""
    shop = by_jobs(plan_price="0", billing_threshold="200")
    shop.act("2026-11-01T10:00:00", "card", "good")
    shop.charge("2026-11-02T10:00:00", "pick-pack", "250.00")
    shop.run_jobs("2026-11-02T11:00:00")
    shop.act("2026-11-05T10:00:00", "take back", (0, True, None))
    shop.act("2026-11-06T10:00:00", "charge reversal")
    shop.run_jobs("2026-11-06T11:00:00")
    assert shop.at("2026-11-06T11:00:00")["line"]["frozen"] == ["UNPAID_BILL"]
    shop.charge("2026-11-06T11:30:00", "pick-pack", "210.00")
    shop.act(f"2026-11-{day}T12:00:00", "card", "good")  # the choice tries the oldest at once
    state = shop.at(f"2026-11-{day}T12:00:00")
    assert [one["status"] for one in state["bills"]] == ["PAID", "PAID", "OPEN"]
    assert state["line"]["frozen"] == frozen


def test_a_card_without_funds_is_tried_1_3_5_and_7_days_after_it_first_failed():
    shop = by_jobs()
    shop.act("2026-11-01T10:00:00", "card", "short")
    for day in range(1, 20):
        shop.run_jobs(f"2026-11-{day:02}T11:00:00")
        if day == 3:  # a person's try uses up none
            assert shop.act("2026-11-03T12:00:00", "pay now", 0).kind == "applied"
    (invoice,) = shop.model.merchants["m"].account.invoices
    days = [attempt.at.day for attempt in invoice.attempts if not attempt.by_person]
    # The choice tried it at 10:00, so each retry is due an hour before a job.
    assert days == [1, 2, 4, 6, 8]
    assert invoice.next_attempt_at is None
    shop.act("2026-11-20T10:00:00", "card", "good")
    assert shop.at("2026-11-20T10:00:00")["bills"][0]["status"] == "PAID"


def test_a_decline_for_good_waits_and_freezes_28_days_later():
    shop = by_jobs()
    shop.act("2026-11-01T10:00:00", "card", "refused")
    assert shop.at("2026-11-28T23:59:59")["line"]["frozen"] == []
    shop.run_jobs("2026-11-28T23:59:59")
    state = shop.at("2026-11-29T00:00:00")
    assert state["line"]["frozen"] == ["UNPAID_BILL"]
    assert collected(state) == [("OPEN", "0.00", ["sandbox FAILED 39.00"])]


def test_what_never_arrived_is_asked_again_under_its_key_ten_minutes_later():
    shop = by_jobs()
    shop.act("2026-11-01T10:00:00", "card", "lost")
    shop.run_jobs("2026-11-01T10:09:59")
    sent = ("bank-1", 0, Decimal(39))
    assert shop.act("2026-11-01T10:09:59", "transfer", sent).code == "payment_under_way"
    shop.run_jobs("2026-11-01T10:10:00")
    assert collected(shop.at("2026-11-01T10:10:00")) == [
        ("PAID", "39.00", ["sandbox SUCCEEDED 39.00"])
    ]


def test_a_draft_is_due_from_its_issue_and_holds_its_items():
    shop = by_jobs(payment_method=None, plan_price="0")
    shop.act("2026-11-01T10:00:00", "review bills", True)
    shop.charge("2026-11-02T10:00:00", "pick-pack", "250.00")
    state = shop.at("2026-11-05T10:00:00")
    assert (state["bills"][0]["status"], state["account"]["outstanding"]) == ("DRAFT", "0.00")
    shop.act("2026-11-05T10:00:00", "issue draft")
    assert shop.at("2026-11-11T23:00:00")["collected"][0]["failed_on"] is None
    invoice = shop.at("2026-11-12T00:00:00")["collected"][0]
    assert (invoice["due_on"], invoice["failed_on"]) == ("2026-11-12", "2026-11-12")
    shop.charge("2026-11-13T10:00:00", "pick-pack", "200.00")
    shop.act("2026-11-13T11:00:00", "send back")
    state = shop.at("2026-11-13T12:00:00")
    assert [one["status"] for one in state["bills"]] == ["OPEN", "VOID"]
    assert state["account"]["outstanding"] == "200.00"


def test_fees_are_on_top_and_a_days_sum_above_the_limit_waits():
    shop = by_jobs(credit_limit="5000")
    shop.place("2026-11-02T10:00:00", "a", "1000.00")
    shop.pay("2026-11-02T10:00:00", "a", "1000.00")
    shop.act("2026-11-02T10:00:00", "destination", "good")
    for amount in ("300", "100", "0.01"):
        shop.act("2026-11-04T10:00:00", "withdraw", (0, Decimal(amount)))
    state = shop.at("2026-11-04T10:00:00")
    # The first of the month is free; 1 % and 0.50 of the others.
    assert state["withdrawals"] == [
        ["300.00", "0.00", "REQUESTED"],
        ["100.00", "1.50", "REQUESTED"],
        ["0.01", "0.50", "REQUESTED"],
    ]
    assert state["withdrawable"] == "597.99"
    shop.run_jobs("2026-11-04T11:00:00")
    state = shop.at("2026-11-04T11:00:00")
    assert [status for *_, status in state["withdrawals"]] == ["PAID", "PAID", "REQUESTED"]
    shop.act("2026-11-04T12:00:00", "end withdrawal", "REJECTED")
    assert shop.at("2026-11-04T12:00:00")["withdrawable"] == "598.50"


def test_by_itself_all_goes_that_leaves_room_for_the_fee():
    shop = by_jobs(credit_limit="5000")
    shop.act("2026-11-02T10:00:00", "destination", "refused")
    shop.act("2026-11-02T10:00:00", "automatic", (0, None, Decimal(100)))
    shop.place("2026-11-02T10:00:00", "a", "203.52")
    shop.pay("2026-11-02T10:00:00", "a", "203.52")
    shop.act("2026-11-03T10:00:00", "withdraw", (0, Decimal(1)))  # the month's free one
    shop.run_jobs("2026-11-03T10:00:00")
    state = shop.at("2026-11-03T11:00:00")
    # 200.03 and their 2.50 would be a cent more than the 202.52 that are left.
    assert state["withdrawals"][0] == ["1.00", "0.00", "FAILED"]
    assert state["withdrawals"][1] == ["200.02", "2.50", "FAILED"]
    assert state["withdrawable"] == "203.52"


def test_a_lost_withdrawal_to_a_removed_destination_fails():
    shop = by_jobs(credit_limit="5000")
    shop.place("2026-11-02T10:00:00", "a", "100.00")
    shop.pay("2026-11-02T10:00:00", "a", "100.00")
    shop.act("2026-11-02T10:00:00", "destination", "lost")
    shop.act("2026-11-04T10:00:00", "withdraw", (0, Decimal(100)))
    shop.run_jobs("2026-11-04T10:00:00")
    assert shop.at("2026-11-04T10:00:00")["withdrawals"] == [["100.00", "0.00", "UNKNOWN"]]
    shop.act("2026-11-04T10:05:00", "remove destination", 0)
    shop.run_jobs("2026-11-04T10:10:00")
    state = shop.at("2026-11-04T10:10:00")
    assert state["withdrawals"] == [["100.00", "0.00", "FAILED"]]
    assert state["withdrawable"] == "100.00"


def test_unmatched_cash_is_settled_in_parts():
    shop = by_jobs(credit_limit="5000")
    shop.place("2026-11-02T10:00:00", "a", "100.00")
    assert shop.pay("2026-11-02T11:00:00", "a", "130.00", "P").code == "overpayment"
    over = ("APPLIED", 0, Decimal("100.01"), "a")
    assert shop.act("2026-11-03T10:00:00", "settle", over).code == "overpayment"
    shop.act("2026-11-03T10:00:00", "settle", ("APPLIED", 0, Decimal(100), "a"))
    shop.act("2026-11-03T10:00:00", "settle", ("RELEASED", 0, Decimal(20), ""))
    more = ("RETURNED", 0, Decimal("10.01"), "")
    assert shop.act("2026-11-03T10:00:00", "settle", more).code == "more_than_is_left"
    shop.act("2026-11-03T10:00:00", "settle", ("RETURNED", 0, None, ""))
    assert shop.act("2026-11-03T10:00:00", "settle", ("RETURNED", 0, None, "")).code == "none"
    state = shop.at("2026-11-03T10:00:00")
    assert (state["orders"]["a"]["status"], state["settled"]) == ("PAID", {"P": "130.00"})
    assert state["proceeds"]["matured"] == "120.00"


def test_a_price_holds_from_its_day_and_ones_own_goes_first():
    shop, model = usd(billing_threshold="1000"), Model()
    model = shop.model
    now = parse_instant("2026-11-02T10:00:00Z")
    assert now is not None

    def price(figure: str | None, day: int, merchant: str | None) -> str | None:
        exact = None if figure is None else Decimal(figure)
        on = date(2026, 11, day)
        return model.set_price("pick-pack", "USD", exact, on, merchant, now).code

    def charge(at: str, quantity: str) -> None:
        shop.send(
            "charge.recorded", at, charge=at, fee="pick-pack", request="r", quantity=quantity,
            currency="USD",
        )  # fmt: skip

    assert price("0.333333", 1, None) == "by two"  # nothing can have been priced before
    assert price("0.5", 2, None) == "price_of_the_past"  # it is the third already, in UTC+14
    assert price("0.25", 2, "m") == "by two"
    assert price(None, 4, "m") == "by two"
    charge("2026-11-02T10:00:00", "10")  # 2.50
    charge("2026-11-03T10:00:00", "1.5")  # 0.375
    charge("2026-11-04T10:00:00", "3")  # 0.999999
    state = shop.at("2026-11-05T00:00:00")
    assert state["account"]["outstanding"] == "3.88"
