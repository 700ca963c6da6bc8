"""What a merchant is told of its limit: why it is what it is, and what would go through."""

from decimal import Decimal

import pytest
from moneyed import Money

from credit.operations import limits
from credit.queries import acceptance, explanation, exposure
from credit.queries.acceptance import Acceptance
from lib.refusals import Refused
from tests import shops
from tests.amounts import usd
from tests.credit.reviewing import DECEMBER, OPERATOR, latest, metrics, shop_with
from tests.factories import FreezeFactory

pytestmark = pytest.mark.django_db

AT = "2026-11-10 10:00"


def test_it_says_what_each_factor_gives_and_what_the_next_grade_takes() -> None:
    shop = shop_with("1000.00", ("4.4", "60", "80", "85"))
    found = explanation.of_line(shop.line)
    assert found is not None
    assert (found.score, found.grade, str(found.on)) == (Decimal("50.416667"), "C", "2026-12-01")
    assert [(factor.name, factor.value, factor.points) for factor in found.factors] == [
        ("volume", Decimal(1000), Decimal("1.666667")),
        ("rating", Decimal("4.4"), Decimal(15)),
        ("listing", Decimal(60), Decimal(9)),
        ("profile", Decimal(80), Decimal(12)),
        ("after_sales", Decimal(85), Decimal("12.75")),
    ]
    assert (found.costliest.name, found.costliest.missing) == ("volume", Decimal("23.333333"))
    assert (found.next_grade, found.points_to_next_grade) == ("B", Decimal("14.583333"))
    assert (found.limit, found.limit_then, found.status) == (usd("5000"), usd("5000"), "UNCHANGED")


def test_the_next_review_does_what_was_said_when_nothing_changes() -> None:
    shop = shop_with("12000.00", ("4.8", "80", "100", "90"))
    said = explanation.of_line(shop.line)
    assert said is not None
    assert (said.grade, said.next_grade, said.points_to_next_grade) == ("A", None, None)
    shop.run_jobs(DECEMBER)
    done = latest(shop)
    assert (said.score, said.grade, said.status) == (done.score, done.grade, done.status)
    assert said.limit_then == done.limit_proposed == usd("10000")


def test_what_is_paid_counts_at_once_and_on_the_days_after_like_in_the_review() -> None:
    """1,000.00 came before; then 40.00 of the 10th of November and 2.00 of the 11th."""
    shop = shop_with("1000.00", ("4.4", "60", "80", "85"))
    paid = []
    for day, amount in (("10", "40.00"), ("11", "2.00")):
        found = explanation.of_line(shop.line)
        assert found is not None
        shop.run_jobs(f"2026-11-{day} 00:00")
        shop.place(f"2026-11-{day} 10:00", day, amount)
        shop.pay(f"2026-11-{day} 11:00", day, amount)
        for _twice in range(2):
            found = explanation.of_line(shop.line)
            assert found is not None
            paid.append(next(one.value for one in found.factors if one.name == "volume"))
    assert paid == [Decimal(1040), Decimal(1040), Decimal(1042), Decimal(1042)]
    shop.run_jobs(DECEMBER)
    assert latest(shop).paid == usd("1042")


def test_only_what_is_overdue_now_is_in_the_way_of_a_raise() -> None:
    shop = shop_with("12000.00", ("4.8", "80", "100", "90"))
    shop.place(AT, "A", "300.00")
    shop.deliver(AT, "A")  # due on 20 November
    found = explanation.of_line(shop.line)
    assert found is not None
    assert (found.limit_then, found.is_blocked_by_overdue) == (usd("10000"), False)
    shop.run_jobs("2026-11-21 00:00")
    found = explanation.of_line(shop.line)
    assert found is not None
    assert (found.limit_then, found.is_blocked_by_overdue) == (usd("5000"), True)
    assert (found.overdue, found.once_paid) == (usd("300"), usd("10000"))
    # A freeze of another reason stays in the way, one for what is overdue would be lifted.
    FreezeFactory.create(shop=shop, at="2026-11-21 10:00", actor=OPERATOR, note="look")
    found = explanation.of_line(shop.line)
    assert found is not None
    assert found.once_paid == usd("5000")


def test_who_is_overdue_is_not_counted_on_to_pay() -> None:
    """300.00 are overdue, 200.00 due on the 30th, 500.00 not delivered."""
    shop = shops.join("2026-11-01 10:00", credit_limit="3000.00")
    for order, amount, day in (("A", "300.00", "10"), ("B", "200.00", "20")):
        shop.place(AT, order, amount)
        shop.deliver(f"2026-11-{day} 10:00", order)
    shop.place(AT, "C", "2500.00")
    shop.run_jobs("2026-11-21 00:00")
    answers = [
        acceptance.would_accept(shop.line, usd(amount)) for amount in ("200", "300", "500.01")
    ]
    assert [(str(one.possible_on), one.overdue, one.overdue_is_enough) for one in answers] == [
        ("2026-11-30", usd("300"), True),
        ("None", usd("300"), True),
        ("None", usd("300"), False),
    ]


def test_a_line_that_would_not_be_reviewed_has_no_explanation() -> None:
    assert explanation.of_line(shops.join(AT).line) is None
    kuwait = shops.join(AT, "kuwait", currency="KWD")
    metrics(kuwait, AT, "4.8", "80", "80", "80")
    assert explanation.of_line(kuwait.line) is None


def test_an_order_would_be_accepted_up_to_what_is_available() -> None:
    shop = shops.join("2026-11-01 10:00", credit_limit="1000.00")
    shop.place(AT, "A", "400.00")
    assert acceptance.would_accept(shop.line, usd("600.00")) == Acceptance(True)
    refused = acceptance.would_accept(shop.line, usd("600.01"))
    # A is not delivered: nobody knows when it will be paid.
    assert refused == Acceptance(False, "insufficient_credit", None, usd("0.01"))


def test_what_is_missing_is_all_that_has_to_come_back_where_more_is_used_than_the_limit() -> None:
    """4,000.00 of a limit of 3,000.00 are used, and 1,500.00 come back on 20 November."""
    shop = shops.join("2026-11-01 10:00", credit_limit="4000.00")
    shop.place(AT, "A", "2500.00")
    shop.place(AT, "B", "1500.00")
    shop.deliver(AT, "B")
    limits.set_limit(
        merchant_id=shop.line.pk, limit=usd("3000"), reason="Fewer sales.", actor=OPERATOR,
        now=shop.at("2026-11-10 11:00"),
    )  # fmt: skip
    assert shop.line.available == usd("0")
    refused = acceptance.would_accept(shop.line, usd("100.00"))
    assert (refused.missing, str(refused.possible_on)) == (usd("1100.00"), "2026-11-20")


def test_it_says_on_which_due_date_enough_is_back() -> None:
    shop = shops.join("2026-11-01 10:00", credit_limit="1000.00")
    shop.place(AT, "A", "300.00", instalments=3)
    shop.place(AT, "B", "700.00")
    shop.deliver(AT, "A")  # due on 20 November, 20 December, 19 January
    possible = [
        str(acceptance.would_accept(shop.line, usd(amount)).possible_on)
        for amount in ("100.00", "100.01", "200.00", "300.00", "300.01")
    ]
    assert possible == ["2026-11-20", "2026-12-20", "2026-12-20", "2027-01-19", "None"]


def test_a_frozen_line_would_accept_nothing() -> None:
    shop = shops.join("2026-11-01 10:00")
    FreezeFactory.create(shop=shop, at=AT, actor=OPERATOR, note="look")
    assert acceptance.would_accept(shop.line, usd("1")) == Acceptance(False, "line_frozen")


def test_another_currency_is_refused() -> None:
    with pytest.raises(Refused):
        acceptance.would_accept(shops.join(AT).line, Money(1, "EUR"))


def test_the_limit_hangs_on_buyers_and_their_risk() -> None:
    shop = shops.join("2026-11-01 10:00")
    shop.place(AT, "A", "300.00", buyer="anna", buyer_risk=1)
    shop.place(AT, "B", "100.00", buyer="ben", buyer_risk=2)
    shop.place(AT, "C", "100.00", buyer="anna", buyer_risk=2)
    shop.pay(AT, "A", "100.00")
    by_buyer = [(e.buyer, e.orders, e.outstanding, e.share) for e in exposure.by_buyer(shop.line)]
    assert by_buyer == [
        ("anna", 2, usd("300"), Decimal("0.75")),
        ("ben", 1, usd("100"), Decimal("0.25")),
    ]
    by_risk = [(e.buyer_risk, e.orders, e.outstanding) for e in exposure.by_risk(shop.line)]
    assert by_risk == [(1, 1, usd("200")), (2, 2, usd("200"))]


def test_of_very_many_open_orders_it_says_before_which_day_not_enough_is_back(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(acceptance, "MANY", 2)
    shop = shops.join("2026-11-01 10:00", credit_limit="1000.00")
    for order, amount, delivered in (("A", "300.00", 10), ("B", "200.00", 11), ("C", "500.00", 12)):
        shop.place(AT, order, amount)
        shop.deliver(f"2026-11-{delivered} 10:00", order)
    # Due on the 20th, 21st and 22nd: A and B are looked at.
    answers = [
        acceptance.would_accept(shop.line, usd(amount)) for amount in ("300.00", "500.00", "500.01")
    ]
    assert [(str(answer.possible_on), str(answer.not_before)) for answer in answers] == [
        ("2026-11-20", "None"),
        ("2026-11-21", "None"),
        ("None", "2026-11-21"),
    ]
