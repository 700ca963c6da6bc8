"""What happened is in the outbox once, written in the transaction of its cause."""

from typing import Any

import pytest
from django.db import DatabaseError, connection, transaction

from billing.operations import invoice_decisions
from credit.models import Freeze
from credit.operations import freezes, limits, withdrawals_undone
from gateway.webhooks.event_types import EVENT_TYPES, INVOICE_PAID
from gateway.webhooks.models import WebhookEvent
from gateway.webhooks.operations import outbox as operations
from tests import shops
from tests.amounts import usd
from tests.billing import paying
from tests.billing.taxing import BY, billed, german
from tests.credit import reviewing, withdrawing
from tests.factories import TransferFactory
from tests.gateway.webhooks.hooks import decline, outbox

pytestmark = pytest.mark.django_db

CREDIT_OFFICER = "olga@tael.example"


def joined() -> shops.Shop:
    """A shop that has just joined."""
    return shops.join("2026-11-01 10:00")


def test_a_line_that_is_opened_has_a_limit() -> None:
    joined()
    data = {"kind": "OPENED", "limit_before": "0.00", "limit": "5000.00", "used": "0.00"}
    assert outbox() == [
        ("rosewood", "limit.changed", "2026-11-01 10:00", {**data, "currency": "USD"})
    ]


def test_a_declined_order_is_told_of_and_one_that_is_taken_is_not() -> None:
    shop = joined()
    assert shop.place("2026-11-02 09:00", "A-0", "100.00") == "applied"
    decline(shop, "A-1")
    assert outbox("order.declined") == [
        (
            "rosewood",
            "order.declined",
            "2026-11-02 10:00",
            {
                "order": "A-1",
                "buyer": "Somchai",
                "amount": "9000.00",
                "currency": "USD",
                "code": "insufficient_credit",
            },
        )
    ]


def test_a_repeat_is_told_of_once() -> None:
    shop = joined()
    decline(shop, "A-1")
    assert shop.place("2026-11-02 10:00", "A-1", "9000.00") == "duplicate"
    assert len(outbox("order.declined")) == 1


def test_what_is_rolled_back_is_not_told_of() -> None:
    shop = joined()
    with transaction.atomic():
        decline(shop, "A-1")
        assert len(outbox("order.declined")) == 1
        transaction.set_rollback(True)
    assert outbox("order.declined") == []


def test_amounts_have_their_currencys_digits() -> None:
    shops.join("2026-11-01 10:00", currency="JPY", billing_currency="USD", credit_limit="500000")
    ((*_, data),) = outbox()
    assert (data["limit"], data["currency"]) == ("500000", "JPY")


def test_a_limit_that_an_operator_sets() -> None:
    shop = joined()
    limits.set_limit(
        merchant_id=shop.line.pk,
        limit=usd("6000.00"),
        reason="A good year.",
        actor=CREDIT_OFFICER,
        now=shop.at("2026-11-05 10:00"),
    )
    *_, (_, _, at, data) = outbox("limit.changed")
    assert (at, data["kind"], data["limit_before"], data["limit"]) == (
        "2026-11-05 10:00",
        "LIMIT_SET",
        "5000.00",
        "6000.00",
    )


def frozen(shop: shops.Shop, reason: str, at: str) -> Freeze:
    """A freeze of the shop for this reason."""
    return freezes.place(
        merchant_id=shop.line.pk,
        reason=Freeze.Reason(reason),
        note="Looks odd.",
        actor=CREDIT_OFFICER,
        now=shop.at(at),
    )


def lift(freeze: Freeze, at: str) -> None:
    freezes.lift(
        freeze_id=freeze.pk, note="It was cleared up.", actor=CREDIT_OFFICER, now=shops.instant(at)
    )


def test_a_line_is_told_of_as_unfrozen_once_no_freeze_is_in_force() -> None:
    shop = joined()
    first = frozen(shop, "MANUAL", "2026-11-02 10:00")
    second = frozen(shop, "SUSPECTED_FRAUD", "2026-11-02 11:00")
    lift(first, "2026-11-02 12:00")
    assert [(kind, data["reason"]) for _, kind, _, data in outbox()[1:]] == [
        ("line.frozen", "MANUAL"),
        ("line.frozen", "SUSPECTED_FRAUD"),
    ]
    lift(second, "2026-11-02 13:00")
    assert outbox()[3:] == [
        (
            "rosewood",
            "line.unfrozen",
            "2026-11-02 13:00",
            {"reason": "SUSPECTED_FRAUD", "currency": "USD"},
        )
    ]


def test_day_ends_write_what_they_do_to_many_at_once() -> None:
    """Freezes and write-offs are placed in SQL, for a chunk of lines."""
    for name in ("linen", "silk"):
        shop = shops.join("2026-11-01 10:00", name)
        assert shop.place("2026-11-01 11:00", "A-1", "1000.00") == "applied"
        shop.ship("2026-11-01 12:00", "A-1")
        shop.deliver("2026-11-01 13:00", "A-1")
    shops.run_jobs(shops.instant("2026-11-12 01:00"))
    assert [row[:3] for row in outbox("line.frozen")] == [
        ("linen", "line.frozen", "2026-11-12 00:00"),
        ("silk", "line.frozen", "2026-11-12 00:00"),
    ]
    shops.run_jobs(shops.instant("2027-02-10 01:00"))
    written_off = [
        (merchant, at, data["kind"], data["limit"])
        for merchant, _, at, data in outbox("limit.changed")
        if data["kind"] == "WRITE_OFF"
    ]
    assert written_off == [
        ("linen", "2027-02-09 00:00", "WRITE_OFF", "4000.00"),
        ("silk", "2027-02-09 00:00", "WRITE_OFF", "4000.00"),
    ]
    assert [row[:3] for row in outbox("line.unfrozen")] == [
        ("linen", "line.unfrozen", "2027-02-09 00:00"),
        ("silk", "line.unfrozen", "2027-02-09 00:00"),
    ]


def test_a_review_is_told_of_when_its_outcome_is_final() -> None:
    shop = reviewing.shop_with("15000.00")
    shop.run_jobs(reviewing.DECEMBER)
    assert outbox("review.decided") == [
        (
            "rosewood",
            "review.decided",
            "2026-12-01 00:00",
            {
                "on": "2026-12-01",
                "grade": "A",
                "status": "APPLIED",
                "limit_before": "5000.00",
                "limit_proposed": "10000.00",
                "limit_given": "10000.00",
                "currency": "USD",
            },
        )
    ]


def test_a_month_and_its_invoice() -> None:
    shop = shops.join("2026-11-01 10:00", plan_price="39.00", billing_threshold="1000.00")
    shop.charge("2026-11-12 15:00", "shipping-label", "210.00")
    shop.run_jobs("2026-12-01 00:00")
    issued = {"number": "2026-000001", "kind": "SUBSCRIPTION", "issued_on": "2026-11-01"}
    issued |= {"due_on": "2026-11-08", "total": "39.00", "tax": "0.00", "net": "39.00"}
    issued |= {"currency": "USD"}
    issued |= {"period_start": "2026-11-01", "period_end": "2026-11-30"}
    billed = outbox("invoice.issued", "statement.closed", "invoice.unpaid")
    assert billed[0] == ("rosewood", "invoice.issued", "2026-11-01 10:00", issued)
    unpaid = {"number": "2026-000001", "total": "39.00", "amount_paid": "0.00"}
    unpaid |= {"failed_on": "2026-11-08", "currency": "USD", "tax": "0.00", "net": "39.00"}
    assert billed[1] == ("rosewood", "invoice.unpaid", "2026-11-08 00:00", unpaid)
    closed = {"month": "2026-11", "total": "210.00", "currency": "USD"}
    assert billed[2] == ("rosewood", "statement.closed", "2026-12-01 00:00", closed)
    assert [(kind, data["total"]) for _, kind, _, data in billed[3:]] == [
        ("invoice.issued", "249.00")
    ]


def test_a_draft_is_told_of_when_it_is_issued() -> None:
    shop = shops.join("2026-11-01 10:00", plan_price="39.00", plan_interval_days=365)
    shop.account.__class__.objects.update(reviews_bills=True)
    shop.charge("2026-11-12 15:00", "pick-pack", "210.00")
    assert len(outbox("invoice.issued")) == 1
    assert paying.issue(shop, "2026-11-13 09:00", paying.draft()) == "OPEN"
    ((_, _, at, data),) = outbox("invoice.issued")[1:]
    assert (at, data["number"], data["total"]) == ("2026-11-13 09:00", "2026-000002", "210.00")


def test_an_invoice_that_is_paid_or_voided() -> None:
    shop = paying.manual()
    paying.transfer(shop, "2026-11-02 10:00", "39.00")
    assert outbox("invoice.paid") == [
        (
            "rosewood",
            "invoice.paid",
            "2026-11-02 10:00",
            {"number": "2026-000001", "total": "39.00", "tax": "0.00", "net": "39.00"}
            | {"currency": "USD"},
        )
    ]
    other = paying.manual("silk")
    assert paying.void(other, "2026-11-02 10:00", "2026-000002") == "VOID"
    ((merchant, _, _, data),) = outbox("invoice.voided")
    assert (merchant, data["number"], data["total"]) == ("silk", "2026-000002", "39.00")


def test_an_invoice_with_tax_tells_it_with_its_net_amount() -> None:
    shop = german()
    shop.charge("2026-11-02 10:00", "pick-pack", "100.05", "a")
    billed(shop, "2026-11-02 11:00")
    TransferFactory.create(shop=shop, at="2026-11-03 10:00", amount="119.06")
    shop.charge("2026-11-04 10:00", "pick-pack", "100.05", "b")
    second = billed(shop, "2026-11-04 11:00")
    invoice_decisions.void(invoice_id=second.pk, now=shop.at("2026-11-05 09:00"), **BY)
    told = [data for _, _, _, data in outbox("invoice.issued", "invoice.paid", "invoice.voided")]
    assert [(one["net"], one["tax"], one["total"]) for one in told] == [
        ("100.05", "19.01", "119.06")
    ] * 4


def test_an_event_of_before_is_sent_as_it_was_written() -> None:
    kept = {"number": "2026-000001", "total": "39.0000", "currency": "USD"}
    assert INVOICE_PAID.written(kept) == kept | {"total": "39.00"}


def test_a_payment_that_fails(settings: Any) -> None:
    settings.TAEL_SANDBOX = True
    shop = paying.billed(card=paying.REFUSED)
    shop.run_jobs("2026-11-01 10:05")
    (failed,) = outbox("payment.failed")
    assert failed[:3] == ("rosewood", "payment.failed", "2026-11-01 10:05")
    assert failed[3] | {"failure": ""} == {
        "number": "2026-000001",
        "attempt": 1,
        "provider": "sandbox",
        "amount": "39.00",
        "currency": "USD",
        "failure": "",
    }
    assert len(outbox("invoice.unpaid")) == 1


def test_withdrawals_that_are_paid_or_fail(settings: Any) -> None:
    settings.TAEL_SANDBOX = True
    shop = withdrawing.shop_with("300.00")
    withdrawing.withdraw(shop, "100.00")
    withdrawing.send_all()
    withdrawing.add(shop, "2026-11-02 09:00", number=withdrawing.REFUSED_CARD)
    withdrawing.withdraw(shop, "50.00", "2026-11-05 10:00")
    withdrawing.send_all("2026-11-05 10:00")
    paid, failed = outbox("withdrawal.paid", "withdrawal.failed")
    assert (paid[1], paid[3]["amount"], paid[3]["fee"]) == ("withdrawal.paid", "100.00", "0.00")
    assert (failed[1], failed[3]["amount"]) == ("withdrawal.failed", "50.00")
    assert failed[3]["reason"] != ""


def test_withdrawals_of_which_the_bank_says_otherwise_later() -> None:
    shop = withdrawing.shop_with("300.00")
    paid = withdrawing.pay_out(withdrawing.withdraw(shop, "100.00"))
    said: dict[str, Any] = {
        "withdrawal_id": paid.pk,
        "reason": "By its list.",
        "told": "Account closed.",
    }
    said |= {"actor": withdrawing.OPERATOR, "now": shop.at("2026-11-06 15:00")}
    withdrawals_undone.send_back(**said)
    first, returned = outbox("withdrawal.paid", "withdrawal.returned")
    assert (first[1], returned[1]) == ("withdrawal.paid", "withdrawal.returned")
    assert (returned[3]["amount"], returned[3]["reason"]) == ("100.00", "Account closed.")


def test_what_is_written_is_what_each_type_declares() -> None:
    shop = paying.manual()
    decline(shop, "A-1")
    paying.transfer(shop, "2026-11-02 10:00", "39.00")
    shop.run_jobs("2026-12-01 00:00")
    assert len(outbox()) == 4
    for _, kind, _, data in outbox():
        EVENT_TYPES[kind].data.model_validate(data)


def test_events_are_numbered_by_merchant_in_the_order_in_which_they_happened() -> None:
    shop, other = joined(), shops.join("2026-11-01 11:00", "silk")
    decline(shop, "A-1")
    decline(other, "A-1")
    assert operations.number() == 4
    shop.place("2026-11-03 10:00", "A-9", "9000.00")
    assert operations.number() == 1
    assert operations.number() == 0
    numbered = WebhookEvent.objects.order_by("merchant", "sequence")
    assert [(one.merchant.reference, one.sequence, one.type) for one in numbered] == [
        ("rosewood", 1, "limit.changed"),
        ("rosewood", 2, "order.declined"),
        ("rosewood", 3, "order.declined"),
        ("silk", 1, "limit.changed"),
        ("silk", 2, "order.declined"),
    ]


@pytest.mark.parametrize(
    "sql",
    [
        "DELETE FROM gateway_webhookevent",
        """UPDATE gateway_webhookevent SET data = '{"amount": "1"}'""",
        "UPDATE gateway_webhookevent SET sequence = 7",
    ],
)
def test_the_outbox_stays_as_it_was_written(sql: str) -> None:
    joined()
    operations.number()
    with pytest.raises(DatabaseError), transaction.atomic():
        connection.cursor().execute(sql)
    assert [row[1] for row in outbox()] == ["limit.changed"]
