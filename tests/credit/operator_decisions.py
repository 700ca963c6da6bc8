"""What tests of operators' decisions about credit have in common: one shop, and its rows.

Its review of November proposes 30,000; a buyer is flagged; 45,000 can be withdrawn.
"""

from django.db.models import Model

from credit.models import CreditLine, Freeze, LimitRequest
from credit.operations import corrections, payout_files, payouts, terms
from merchants.models import Profile
from merchants.operations import profiles
from tests import shops
from tests.amounts import usd
from tests.credit.withdrawing import MERCHANT, NOW, add, sell, withdraw
from tests.factories import FreezeFactory, ProfileFactory, QuestionFactory, RaiseRequestFactory
from tests.shops import Shop, instant


def join() -> Shop:
    """A shop with one of each thing that operators decide about: a raise after a review, a flag,
    UNMATCHED cash.
    """
    shop = shops.join("2026-10-01 09:00", credit_limit="15000.00", settlement_days=0)
    for _ in range(3):
        sell(shop, "2026-10-05 10:00", "15000.00")
    metrics = {"rating": "5", "listing_quality": 90, "profile_completeness": 90, "after_sales": 90}
    assert shop.send("shop.metrics", "2026-10-06 10:00", **metrics) == "applied"
    for number in range(5):
        shop.place("2026-10-31 10:00", f"B-{number}", "1.00", buyer="Busy")
    shop.run_jobs("2026-11-01 00:00")
    add(shop)
    return shop


# Rows that are decided about; each takes the shop to where it is needed.


def line(shop: Shop) -> CreditLine:
    return shop.line


def freeze(shop: Shop) -> Freeze:
    """A freeze that an operator has placed."""
    return FreezeFactory.create(shop=shop, at=NOW, actor="otto@tael.example")


def review(shop: Shop) -> Model:
    """The review whose raise waits."""
    return shop.line.reviews.get(status="PENDING")


def flag(shop: Shop) -> Model:
    """The flag about a busy buyer."""
    return shop.line.flags.get()


def wanted_raise(shop: Shop) -> LimitRequest:
    """A raise that the merchant asks for."""
    return RaiseRequestFactory.create(shop=shop, at=NOW, limit_wanted="18000")


def question(shop: Shop) -> LimitRequest:
    """A question about the limit."""
    return QuestionFactory.create(shop=shop, at=NOW)


def unmatched(shop: Shop) -> Model:
    """5.00 for an order over 1.00."""
    assert shop.pay(NOW, "B-0", "5.00", "X-1") == "rejected overpayment"
    return shop.line.payments.get(reference="X-1")


def refused(shop: Shop) -> Model:
    """Cash for an order that nobody knows."""
    assert shop.pay(NOW, "nobody's", "5.00", "X-2") == "rejected unknown_order"
    return shop.line.refused_cash.get()


def order(shop: Shop) -> Model:
    """An open order."""
    return shop.line.orders.get(reference="B-0")


def overdue(shop: Shop) -> Model:
    """An order over 1.00, which was due on 1 November."""
    terms.change_days(
        merchant_id=shop.merchant.pk,
        payment_days=0,
        settlement_days=0,
        actor="otto@tael.example",
        reason="as agreed",
        now=instant("2026-11-01 09:00"),
    )
    shop.deliver("2026-11-01 10:00", "B-0")
    shop.run_jobs(NOW)
    return order(shop)


def correction(shop: Shop) -> Model:
    """A correction of proceeds by -30.00."""
    return corrections.correct(
        merchant_id=shop.merchant.pk,
        amount=usd("-30.00"),
        reason="counted twice",
        told="It was counted twice.",
        request_key="form-1",
        actor="otto@tael.example",
        now=instant(NOW),
    )


def destination(shop: Shop) -> Model:
    """A destination of withdrawals."""
    return shop.destination


def large(shop: Shop) -> Model:
    """A withdrawal that waits to be approved."""
    return withdraw(shop, "20000.00")


def sent(shop: Shop) -> Model:
    """A withdrawal that was sent by hand."""
    small = withdraw(shop, "100.00")
    payout_files.export(withdrawal_ids=[small.pk], actor="otto@tael.example", now=instant(NOW))
    return small


def paid(shop: Shop) -> Model:
    """A withdrawal that the bank has paid."""
    withdrawal = sent(shop)
    return payouts.mark_paid(
        withdrawal_id=withdrawal.pk,
        reference="B-1",
        actor="otto@tael.example",
        now=instant(NOW),
    )


def failed(shop: Shop) -> Model:
    """A withdrawal that the bank could not pay."""
    withdrawal = sent(shop)
    return payouts.mark_failed(
        withdrawal_id=withdrawal.pk,
        reason="no such account",
        told="No such account.",
        actor="otto@tael.example",
        now=instant(NOW),
    )


def profile(shop: Shop) -> Profile:
    """A profile that waits to be confirmed, with its licence."""
    fields = {"licence_number": "L-1", "contact_name": "Mei", "contact_email": MERCHANT}
    licence = profiles.Document("licence.pdf", b"%PDF-1.7 licence")
    return ProfileFactory.create(shop=shop, at=NOW, fields=fields, document=licence)
