"""Files with what systems of this trade were reported to get wrong, replayed to the last figure."""

import csv
from collections import Counter
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from django.db.models import Sum

from billing.models import Statement
from credit.models import OrderPayment
from credit.queries import proceeds
from lib import money
from merchants.models import Merchant
from tests import books
from tests.event_files import replay
from tests.whole import some

pytestmark = pytest.mark.django_db

FILES = Path(__file__).with_name("cases")
Said = dict[str, Any] | list[str]


def orders(merchant: Merchant) -> Said:
    """The merchant's orders: reference, status, outstanding, decline, due day."""
    found = merchant.credit_line.orders.order_by("reference")
    return [
        " ".join(filter(None, [one.reference, one.status, money.text(one.outstanding),
                               one.decline_code, f"due {one.due_on}" if one.due_on else ""]))
        for one in found
    ]  # fmt: skip


def line(merchant: Merchant) -> Said:
    """Limit, used and proceeds."""
    found = merchant.credit_line
    return [money.text(one) for one in (found.limit, found.used, found.proceeds)]


def entries(merchant: Merchant) -> Said:
    """The entries of proceeds: kind, amount, day of maturing."""
    found = merchant.credit_line.proceeds_entries.order_by("pk")
    return [f"{one.kind} {money.text(one.amount)} {one.matures_on}" for one in found]


def unmatched(merchant: Merchant) -> Said:
    """The refusal of each UNMATCHED payment, by reference."""
    found = OrderPayment.objects.filter(line=merchant.credit_line, status="UNMATCHED")
    return dict(found.order_by("reference").values_list("reference", "refusal"))


def notices(merchant: Merchant) -> Said:
    """How many notices of each kind there are, but for bills."""
    return dict(
        Counter(merchant.notices.exclude(kind="BILL_ISSUED").values_list("kind", flat=True))
    )


def freezes(merchant: Merchant) -> Said:
    """The line's freezes: reason, from when to when."""
    found = merchant.credit_line.freezes.order_by("pk")
    return [f"{one.reason} {one.placed_at:%d %H:%M} to {one.lifted_at:%d %H:%M}" for one in found]


def reviews(merchant: Merchant) -> Said:
    """The line's reviews: day, score, grade, status, limit before and proposed."""
    return [
        f"{one.on} {one.score:.6f} {one.grade} {one.status} {money.text(one.limit_before)}"
        f" {money.text(one.limit_proposed)}"
        for one in merchant.credit_line.reviews.order_by("pk")
    ]


def buckets(merchant: Merchant) -> Said:
    """For 16, 17 and 25 November: the balance, what still matures, what has matured, and what is
    available.
    """
    found = {day: proceeds.buckets(merchant.pk, today=date(2026, 11, day)) for day in (16, 17, 25)}
    return {
        f"{day}": " ".join(
            money.text(one) for one in (of.balance, of.maturing, of.matured, of.available)
        )
        for day, of in found.items()
    }


def invoices(merchant: Merchant) -> Said:
    """The bills: date, kind, total, period."""
    found = merchant.billing_account.invoices.order_by("pk")
    return [
        f"{one.issued_on:%d %b} {one.kind} {money.text(one.total)}"
        f" ({one.period_start:%d %b} to {one.period_end:%d %b})"
        for one in found
    ]


def statements(merchant: Merchant) -> Said:
    """Each with the number of its charges, their sum, and whether it is closed."""
    found = Statement.objects.filter(account=merchant.billing_account).order_by("month")
    found = found.annotate(summed=Sum("charges__amount"))
    code = merchant.billing_account.currency
    return [
        f"{one.month:%Y-%m} {one.charges.count()} {money.text(money.of(one.summed, code))}"
        f" {'closed' if one.is_closed else 'open'}"
        for one in found
    ]


def account(merchant: Merchant) -> Said:
    """What is outstanding and accruing, how many items are on no bill, and the next plan date."""
    found = merchant.billing_account
    outstanding = [money.text(found.outstanding), money.text(found.accruing)]
    return [*outstanding, f"{found.items.filter(invoice=None).count()}", f"{found.next_plan_on}"]


def days(merchant: Merchant) -> Said:
    """The day of service of each charge."""
    found = merchant.billing_account.charges.exclude(reference__startswith="tael:")
    return [f"{one.reference} {one.service_on}" for one in found.order_by("reference")]


# The file, the merchant, up to when, the codes of rejected lines, and what the books say then.
CASES: list[tuple[str, str, str, dict[str, str], dict[Callable[[Merchant], Said], Said]]] = [
    ("instalments_refund_then_pay", "c01", "2026-11-10T00:00Z",
     {"6": "overpayment", "8": "overpayment", "10": "order_not_open"},
     {orders: ["o1 REFUNDED 0.00"],
      line: ["5000.00", "0.00", "0.00"],
      unmatched: {"p2": "overpayment", "p4": "order_not_open"},
      entries: ["SALE 33.33 2026-11-12", "SALE 26.67 2026-11-14", "REFUND -33.33 2026-11-12",
                "REFUND -26.67 2026-11-14"]}),
    ("jpy_threshold_0", "jpy-zero", "2026-12-02T00:00Z",
     {"5": "invalid", "11": "currency_mismatch"},
     {invoices: ["30 Oct THRESHOLD 1 (29 Oct to 30 Oct)", "30 Oct THRESHOLD 5 (30 Oct to 30 Oct)",
              "30 Oct THRESHOLD 1 (30 Oct to 30 Oct)", "31 Oct THRESHOLD 3 (31 Oct to 31 Oct)",
              "31 Oct THRESHOLD 7 (31 Oct to 31 Oct)", "01 Nov THRESHOLD 2 (01 Nov to 01 Nov)",
              "30 Nov THRESHOLD 9 (02 Nov to 30 Nov)"],
      statements: ["2026-10 6 14 closed", "2026-11 2 11 closed"],
      account: ["0", "0", "2", "2026-12-28"]}),
    ("threshold_plan_eve", "plan-eve", "2026-12-02T00:00Z", {},
     {invoices: ["01 Nov SUBSCRIPTION 39.00 (01 Nov to 30 Nov)",
              "30 Nov THRESHOLD 200.00 (01 Nov to 30 Nov)",
              "30 Nov THRESHOLD 250.00 (30 Nov to 30 Nov)",
              "30 Nov THRESHOLD 400.00 (30 Nov to 30 Nov)",
              "01 Dec SUBSCRIPTION 238.99 (30 Nov to 30 Nov)",
              "01 Dec THRESHOLD 200.00 (01 Dec to 01 Dec)"],
      statements: ["2026-11 5 1049.99 closed", "2026-12 1 200.00 open"],
      account: ["0.00", "0.00", "0", "2026-12-31"]}),
    ("refund_across_two_sales", "c04", "2026-11-16T00:00:01Z", {},
     {orders: ["o1 PAID 0.00", "o2 PAID 0.00"],
      buckets: {"16": "60.00 60.00 0.00 0.00", "17": "60.00 30.00 30.00 30.00",
                "25": "60.00 0.00 60.00 60.00"},
      entries: ["SALE 60.00 2026-11-16", "SALE 30.00 2026-11-17", "SALE 40.00 2026-11-25",
                "REFUND -60.00 2026-11-16", "REFUND -10.00 2026-11-25"]}),
    ("payment_before_order_and_steps_twice", "c06", "2026-11-20T00:00Z",
     {"2": "unknown_order", "4": "unknown_order", "10": "conflict", "11": "currency_mismatch",
      "13": "conflict"},
     {orders: ["o1 OPEN 50.00 due 2026-11-12"], line: ["5000.00", "50.00", "50.00"],
      entries: ["SALE 50.00 2026-11-11"], unmatched: {}, notices: {"ORDER_OVERDUE": 1}}),
    ("vancouver_2026", "vancouver", "2026-12-03T00:00Z", {},
     {days: ["a 2026-11-11", "b 2026-11-11", "c 2026-12-01"],
      statements: ["2026-11 2 7.00 closed", "2026-12 1 1.00 open"]}),
    ("cash_for_orders_that_cannot_take_it", "c10", "2026-11-02T00:00Z",
     {"4": "order_not_open", "7": "order_not_open", "8": "conflict", "13": "order_not_open"},
     {orders: ["o1 REFUNDED 0.00", "o2 DECLINED 0.00 buyer_risk", "o3 CANCELLED 0.00",
               "o4 DECLINED 0.00 insufficient_credit", "o5 OPEN 5000.00"],
      line: ["5000.00", "5000.00", "0.00"],
      unmatched: {"p1": "order_not_open", "p2": "order_not_open", "p3": "order_not_open"},
      notices: {"LIMIT_100": 1, "ORDER_DECLINED": 2}}),
    ("review_just_below_c", "c13", "2026-11-01T00:00:01Z", {},
     {reviews: ["2026-11-01 49.999995 D APPLIED 5000.00 3700.00"],
      line: ["3700.00", "0.00", "0.00"]}),
    ("review_waits_above_20000", "c20", "2026-11-01T00:00:01Z", {},
     {reviews: ["2026-11-01 100.000000 A PENDING 15000.00 30000.00"],
      line: ["15000.00", "0.00", "45000.00"]}),
    ("second_instalment_overdue_not_told", "c21", "2026-12-08T00:00Z", {},
     {orders: ["o OPEN 200.00 due 2026-12-01"], notices: {"ORDER_OVERDUE": 2}}),
    ("freeze_by_parts_lifted_by_refund", "c26", "2026-11-03T00:00:00+08:00", {},
     {orders: ["a OPEN 1.00", "b DECLINED 0.00 line_frozen", "c DECLINED 0.00 line_frozen",
               "d DECLINED 0.00 line_frozen", "e OPEN 1.00", "o OPEN 99.99 due 2026-11-01"],
      freezes: ["OVERDUE 01 16:00 to 01 21:00"],
      notices: {"FREEZE_PLACED": 1, "FREEZE_LIFTED": 1, "ORDER_DECLINED": 3,
                "ORDER_OVERDUE": 1}}),
    ("dates_before_the_order_b", "c27", "2026-11-21T00:00Z", {"1": "invalid", "2": "invalid"},
     {orders: ["o1 OPEN 1000.00", "o2 OPEN 1500.00"], line: ["5000.00", "2500.00", "0.00"],
      buckets: dict.fromkeys(("16", "17", "25"), "0.00 0.00 0.00 0.00")}),
    ("payment_method_nul", "c30oknul", "2026-11-02T00:00Z", {"1": "invalid"},
     {line: ["5000.00", "0.00", "0.00"]}),
    ("request_101_characters", "c32", "2026-11-02T00:00Z", {"2": "invalid"},
     {orders: ["o OPEN 1.00"], line: ["5000.00", "1.00", "0.00"]}),
]  # fmt: skip


@pytest.mark.parametrize(("name", "merchant", "until", "codes", "wanted"), some(CASES, every=14))
def test_books_after_an_odd_file(
    name: str,
    merchant: str,
    until: str,
    codes: dict[str, str],
    wanted: dict[Callable[[Merchant], Said], Said],
    tmp_path: Path,
) -> None:
    if name.endswith("_b"):  # a second file, of what was begun by the one before it
        replay(copied(f"{name[:-1]}a", tmp_path), until="2026-11-20T11:00Z")
    rejected = tmp_path / "rejected.csv"
    rejected.unlink(missing_ok=True)
    replay(copied(name, tmp_path), until=until)
    with rejected.open(newline="") if rejected.exists() else Path("/dev/null").open() as file:
        assert {row["line"]: row["code"] for row in csv.DictReader(file)} == codes
    found = Merchant.objects.get(reference=merchant)
    assert {say.__name__: say(found) for say in wanted} == {
        say.__name__: said for say, said in wanted.items()
    }
    books.assert_clean()


def copied(name: str, folder: Path) -> Path:
    """A copy of the file of this name in the folder."""
    path = folder / f"{name}.jsonl"
    path.write_bytes((FILES / path.name).read_bytes())
    return path
