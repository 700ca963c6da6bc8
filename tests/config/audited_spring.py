"""Three merchants' spring after the winter of audited.py, mostly made by people.

All that can become of charges and bills. Nobody else's days are worked off.

linen  USD, Sao Paulo, then Tokyo: priced charges, credits, a higher threshold, from monthly to
       annual; a card that is refused, then a good one, and money that came late for the first,
       paid another bill and was given back; what was taken back of payments.
wool   USD, pays by hand: drafts, a void, a part of a bill, an unpaid bill that freezes its line.
jute   USD, pays out of its proceeds: closed with a final bill, credited, and paid out the rest.
"""

from datetime import date, datetime
from decimal import Decimal
from typing import Any

from billing.models import Invoice, Payment, Reversal
from billing.operations import (
    accounts,
    closing,
    credits,
    days,
    invoice_decisions,
    payment_methods,
    payments,
    prices,
    reversals,
    settling,
    terms,
    thresholds,
    transfers,
)
from billing.providers.registry import Answer
from billing.queries import invoices
from credit.operations import days as line_days
from tests.amounts import usd
from tests.credit import withdrawing
from tests.factories import (
    CardFactory,
    CreditRequestFactory,
    GrantedCreditFactory,
    ReversalFactory,
    ThresholdRequestFactory,
    TransferFactory,
)
from tests.shops import Shop

OPERATOR: dict[str, Any] = {"actor": "olga@tael.example", "reason": "as agreed"}
PLAN: dict[str, Any] = {"plan_price": "39", "plan_interval_days": 30, "billing_threshold": "200"}


def live() -> None:
    """Write a spring of three merchants, for the audit to find it right."""
    linen = _linen()
    _wool()
    _jute()
    _take_back(linen)


def _by(shop: Shop, at: str) -> dict[str, Any]:
    """Who acts, and when: what operations are given."""
    return {**OPERATOR, "now": shop.at(at)}


def _of(shop: Shop, at: str) -> dict[str, Any]:
    """The merchant, who acts, and when: what operations are given."""
    return {"merchant_id": shop.merchant.pk, **_by(shop, at)}


def _joined(reference: str, timezone: str, **data: Any) -> Shop:
    """A shop that has just joined, on these terms."""
    shop = Shop(reference, timezone=timezone, **(PLAN | data))
    assert shop.join("2027-03-01 09:00") == "applied"
    return shop


def _until(shop: Shop, at: str) -> None:
    """Work off the merchant's days, and collect what is due."""
    now, merchant_id = shop.at(at), shop.merchant.pk
    days.work_off([merchant_id], now=now)
    line_days.work_off([merchant_id], now=now)
    for invoice in Invoice.objects.filter(account=merchant_id, pk__in=invoices.to_collect(now)):
        payments.collect(invoice.pk, now=now)


def _last_invoice(shop: Shop) -> Invoice:
    return shop.account.invoices.order_by("pk")[shop.account.invoices.count() - 1]


def _linen() -> Shop:
    """A shop with prices, terms and bills that fail and are paid by card."""
    shop = _joined("linen", "America/Sao_Paulo", payment_method="sandbox")
    _until(shop, "2027-03-01 10:00")
    prices.introduce(
        fee="packaging",
        currency="USD",
        unit_price=Decimal("1.005"),
        from_on=date(2027, 3, 1),
        **_by(shop, "2027-03-02 10:00"),
    )
    shop.charge("2027-03-03 10:00", "packaging", None, "L-1", quantity=3)  # type: ignore[arg-type]
    shop.charge("2027-03-03 11:00", "pick-pack", "50.00", "L-2")
    first, second = (
        CreditRequestFactory.create(
            shop=shop, at="2027-03-04 10:00", charge="L-2", amount=amount, request_key=form
        )
        for form, amount in (("form-1", "20.00"), ("form-2", "5.00"))
    )
    credits.approve(credit_id=first.pk, told="agreed", **_by(shop, "2027-03-05 10:00"))
    credits.reject(credit_id=second.pk, told="agreed", **_by(shop, "2027-03-05 10:00"))
    _change_terms(shop)
    _fail_and_pay(shop)
    _until(shop, "2027-05-10 10:00")
    return shop


def _change_terms(shop: Shop) -> None:
    """Change threshold and plan."""
    request = ThresholdRequestFactory.create(
        shop=shop, at="2027-03-06 10:00", threshold=usd("500"), actor="lin@linen.example"
    )
    thresholds.approve(request_id=request.pk, told="agreed", **_by(shop, "2027-03-07 10:00"))
    for name, price in (("half-year", "200"), ("annual", "300")):
        terms.change_plan(
            plan=accounts.Plan(name, usd(price), 180 if name == "half-year" else 365),
            **_of(shop, "2027-03-08 10:00"),
        )
    terms.change_time_zone(timezone="Asia/Tokyo", **_of(shop, "2027-03-09 10:00"))


def _fail_and_pay(shop: Shop) -> None:
    """Let a bill fail, and have it paid by another card."""
    CardFactory.create(shop=shop, at="2027-03-10 10:00", last_four="9995")
    shop.charge("2027-03-12 10:00", "app-usage", "600.00")
    _until(shop, "2027-03-12 11:00")
    _until(shop, "2027-03-13 12:00")
    shop.charge("2027-03-14 10:00", "shipping-label", "12.00")
    CardFactory.create(shop=shop, at="2027-03-14 10:00")
    _until(shop, "2027-03-14 11:00")
    shop.charge("2027-03-31 22:00", "shipping-label", "13.00")
    failed = Payment.objects.filter(invoice__account=shop.account, status="FAILED").first()
    assert failed
    settling.settle(failed.pk, Answer.succeeded("late"), now=shop.at("2027-03-15 10:00"))
    # It pays the bill of 1 April, which waits; the rest goes back.
    left = shop.account.unapplied
    transfers.give_back(amount=left, reference="bank-3", **_of(shop, "2027-03-15 11:00"))
    shop.charge("2027-04-02 10:00", "storage", "14.00")


def _take_back(shop: Shop) -> None:
    """Have the provider take back money of the shop's bill of March, and money that came late for
    it.

    There is a refund that is charged again, one that had been unapplied in part and failed, and a
    dispute.
    """
    paid = Payment.objects.get(idempotency_key="T-2027-000003-3")
    late = Payment.objects.get(idempotency_key="T-2027-000003-1")
    at = shop.at("2027-05-10 11:00")
    TransferFactory.create(shop=shop, at=at, amount="5.00", reference="bank-4")
    recorded = _taken_back(shop, at, paid, reference="re_1", amount=usd("33.02"))
    reversals.charge(
        reversal_id=recorded.pk,
        seen=recorded.seen,
        message="It went back.",
        **_by(shop, "2027-05-10 12:00"),
    )
    for state in ("pending", "failed"):
        failed: dict[str, Any] = {"reference": "re_2", "amount": usd(6), "state": state}
        _taken_back(shop, at, late, money_reference="late", **failed)
    dispute: dict[str, Any] = {"kind": Reversal.Kind.DISPUTE, "state": "lost"}
    _taken_back(shop, at, paid, reference="du_1", amount=usd(100), **dispute)
    shop.charge("2027-05-10 13:00", "app-usage", "500.00")
    _until(shop, "2027-05-10 14:00")


def _taken_back(shop: Shop, at: datetime, payment: Payment, **told: Any) -> Reversal:
    """A reversal of the payment."""
    return ReversalFactory.create(shop=shop, at=at, payment=payment, **told)


def _wool() -> None:
    """A shop with void bills, drafts and transfers."""
    shop = _joined("wool", "UTC")
    void = _last_invoice(shop)
    invoice_decisions.void(invoice_id=void.pk, **_by(shop, "2027-03-02 10:00"))
    terms.review_invoices(wanted=True, **_of(shop, "2027-03-03 10:00"))
    shop.charge("2027-03-04 10:00", "app-usage", "200.00")
    invoice_decisions.send_back(invoice_id=_last_invoice(shop).pk, **_by(shop, "2027-03-04 11:00"))
    shop.charge("2027-03-05 10:00", "app-usage", "20.00")
    issued = invoice_decisions.issue_draft(
        invoice_id=_last_invoice(shop).pk, **_by(shop, "2027-03-06 10:00")
    )
    TransferFactory.create(
        shop=shop,
        at="2027-03-07 10:00",
        invoice=issued,
        amount=usd("100.00"),
        reference="bank-1",
        actor="olga@tael.example",
    )
    _until(shop, "2027-04-01 10:00")
    invoice_decisions.issue_draft(
        invoice_id=_last_invoice(shop).pk, **_by(shop, "2027-04-01 10:00")
    )
    _until(shop, "2027-04-20 10:00")
    invoice_decisions.mark_uncollectible(invoice_id=issued.pk, **_by(shop, "2027-04-20 10:00"))
    shop.charge("2027-04-21 10:00", "app-usage", "210.00")


def _jute() -> None:
    """A shop whose bills are paid from proceeds, and which closes."""
    shop = _joined("jute", "Asia/Bangkok", settlement_days=0)
    withdrawing.sell(shop, "2027-03-02 10:00", "500.00", "J-1")
    payment_methods.choose(method="proceeds", **_of(shop, "2027-03-03 10:00"))
    _until(shop, "2027-03-08 10:00")
    shop.charge("2027-03-09 10:00", "storage", "30.00", "J-1")
    shop.charge("2027-03-09 11:00", "shipping-label", "8.00")
    closing.close(**_of(shop, "2027-03-10 10:00"))
    _until(shop, "2027-03-10 11:00")
    GrantedCreditFactory.create(
        shop=shop, at="2027-03-11 10:00", charge="J-1", fee="credit-storage"
    )
    closing.pay_out_rest(reference="bank-2", **_of(shop, "2027-03-12 10:00"))
    _until(shop, "2027-04-02 10:00")
