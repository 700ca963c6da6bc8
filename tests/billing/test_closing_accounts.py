"""Closing an account posts everything, bills it at once, and nothing comes after."""

from typing import Any

import pytest

from billing.models import AccountChange, Invoice
from billing.operations import charges, closing, invoice_decisions
from lib.refusals import Invalid, Refused
from tests import shops
from tests.billing import deciding
from tests.factories import ChargeFactory
from tests.threads import at_once, every_order
from tests.unchanged import nothing_changes
from tests.whole import full

pytestmark = pytest.mark.django_db


def open_shop(**terms: Any) -> shops.Shop:
    """A shop that has just joined, with a high threshold unless these terms say otherwise."""
    given = {"billing_threshold": "1000.00", "plan_price": "39.00"} | terms
    return shops.join("2026-11-01 10:00", **given)


def busy_shop(**terms: Any) -> shops.Shop:
    """The shop of `open_shop`, on 10 November 2026, with charges of every kind of posting."""
    shop = open_shop(**terms)
    shop.charge("2026-11-08 12:00", "pick-pack", "20.00")
    shop.charge("2026-11-09 12:00", "storage", "100.00")
    shop.charge("2026-11-10 10:00", "storage", "5.00")
    shop.charge("2026-11-10 11:00", "shipping-label", "7.00")
    shop.charge("2026-11-10 11:00", "app-usage", "3.00")
    return shop


def test_everything_posts_that_day_and_goes_on_one_final_bill() -> None:
    shop = busy_shop()
    deciding.close(shop, "2026-11-10 12:00")
    assert shop.invoices()[1:] == ["2026-11-10 FINAL 135.00"]
    assert shop.lines("2026-11-10", "FINAL") == [
        "app-usage 2026-11-10 3.00",
        "pick-pack 2026-11-08 20.00",
        "shipping-label 2026-11-10 7.00",
        "storage 2026-11-10 105.00",
    ]
    assert shop.figures() == ("0.00", "0.00")
    account = shop.account
    assert (str(account.closed_on), account.closed_at) == (
        "2026-11-10",
        shop.at("2026-11-10 12:00"),
    )
    invoice = deciding.invoice(shop, "2026-11-10")
    assert (str(invoice.period_start), str(invoice.period_end)) == ("2026-11-01", "2026-11-10")
    items = shop.account.items.filter(fee__in=["storage", "shipping-label"])
    assert {item.posted_at for item in items} == {shop.at("2026-11-10 12:00")}
    change = AccountChange.objects.get()
    assert (change.what, change.actor, change.reason, str(change.effective_on)) == (
        "CLOSED",
        "mali@tael.example",
        "agreed by telephone",
        "2026-11-10",
    )


def test_no_charge_comes_after_but_a_repeat_is_still_known() -> None:
    shop = open_shop()
    shop.charge("2026-11-10 11:00", "pick-pack", "7.00", "P-1")
    deciding.close(shop, "2026-11-10 12:00")
    with nothing_changes():
        assert shop.charge("2026-11-10 12:00", "pick-pack", "7.00", "P-2") == (
            "rejected account_closed"
        )
        # One that happened before is too late as well.
        assert shop.charge("2026-11-10 11:30", "storage", "7.00") == "rejected account_closed"
        assert shop.charge("2026-11-10 13:00", "pick-pack", "7.00", "P-1") == "duplicate"
        assert shop.charge("2026-11-10 13:00", "pick-pack", "8.00", "P-1") == "rejected conflict"
        with pytest.raises(charges.AccountClosed):
            ChargeFactory.create(
                shop=shop, at="2026-11-09 12:00", arrived="2026-11-10 13:00", amount="1.00"
            )


def test_a_priced_repeat_is_known_too() -> None:
    shop = open_shop()
    deciding.price("pick-pack", "1.00", "2026-11-01")
    deciding.priced(shop, "2026-11-10 11:00", "pick-pack", 3, "P-1")
    deciding.close(shop, "2026-11-10 12:00")
    assert deciding.priced(shop, "2026-11-10 13:00", "pick-pack", 3, "P-1") == "duplicate"
    assert deciding.priced(shop, "2026-11-10 13:00", "pick-pack", 3) == "rejected account_closed"


@pytest.mark.parametrize("interval", [45, *full(30)])
def test_no_plan_fee_and_no_cycle_bill_ever_again(interval: int) -> None:
    shop = open_shop(plan_interval_days=interval)
    shop.charge("2026-11-05 12:00", "pick-pack", "20.00")
    deciding.close(shop, "2026-11-10 12:00")
    shop.run_jobs("2027-03-10 00:00")
    assert shop.invoices() == ["2026-11-01 SUBSCRIPTION 39.00", "2026-11-10 FINAL 20.00"]
    assert shop.account.charges.filter(fee="plan").count() == 1


def test_its_statement_closes_with_its_month() -> None:
    shop = busy_shop()
    deciding.close(shop, "2026-11-10 12:00")
    totals = {"FULFILMENT": (3, "125.00"), "SHIPPING": (1, "7.00")}
    assert shop.statement("2026-11") == (False, totals)
    shop.run_jobs("2026-12-01 00:00")
    assert shop.statement("2026-11") == (True, totals)
    assert shop.account.statements.get().closed_at == shop.at("2026-12-01 00:00")
    assert shop.figures() == ("0.00", "0.00")


def test_with_nothing_outstanding_there_is_no_final_bill() -> None:
    shop = open_shop()
    deciding.close(shop, "2026-11-01 10:00")  # on the join day, as it joins
    assert shop.invoices() == ["2026-11-01 SUBSCRIPTION 39.00"]
    assert shop.account.is_closed


def test_closed_on_the_join_day_the_final_bill_takes_that_days_charges() -> None:
    shop = open_shop()
    shop.charge("2026-11-01 11:00", "storage", "20.00")
    deciding.close(shop, "2026-11-01 12:00")
    assert shop.invoices() == ["2026-11-01 SUBSCRIPTION 39.00", "2026-11-01 FINAL 20.00"]
    invoice = deciding.invoice(shop, "2026-11-01")
    assert str(invoice.period_start) == str(invoice.period_end) == "2026-11-01"


def test_closed_on_a_plan_date_the_plan_fee_of_the_day_stays() -> None:
    shop = open_shop()
    shop.charge("2026-11-30 12:00", "shipping-label", "20.00")
    deciding.close(shop, "2026-12-01 00:00")
    assert shop.invoices() == ["2026-11-01 SUBSCRIPTION 39.00", "2026-12-01 SUBSCRIPTION 59.00"]
    assert shop.account.is_closed


def test_closed_in_the_last_minute_of_a_month_it_gets_no_bill_of_the_next() -> None:
    shop = open_shop()  # whose plan date is 1 December
    shop.charge("2026-11-30 12:00", "storage", "20.00")
    shop.charge("2026-11-30 12:00", "shipping-label", "5.00")
    deciding.close(shop, "2026-11-30 23:59")
    assert shop.invoices()[1:] == ["2026-11-30 FINAL 25.00"]
    shop.run_jobs("2026-12-01 00:00")
    shop.run_jobs("2027-02-01 00:00")
    assert len(shop.invoices()) == 2
    assert shop.statement("2026-11") == (
        True,
        {"FULFILMENT": (1, "20.00"), "SHIPPING": (1, "5.00")},
    )


def test_closing_works_off_the_days_before_it() -> None:
    shop = open_shop(billing_threshold="100.00")
    shop.charge("2026-11-29 12:00", "shipping-label", "120.00")
    shop.charge("2026-11-29 12:00", "storage", "30.00")
    deciding.close(shop, "2026-12-03 12:00")  # no job ran
    assert shop.invoices()[1:] == ["2026-11-29 THRESHOLD 120.00", "2026-12-01 SUBSCRIPTION 69.00"]


def test_closed_twice_is_refused() -> None:
    shop = busy_shop()
    deciding.close(shop, "2026-11-10 12:00")
    with nothing_changes(), pytest.raises(charges.AccountClosed):
        deciding.close(shop, "2026-11-10 13:00")


def test_closing_needs_a_reason() -> None:
    shop = busy_shop()
    with nothing_changes(), pytest.raises(Invalid, match="reason"):
        closing.close(
            merchant_id=shop.merchant.pk,
            actor="mali@tael.example",
            reason=" ",
            now=shop.at("2026-11-10 12:00"),
        )


def test_a_rest_in_the_merchants_favour_is_paid_out() -> None:
    shop = busy_shop()
    deciding.grant(shop, "2026-11-10 11:30", "200.00", "credit-account")
    deciding.close(shop, "2026-11-10 12:00")
    # It pays the plan's bill, which was open, and the rest is the merchant's.
    assert (len(shop.invoices()), shop.figures()) == (1, ("-26.00", "0.00"))
    deciding.pay_out_rest(shop, "2026-12-05 12:00", "KBANK-77")
    assert (len(shop.invoices()), shop.figures()) == (1, ("0.00", "0.00"))
    paid = shop.account.charges.get(fee="payout")
    assert (f"{paid.amount.amount:.2f}", paid.reference, paid.description, paid.statement) == (
        "26.00",
        "tael:payout:1",
        "KBANK-77",
        None,
    )
    change = AccountChange.objects.get(what="PAID_OUT")
    assert (change.before, change.after) == ("-26.00", "KBANK-77")
    with nothing_changes(), pytest.raises(closing.NothingToPayOut):
        deciding.pay_out_rest(shop, "2026-12-05 13:00")
    # A credit after that is paid out again.
    deciding.grant(shop, "2026-12-06 12:00", "1.50", "credit-account")
    deciding.pay_out_rest(shop, "2026-12-06 13:00")
    assert shop.figures() == ("0.00", "0.00")
    assert shop.account.charges.filter(reference="tael:payout:2").exists()


def test_only_a_closed_accounts_rest_is_paid_out_or_billed() -> None:
    shop = busy_shop()
    with nothing_changes(), pytest.raises(closing.NothingToBill):
        deciding.bill_rest(shop, "2026-11-10 12:00")
    deciding.grant(shop, "2026-11-10 11:30", "200.00", "credit-account")
    with nothing_changes(), pytest.raises(closing.NothingToPayOut):
        deciding.pay_out_rest(shop, "2026-11-10 12:00")


@pytest.mark.full  # a rest is paid out above
def test_a_voided_final_bill_is_billed_again_when_an_operator_says_so() -> None:
    shop = busy_shop()
    deciding.close(shop, "2026-11-10 12:00")
    deciding.void(shop, "2026-11-11 12:00", deciding.invoice(shop, "2026-11-10"))
    assert shop.figures() == ("135.00", "0.00")
    shop.run_jobs("2027-01-15 00:00")
    assert len(shop.invoices()) == 2
    with nothing_changes(), pytest.raises(closing.NothingToPayOut):
        deciding.pay_out_rest(shop, "2027-01-15 12:00")
    deciding.bill_rest(shop, "2027-01-15 12:00")
    assert shop.invoices()[1:] == ["2026-11-10 FINAL 135.00", "2027-01-15 FINAL 135.00"]
    assert shop.figures() == ("0.00", "0.00")
    statuses = Invoice.objects.order_by("pk").values_list("number", "status")
    assert list(statuses) == [
        ("2026-000001", "OPEN"),
        ("2026-000002", "VOID"),
        ("2027-000001", "OPEN"),
    ]
    with nothing_changes(), pytest.raises(closing.NothingToBill):
        deciding.bill_rest(shop, "2027-01-15 13:00")


@pytest.mark.full  # any bill is in test_voiding.py
@pytest.mark.parametrize("threshold", ["500.00", "50.00"])
def test_a_voided_final_bill_is_credited_and_billed_again(threshold: str) -> None:
    """A closed account has no threshold any more: a credit makes no bill."""
    shop = open_shop(billing_threshold=threshold, plan_price="0")
    shop.charge("2026-11-10 10:00", "storage", "499.00", "S-1")
    deciding.close(shop, "2026-11-10 12:00")
    deciding.void(shop, "2026-11-11 12:00", deciding.invoice(shop, "2026-11-10"))
    deciding.grant(shop, "2026-11-11 13:00", "99.00", "credit-storage", "S-1")
    assert shop.figures() == ("400.00", "0.00")
    deciding.bill_rest(shop, "2026-11-11 14:00")
    assert shop.invoices()[1:] == ["2026-11-11 FINAL 400.00"]
    assert shop.figures() == ("0.00", "0.00")


def test_an_account_whose_bills_are_reviewed_gets_a_draft_of_its_final_bill() -> None:
    shop = open_shop()
    deciding.review_invoices(shop, "2026-11-02 10:00")
    shop.charge("2026-11-10 10:00", "storage", "50.00")
    deciding.close(shop, "2026-11-10 12:00")
    draft = deciding.invoice(shop, "2026-11-10")
    drawn_up = (draft.status, draft.kind, draft.number, f"{draft.total.amount:.2f}")
    assert drawn_up == ("DRAFT", "FINAL", None, "50.00")
    assert shop.figures() == ("0.00", "0.00")
    issued = deciding.issue(shop, "2026-11-12 12:00", draft)
    sent = (issued.status, issued.number, str(issued.due_on))
    assert sent == ("OPEN", "2026-000002", "2026-11-19")


def test_a_final_draft_that_was_sent_back_is_drawn_up_again() -> None:
    shop = open_shop()
    deciding.review_invoices(shop, "2026-11-02 10:00")
    shop.charge("2026-11-10 10:00", "storage", "50.00")
    deciding.close(shop, "2026-11-10 12:00")
    invoice_decisions.send_back(
        invoice_id=deciding.invoice(shop, "2026-11-10").pk,
        now=shop.at("2026-11-11 12:00"),
        **deciding.OPERATOR,
    )
    assert shop.figures() == ("50.00", "0.00")
    deciding.bill_rest(shop, "2026-11-12 12:00")
    statuses = shop.account.invoices.order_by("pk").values_list("kind", "status")
    assert list(statuses)[1:] == [("FINAL", "VOID"), ("FINAL", "DRAFT")]


@pytest.mark.full  # a day end and charges in test_races.py
@every_order
@pytest.mark.django_db(transaction=True)
def test_closing_and_charging_at_once() -> None:
    """Each charge is on the final bill, or refused; none is left over."""
    shop = open_shop(plan_price="0")

    def act(number: int) -> str:
        """Close the account or charge it, by number: the outcome."""
        if number < 2:
            try:
                deciding.close(shop, "2026-11-10 12:00")
            except Refused as refusal:
                return refusal.code
            return "closed"
        return shop.charge("2026-11-10 12:00", "shipping-label", "10.00", f"L-{number}")

    answers = at_once(act)
    assert (answers["closed"], answers["account_closed"]) == (1, 1)
    assert answers["applied"] + answers["rejected account_closed"] == 6
    taken = 10 * answers["applied"]
    assert shop.invoices() == ([f"2026-11-10 FINAL {taken}.00"] if taken else [])
    assert shop.figures() == ("0.00", "0.00")
