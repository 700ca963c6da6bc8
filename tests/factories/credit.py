"""What stands in the credit book before a test: orders, freezes, requests, ways to be paid out."""

from datetime import date, datetime
from typing import Any, ClassVar

from factory.declarations import LazyAttribute, Sequence
from factory.django import DjangoModelFactory

from credit.models import (
    CreditPolicy,
    Freeze,
    LimitRequest,
    Order,
    PayoutDestination,
    PayoutSchedule,
    Withdrawal,
)
from credit.operations import automatic, destinations, freezes, requests, withdrawals
from tests.factories.base import OPERATOR, OWNER, OfShop, T
from tests.shops import Shop

CARD = "6212 2620 0000 0050 003"  # no refusal, no silence (credit.providers.Sandbox)


class OfLine(OfShop[T]):
    """A row of the credit book, whose amounts are in the line's currency."""

    class Meta:
        abstract = True

    @classmethod
    def _currency(cls, shop: Shop) -> str:
        """The currency of amounts that are given as texts: that of the credit line."""
        return shop.currency


class OrderFactory(OfLine[Order]):
    """An order that the line took, by the platform's events.

    OrderFactory.create(shop=shop, amount="300.00", is_delivered=True, paid="100.00")
    """

    class Meta:
        model = Order

    reference = Sequence("made-{}".format)
    amount = "10.00"
    is_shipped = False
    is_delivered = False  # and so shipped
    paid: Any = ""  # an amount, at once; nothing unless it is named

    _amounts: ClassVar[tuple[str, ...]] = ()  # events carry text

    @classmethod
    def _make(cls, shop: Shop, now: datetime, said: dict[str, Any]) -> Order:
        """Place the order, and ship, deliver and pay it as far as it is told to."""
        at, order, paid = now.isoformat(), said.pop("reference"), said.pop("paid")
        is_shipped, is_delivered = said.pop("is_shipped"), said.pop("is_delivered")
        assert shop.place(at, order, **said) == "applied"
        if is_shipped or is_delivered:
            assert shop.ship(at, order) == "applied"
        if is_delivered:
            assert shop.deliver(at, order) == "applied"
        if paid:
            assert shop.pay(at, order, paid) == "applied"
        return shop.line.orders.get(reference=order)


class SoldFactory(OrderFactory):
    """An order that was paid in full at once."""

    paid = LazyAttribute(lambda order: order.amount)


class FreezeFactory(OfLine[Freeze]):
    """A freeze that an operator placed."""

    class Meta:
        model = Freeze

    reason = Freeze.Reason.MANUAL
    note = "a look at it"
    actor = OPERATOR

    @classmethod
    def _make(cls, shop: Shop, now: datetime, said: dict[str, Any]) -> Freeze:
        """Freeze the line."""
        return freezes.place(merchant_id=shop.merchant.pk, now=now, **said)


class RaiseRequestFactory(OfLine[LimitRequest]):
    """A raise of the limit that the merchant asks for, not decided yet."""

    class Meta:
        model = LimitRequest

    limit_wanted = "8000.00"
    message = "For spring."
    actor = OWNER

    _amounts: ClassVar[tuple[str, ...]] = ("limit_wanted",)

    @classmethod
    def _make(cls, shop: Shop, now: datetime, said: dict[str, Any]) -> LimitRequest:
        """Ask for a raise, in the merchant's name."""
        return requests.ask_raise(merchant_id=shop.merchant.pk, now=now, **said)


class QuestionFactory(OfLine[LimitRequest]):
    """A question about the limit, not answered yet."""

    class Meta:
        model = LimitRequest

    message = "Why is it so low?"
    actor = OWNER

    @classmethod
    def _make(cls, shop: Shop, now: datetime, said: dict[str, Any]) -> LimitRequest:
        """Ask a question, in the merchant's name."""
        return requests.ask_question(merchant_id=shop.merchant.pk, now=now, **said)


class DestinationFactory(OfLine[PayoutDestination]):
    """A bank card that the merchant can be paid out to from a day later on."""

    class Meta:
        model = PayoutDestination

    kind = PayoutDestination.Kind.BANK_CARD
    holder = "Mei Lin"
    bank = "ICBC"
    number = CARD
    actor = OWNER

    @classmethod
    def _make(cls, shop: Shop, now: datetime, said: dict[str, Any]) -> PayoutDestination:
        """Add the destination."""
        destination, _is_new = destinations.add(merchant_id=shop.merchant.pk, now=now, **said)
        return destination


class WithdrawalFactory(OfLine[Withdrawal]):
    """A withdrawal that was asked for, to the newest destination unless another is named."""

    class Meta:
        model = Withdrawal

    destination_id = LazyAttribute(lambda made: made.shop.destination.pk)
    amount = "100.00"
    request_key = Sequence("made-{}".format)
    actor = OWNER

    @classmethod
    def _make(cls, shop: Shop, now: datetime, said: dict[str, Any]) -> Withdrawal:
        """Request the withdrawal, which has to be new."""
        withdrawal, is_new = withdrawals.request(merchant_id=shop.merchant.pk, now=now, **said)
        assert is_new
        return withdrawal


class PayoutScheduleFactory(OfLine[PayoutSchedule]):
    """A rule of automatic withdrawals: daily, from 10.00 on, to the newest destination."""

    class Meta:
        model = PayoutSchedule

    destination_id = LazyAttribute(lambda made: made.shop.destination.pk)
    every = PayoutSchedule.Every.DAILY
    from_amount = "10.00"
    actor = OWNER

    _amounts: ClassVar[tuple[str, ...]] = ("from_amount",)

    @classmethod
    def _make(cls, shop: Shop, now: datetime, said: dict[str, Any]) -> PayoutSchedule:
        """Set up automatic withdrawals."""
        rule, _is_new = automatic.set_up(merchant_id=shop.merchant.pk, now=now, **said)
        return rule


class CreditPolicyFactory(DjangoModelFactory[CreditPolicy]):
    """A second version of the figures of a currency, in force on days that lie behind.

    It is the one row of the book that no operation makes here: an operator introduces figures for
    days to come (`policies.introduce`), and tests are about shops that joined under them.
    """

    class Meta:
        model = CreditPolicy

    currency = "USD"
    version = 2
    starts_on = date(2026, 11, 1)
