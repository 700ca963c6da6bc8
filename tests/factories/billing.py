"""What stands in the billing book before a test: charges, bills, cards, payments, requests."""

from datetime import date, datetime
from decimal import Decimal
from typing import Any, ClassVar

from django.conf import settings
from factory.base import Factory
from factory.declarations import LazyAttribute, SelfAttribute, Sequence

from billing.models import (
    BillingCredit,
    BillingDetails,
    BillingQuestion,
    Card,
    Charge,
    FeePrice,
    Invoice,
    Issuer,
    Payment,
    Reversal,
    ThresholdRequest,
)
from billing.operations import (
    billing_details,
    charges,
    credits,
    issuers,
    payment_methods,
    payments,
    prices,
    questions,
    reversals,
    thresholds,
    transfers,
)
from tests import two_people
from tests.amounts import usd
from tests.factories.base import OPERATOR, OWNER, OfShop
from tests.shops import Shop, instant, let_one_decide


class ChargeFactory(OfShop[Charge]):
    """A charge of the platform; with `arrived`, one of which we hear later than it happened."""

    class Meta:
        model = Charge

    reference = Sequence("made-{}".format)
    fee = "pick-pack"
    amount = "10.00"
    quantity = Decimal(1)
    arrived = SelfAttribute("at")

    _amounts: ClassVar[tuple[str, ...]] = ()  # it has one currency column

    @classmethod
    def _make(cls, shop: Shop, now: datetime, said: dict[str, Any]) -> Charge:
        """Record the charge, served at `now`."""
        arrived = said.pop("arrived")
        said |= {"amount": Decimal(said["amount"]), "currency": shop.billing_currency}
        charge, is_new = charges.record(
            charges.NewCharge(
                merchant_id=shop.merchant.pk,
                at=now,
                now=shop.at(arrived) if isinstance(arrived, str) else arrived,
                **said,
            )
        )
        assert is_new
        return charge


class InvoiceFactory(OfShop[Invoice]):
    """The bill that a charge brings about: it reaches the shop's threshold."""

    class Meta:
        model = Invoice

    fee = "pick-pack"
    amount = "210.00"
    charge = Sequence("made-{}".format)

    _amounts: ClassVar[tuple[str, ...]] = ()  # events carry text

    @classmethod
    def _make(cls, shop: Shop, now: datetime, said: dict[str, Any]) -> Invoice:
        """Charge so much that a bill is issued; returns the bill."""
        issued = shop.account.invoices.count()
        assert shop.charge(now.isoformat(), **said) == "applied"
        assert shop.account.invoices.count() == issued + 1
        return shop.account.invoices.latest("pk")


class CardFactory(OfShop[Card]):
    """A card that bills are collected from now on: of the sandbox, and good."""

    class Meta:
        model = Card

    provider = "sandbox"
    last_four = "4242"
    token = LazyAttribute(lambda card: f"tok-{card.last_four}")
    brand = "Visa"
    actor = OWNER

    @classmethod
    def _make(cls, shop: Shop, now: datetime, said: dict[str, Any]) -> Card:
        return payment_methods.add_card(merchant_id=shop.merchant.pk, now=now, **said)


class PaymentFactory(OfShop[Payment]):
    """An attempt to collect the bill, which the merchant asked for; it ends as its card says."""

    class Meta:
        model = Payment

    invoice = LazyAttribute(lambda made: made.shop.account.invoices.latest("pk"))
    actor = OWNER

    @classmethod
    def _make(cls, shop: Shop, now: datetime, said: dict[str, Any]) -> Payment:
        """Have a member pay the bill now."""
        return payments.pay_now(invoice_id=said.pop("invoice").pk, now=now, **said)


class TransferFactory(OfShop[transfers.Transfer]):
    """Money that came to our bank, for a bill or, where none is named, for none yet."""

    class Meta:
        model = transfers.Transfer

    amount = "39.00"
    reference = Sequence("made-{}".format)
    invoice: Any = None
    actor = OPERATOR

    @classmethod
    def _make(cls, shop: Shop, now: datetime, said: dict[str, Any]) -> transfers.Transfer:
        """Record a transfer, for the bill if one is given."""
        invoice = said.pop("invoice")
        if invoice:
            return transfers.record(invoice_id=invoice.pk, now=now, **said)
        return transfers.receive(merchant_id=shop.merchant.pk, now=now, **said)


class ProviderReportFactory(Factory[reversals.ProviderReport]):
    """What a provider says about money that it took back: here a refund that succeeded."""

    class Meta:
        model = reversals.ProviderReport

    provider = "sandbox"
    reference = Sequence("made-{}".format)
    kind = Reversal.Kind.REFUND
    money_reference = "pi_1"
    amount = usd(10)
    state = "succeeded"
    came_back = LazyAttribute(lambda report: report.state == "failed")
    is_ours = False


class ReversalFactory(OfShop[Reversal]):
    """Money of a payment that its provider took back, as a ProviderReportFactory says."""

    class Meta:
        model = Reversal

    payment: Any = None
    actor = "stripe"

    @classmethod
    def _make(cls, shop: Shop, now: datetime, said: dict[str, Any]) -> Reversal | None:
        """Have the payment's provider take back its money. Returns what `reversals.record` does."""
        payment, actor = said.pop("payment"), said.pop("actor")
        paid = {"money_reference": payment.provider_reference, "amount": payment.amount}
        report = ProviderReportFactory.build(**paid | said)
        return reversals.record(report, payment_id=payment.pk, actor=actor, now=now)


class CreditRequestFactory(OfShop[BillingCredit]):
    """A credit on a charge, which the merchant asks for and nobody has decided yet."""

    class Meta:
        model = BillingCredit

    charge = "c-1"
    fee = "credit-pick-pack"
    amount = "10.00"
    message = "Two dresses were missing."
    request_key = Sequence("asked-{}".format)
    actor = OWNER

    @classmethod
    def _make(cls, shop: Shop, now: datetime, said: dict[str, Any]) -> BillingCredit:
        """Ask for a credit, in the merchant's name."""
        return credits.ask(merchant_id=shop.merchant.pk, now=now, **said)


class GrantedCreditFactory(OfShop[BillingCredit]):
    """A credit that an operator grants, on a charge or, where none is named, on the account."""

    class Meta:
        model = BillingCredit

    charge = ""
    fee = "credit-account"
    amount = "10.00"
    reason = "as agreed"
    told = SelfAttribute("reason")
    request_key = Sequence("granted-{}".format)
    actor = OPERATOR

    @classmethod
    def _make(cls, shop: Shop, now: datetime, said: dict[str, Any]) -> BillingCredit:
        """Give a credit, in an operator's name."""
        return credits.grant(merchant_id=shop.merchant.pk, now=now, **said)


class ThresholdRequestFactory(OfShop[ThresholdRequest]):
    """A higher threshold that the merchant asks for, not decided yet."""

    class Meta:
        model = ThresholdRequest

    threshold = "500.00"
    message = "We sell more in winter."
    actor = OWNER

    _amounts: ClassVar[tuple[str, ...]] = ("threshold",)

    @classmethod
    def _make(cls, shop: Shop, now: datetime, said: dict[str, Any]) -> ThresholdRequest:
        """Ask for a threshold, in the merchant's name."""
        return thresholds.ask(merchant_id=shop.merchant.pk, now=now, **said)


class BillingQuestionFactory(OfShop[BillingQuestion]):
    """A question about charges or bills, not answered yet."""

    class Meta:
        model = BillingQuestion

    message = "Why two bills in November?"
    actor = OWNER

    @classmethod
    def _make(cls, shop: Shop, now: datetime, said: dict[str, Any]) -> BillingQuestion:
        """Ask a question, in the merchant's name."""
        return questions.ask(merchant_id=shop.merchant.pk, now=now, **said)


class FeePriceFactory(Factory[FeePrice]):
    """The price of a fee from a day on: everybody's, or that of one merchant."""

    class Meta:
        model = FeePrice

    fee = "storage"
    currency = "USD"
    unit_price: Any = Decimal("0.015")
    from_on = date(2026, 1, 1)
    merchant_id: Any = None
    actor = OPERATOR
    reason = "as agreed"
    now = instant("2026-10-01 00:00")

    @classmethod
    def _create(cls, model_class: Any, *args: Any, **kwargs: Any) -> Any:
        """Introduce the price, by two people where it takes two."""
        if kwargs["currency"] in settings.CURRENCIES:
            let_one_decide(kwargs["currency"])
        made = two_people.decided(prices.introduce, **kwargs)  # a price far from the one before
        return made if isinstance(made, FeePrice) else FeePrice.objects.latest("pk")


class IssuerFactory(Factory[Issuer]):
    """A legal entity in Thailand with an account in baht."""

    class Meta:
        model = Issuer

    prefix = "TH"
    name = "Tael (Thailand) Co., Ltd."
    address = "99 Rama IV Road\nBangkok 10500"
    country = "TH"
    tax_number = "1-2345-45678-78-1"
    bank_accounts: Any = (issuers.BankAccount("THB", "012-3-45678-9", "BKKBTHBK", "Bangkok Bank"),)
    logo: Any = None
    registration_number = ""
    actor = OPERATOR
    reason = "as agreed"
    now = instant("2026-10-01 00:00")

    @classmethod
    def _create(cls, model_class: Any, *args: Any, **kwargs: Any) -> Any:
        """Add the issuer."""
        said = {name: kwargs.pop(name) for name in ("prefix", "actor", "reason", "now")}
        return issuers.add(entity=issuers.Entity(**kwargs), **said)


class DetailsFactory(OfShop[BillingDetails]):
    """Whom bills are made out to, as an owner says; an operator confirms it unless told not to."""

    class Meta:
        model = BillingDetails

    legal_name = "Rosewood GmbH"
    address = "Hauptstr. 5\n10115 Berlin"
    country = "DE"
    tax_number = "DE136695976"
    purchase_order = "PO-7"
    actor = OWNER
    is_confirmed = True

    _amounts: ClassVar[tuple[str, ...]] = ()

    @classmethod
    def _make(cls, shop: Shop, now: datetime, said: dict[str, Any]) -> BillingDetails:
        """Say billing details and, unless told otherwise, confirm them."""
        actor, is_confirmed = said.pop("actor"), said.pop("is_confirmed")
        details = billing_details.say(
            merchant_id=shop.merchant.pk,
            party=billing_details.Party(**said),
            actor=actor,
            now=now,
        )
        if not is_confirmed:
            return details
        return billing_details.confirm(
            details_id=details.pk, actor=OPERATOR, reason="as agreed", now=now
        )
