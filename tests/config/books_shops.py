"""Shops whose books have something to say under every name of docs/books.schema.json."""

from datetime import date
from decimal import Decimal
from io import StringIO
from itertools import count
from typing import Any

import pytest
from django.core.management import call_command
from moneyed import Money

from billing.operations import prices
from credit.operations import freezes, limits, requests
from merchants.models.merchants import ProfilePart
from merchants.operations import profiles
from tests import shops
from tests.billing import by_hand, deciding
from tests.config import audited_spring
from tests.credit import unmatching, withdrawing
from tests.factories import (
    CreditRequestFactory,
    FreezeFactory,
    OrderFactory,
    PayoutScheduleFactory,
    ProfileFactory,
    QuestionFactory,
    RaiseRequestFactory,
    TransferFactory,
    WithdrawalFactory,
)
from tests.routes import full_shop
from tests.shops import Shop

OPERATOR = "olga@tael.example"
OWNER = "mei@violet.example"


def rich(patch: pytest.MonkeyPatch) -> list[Shop]:
    """Six merchants whose histories are the same each time, whatever was lived through before."""
    for module in (shops, withdrawing, deciding):
        patch.setattr(module, "_numbers", count(1))
    for factory in (OrderFactory, WithdrawalFactory, TransferFactory, CreditRequestFactory):
        factory.reset_sequence(1, force=True)
    # The bills of that spring have the numbers that it expects: one of the year came before.
    first = shops.join("2027-02-01 10:00", "first", plan_price="39.00", plan_interval_days=365)
    audited_spring.live()
    spring = [Shop(reference) for reference in ("linen", "wool", "jute")]
    return [first, *spring, full_shop(), violet()]


def told(*arguments: str) -> str:
    """What `manage.py books` says."""
    output = StringIO()
    call_command("books", *arguments, stdout=output)
    return output.getvalue()


def small() -> Shop:
    """A shop with one order, one charge, one bill; tests/config/books_of_a_small_shop.json is its
    books.
    """
    shop = shops.join("2026-11-01 10:00", "violet", timezone="Asia/Tokyo", plan_price="39.00")
    shop.place("2026-11-02 09:00", "A-1", "100.00", buyer="anna", instalments=3)
    shop.deliver("2026-11-03 09:00", "A-1")
    shop.pay("2026-11-04 09:00", "A-1", "33.33", "P-1")
    shop.charge("2026-11-05 09:00", "shipping-label", "7.25", "C-1", description="One dress")
    shop.run_jobs("2026-11-06 00:00")
    return shop


def violet() -> Shop:
    """A shop with all that the credit book has and the others do not."""
    shop = unmatching.shop_with_unmatched_cash(reference="violet", timezone="Asia/Tokyo")
    for kind, amount in (("apply", "30.00"), ("release", "12.00"), ("return", "5.00")):
        unmatching.settle(shop, kind, amount)
    shop.pay("2026-11-05 11:00", "nowhere", "9.00", "P-lost")
    shop.refund("2026-11-05 12:00", "A", "20.00", "R-1")
    shop.place("2026-11-05 13:00", "C", "40.00")
    shop.cancel("2026-11-05 14:00", "C")
    for hour in range(10, 15):
        shop.place(f"2026-11-06 {hour}:00", f"same-{hour}", "1.00", buyer="somebody")
    _people(shop)
    _by_hand(shop)
    withdrawing.add(shop, "2026-11-08 10:00")
    PayoutScheduleFactory.create(
        shop=shop, at="2026-11-09 10:00", every="WEEKLY", weekday=4, actor=OWNER
    )
    shop.run_jobs("2026-11-13 09:00")
    return shop


def _by_hand(shop: Shop) -> None:
    """Do what operators do by hand about a bill that they drew up themselves."""
    by_hand.charge(shop, "2026-11-08 08:00", "90.00")
    number = str(by_hand.draw_up(shop, "2026-11-08 08:00"))
    by_hand.move(shop, "2026-11-08 08:10", "2026-11-20", number)
    by_hand.pause(shop, "2026-11-08 08:20", "2026-11-25", number)
    by_hand.resume(shop, "2026-11-08 08:30", number)
    by_hand.waive(shop, "2026-11-08 08:40", "10.00", number)
    parts = (("2026-11-10", "40.00"), ("2026-12-10", "40.00"))
    by_hand.plan(shop, "2026-11-08 08:50", parts, number)


def _people(shop: Shop) -> None:
    """Write what the shop's owner and operators decided."""
    whose: dict[str, Any] = {"merchant_id": shop.merchant.pk}
    asked: dict[str, Any] = {"shop": shop, "at": "2026-11-07 10:00", "actor": OWNER}
    said: dict[str, Any] = {"actor": OPERATOR, "now": shop.at("2026-11-07 11:00")}
    request = RaiseRequestFactory.create(limit_wanted="9000.00", message="We grow.", **asked)
    requests.reject(request_id=request.pk, told="Too early.", reason="Too early.", **said)
    QuestionFactory.create(message="Why is it 5,000?", **asked)
    ProfileFactory.create(fields={"licence_number": "L-77"}, **asked)
    profiles.reject(
        part=ProfilePart.LICENCE, told="Not readable.", reason="Not readable.", **whose, **said
    )
    freeze = FreezeFactory.create(shop=shop, at="2026-11-07 11:00", actor=OPERATOR)
    freezes.lift(freeze_id=freeze.pk, note="all is well", **said)
    limits.set_limit(**whose, limit=Money("4000.00", "USD"), reason="Slower now.", **said)
    prices.introduce(
        **whose,
        fee="pick-pack",
        currency="USD",
        unit_price=Decimal("1.255"),
        from_on=date(2026, 12, 1),
        reason="As agreed.",
        **said,
    )
