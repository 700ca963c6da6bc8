"""Freezes: new orders are declined, open ones go on; each is lifted for itself."""

import pytest

from credit.models import Freeze, Order
from credit.operations import freezes
from credit.operations.freezes import AlreadyFrozen, AlreadyLifted
from lib.refusals import Invalid
from tests import shops
from tests.factories import FreezeFactory, browser_of, operator
from tests.text import text_of
from tests.unchanged import nothing_changes

pytestmark = pytest.mark.django_db

OPERATOR = "olga@tael.example"
AT = "2026-11-03 10:00"
REASONS = list(Freeze.Reason)


def freeze(shop: shops.Shop, reason: Freeze.Reason, note: str = "a look", at: str = AT) -> Freeze:
    return FreezeFactory.create(shop=shop, at=at, reason=reason, note=note)


def lift(shop: shops.Shop, one: Freeze, note: str = "all well", at: str = AT) -> Freeze:
    return freezes.lift(freeze_id=one.pk, actor=OPERATOR, note=note, now=shop.at(at))


def shop_with_orders() -> shops.Shop:
    """A shop with orders of 300.00 and 100.00."""
    shop = shops.join("2026-11-01 10:00")
    shop.place("2026-11-02 10:00", "A", "300.00")
    shop.place("2026-11-02 10:00", "B", "100.00")
    return shop


@pytest.mark.parametrize("reason", REASONS)
def test_a_frozen_line_declines_new_orders_whatever_the_reason(reason: Freeze.Reason) -> None:
    shop = shop_with_orders()
    freeze(shop, reason)
    assert shop.place(AT, "new", "1.00", buyer_risk=3) == "declined line_frozen"
    assert shop.limit() == ("5000.00", "400.00", "4600.00")


def test_nothing_but_a_freeze_suspends_a_merchant() -> None:
    """A freeze is the only reason to decline an order that is the platform's own decision."""
    assert [code.value for code in Order.Decline] == [
        "account_closed",  # for good
        "line_frozen",
        "paused_by_merchant",  # by the merchant itself, as the next one
        "above_own_cap",
        "buyer_risk",  # of this order
        "insufficient_credit",  # of this order
    ]


@pytest.mark.parametrize("reason", REASONS)
def test_open_orders_go_on_whatever_the_reason(reason: Freeze.Reason) -> None:
    shop = shop_with_orders()
    freeze(shop, reason)
    assert shop.ship(AT, "A") == "applied"
    assert shop.deliver(AT, "A") == "applied"
    assert shop.pay(AT, "A", "300.00") == "applied"
    refund = {"order": "A", "refund": "R", "amount": "50.00", "currency": "USD"}
    assert shop.send("order.refunded", AT, **refund) == "applied"
    assert shop.cancel(AT, "B") == "applied"
    assert (shop.limit()[1], shop.proceeds()) == ("0.00", "250.00")


@pytest.mark.parametrize("reason", [r for r in REASONS if r != Freeze.Reason.OVERDUE])
def test_neither_payments_nor_days_lift_what_a_person_placed(reason: Freeze.Reason) -> None:
    shop = shop_with_orders()
    freeze(shop, reason)
    shop.pay(AT, "A", "300.00")
    shop.run_jobs("2026-11-05 00:00")
    assert shop.frozen_by() == [reason]


def test_a_line_is_frozen_until_the_last_is_lifted() -> None:
    shop = shop_with_orders()
    placed = [freeze(shop, reason) for reason in REASONS]
    assert shop.frozen_by() == sorted(REASONS)
    for number, one in enumerate(placed):
        assert shop.place(AT, f"new-{number}", "1.00") == "declined line_frozen"
        lift(shop, one)
    assert (shop.frozen_by(), shop.line.freezes_in_force) == ([], 0)
    assert shop.place(AT, "new", "1.00") == "applied"


def test_it_keeps_who_when_and_why() -> None:
    shop = shop_with_orders()
    one = freeze(shop, Freeze.Reason.SUSPECTED_FRAUD, note="odd buyers")
    lift(shop, one, note="they exist", at="2026-11-04 10:00")
    kept = Freeze.objects.get()
    assert (kept.placed_by, kept.note, kept.placed_at) == (OPERATOR, "odd buyers", shop.at(AT))
    assert (kept.lifted_by, kept.lift_note) == (OPERATOR, "they exist")
    assert kept.lifted_at == shop.at("2026-11-04 10:00")


def test_an_overdue_freeze_that_an_operator_lifts_comes_back_the_next_day() -> None:
    shop = shops.join("2026-11-01 10:00", payment_days=0)
    shop.place("2026-11-02 10:00", "A", "1000.00")
    shop.deliver("2026-11-02 10:00", "A")
    shop.run_jobs("2026-11-03 00:00")
    lift(shop, Freeze.objects.get())
    assert shop.place("2026-11-03 11:00", "B", "1.00") == "applied"
    shop.run_jobs("2026-11-03 23:00")
    assert shop.frozen_by() == []
    shop.run_jobs("2026-11-04 00:00")
    assert shop.frozen_by() == ["OVERDUE"]
    assert Freeze.objects.count() == 2


@pytest.mark.parametrize("reason", REASONS)
def test_only_a_persons_reasons_can_be_in_force_twice(reason: Freeze.Reason) -> None:
    shop = shop_with_orders()
    freeze(shop, reason)
    if reason in (Freeze.Reason.OVERDUE, Freeze.Reason.UNPAID_BILL):
        with nothing_changes(), pytest.raises(AlreadyFrozen):
            freeze(shop, reason)
    else:
        freeze(shop, reason)
        assert shop.line.freezes_in_force == 2


def test_a_second_lifting_is_refused() -> None:
    shop = shop_with_orders()
    one = freeze(shop, Freeze.Reason.MANUAL)
    lift(shop, one)
    with nothing_changes(), pytest.raises(AlreadyLifted):
        lift(shop, one)
    assert shop.line.freezes_in_force == 0


@pytest.mark.parametrize("note", ["", "  "])
def test_without_a_note_nothing_is_placed_or_lifted(note: str) -> None:
    shop = shop_with_orders()
    one = freeze(shop, Freeze.Reason.MANUAL)
    with nothing_changes():
        with pytest.raises(Invalid, match="note"):
            freeze(shop, Freeze.Reason.MANUAL, note=note)
        with pytest.raises(Invalid, match="note"):
            lift(shop, one, note=note)


@pytest.mark.parametrize(
    ("reason", "said"),
    [
        ("OVERDUE", "comes back at the next day start while its cause holds"),
        (
            "UNPAID_BILL",
            "does not come back for bills whose day for it has come; another unpaid one freezes the"
            " line again on its own day",
        ),
        ("MANUAL", "stay in force. The merchant is told"),
    ],
)
def test_who_lifts_one_reads_whether_a_rule_places_it_again(reason: str, said: str) -> None:
    freeze = FreezeFactory.create(reason=reason)
    page = browser_of(operator("Credit officer")).get(
        f"/admin/credit/freeze/{freeze.pk}/decide/lift/"
    )
    assert said in " ".join(text_of(page).split())
