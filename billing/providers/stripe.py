"""Stripe, which collects bills from cards (rule 16.15).

An attempt is one PaymentIntent, made and confirmed in one request while nobody is there to type a
code. Its metadata carries the attempt's key, by which it is found again among its customer's.
"""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from django.conf import settings

from billing.models import Payment
from billing.providers import hurry
from billing.providers.answers import Answer, NoAnswer, ProviderNotReady, StrangeAnswer
from billing.providers.stripe_library import stripe
from merchants import installation

if TYPE_CHECKING:
    from stripe.params import PaymentIntentCreateParams

log = logging.getLogger(__name__)

# In the metadata of what we make at Stripe: the attempt's key, which has the installation's prefix,
# the merchant's reference, the actor, and the prefix alone where no key has it.
PAYMENT, MERCHANT, ACTOR = "tael_payment", "tael_merchant", "tael_actor"
INSTALLATION = "tael_installation"

AUTHENTICATION = "authentication_required"
AMOUNT = Payment.AMOUNT
NO_CARD = "card_removed"

# The same card will not do (Stripe's "declines" and "smart retries" pages). First what Stripe never
# tries again itself, then what says that the card or its account is not good for this any more.
# Anything else may be the bank's mood or the day's balance (do_not_honor, generic_decline,
# insufficient_funds, try_again_later …), and is retried as the bill's schedule has it.
HARD = {
    AUTHENTICATION,
    "highest_risk_level",
    "incorrect_number",
    "lost_card",
    "pickup_card",
    "revocation_of_all_authorizations",
    "revocation_of_authorization",
    "stolen_card",
    "transaction_not_allowed",
    "card_not_supported",
    "currency_not_supported",
    "do_not_try_again",
    "expired_card",
    "fraudulent",
    "invalid_account",
    "invalid_expiry_month",
    "invalid_expiry_year",
    "invalid_number",
    "merchant_blacklist",
    "new_account_information_available",
    "restricted_card",
    "stop_payment_order",
}
# The bank's own word on whether to try again: never, or not with these data.
HARD_ADVICE = {"do_not_try_again", "confirm_card_data"}

# How Stripe counts amounts (its "currencies" page); hundredths in all currencies not named here.
WHOLE = "BIF CLP DJF GNF JPY KMF KRW MGA PYG RWF VND VUV XAF XOF XPF"
THOUSANDTHS = "BHD JOD KWD OMR TND"  # of which the last digit must be 0
WHOLE_IN_HUNDREDTHS = "ISK UGX"
NOT_TAKEN = "IQD LYD"  # three digits by ISO 4217, and unknown to Stripe

# What is wrong with the amount when Stripe refuses the request for it.
AMOUNT_REFUSALS = {"amount_too_small", "amount_too_large", "invalid_currency"}

CONNECT_SECONDS = 5
LEAST_SECONDS = 0.1
# How far our clock and Stripe's may be apart when we look for what was made since an attempt. What
# is overlooked would be paid twice, so it is more than certificates let a clock be wrong by.
CLOCKS = timedelta(days=90)


class AmountNotPossible(Exception):
    """Stripe can't take exactly this amount, and nothing is rounded."""


class AnotherPayment(StrangeAnswer):
    """A PaymentIntent has an attempt's key, but another amount, currency or customer."""


class Stripe:
    """The provider that collects from cards at Stripe."""

    is_local = False
    needs_card = True

    def check_ready(self) -> None:
        """Raise ProviderNotReady if there is no API key, or if this is a copy of an installation
        that runs elsewhere.
        """
        if not settings.STRIPE_API_KEY:
            raise ProviderNotReady("card payments need STRIPE_API_KEY")
        try:
            installation.refuse_elsewhere()
        except installation.Elsewhere as elsewhere:
            raise ProviderNotReady(str(elsewhere)) from elsewhere

    def collect(self, payment: Payment, *, now: datetime) -> Answer:
        """Make and confirm a PaymentIntent for the payment; returns its outcome. A card that is
        missing and an amount that Stripe can't take, which is logged, are failures after which no
        retry helps. Raises NoAnswer, AnotherPayment, ProviderNotReady.
        """
        if payment.card is None:
            return Answer.failed(NO_CARD, is_hard=True)
        try:
            order = _intent_parameters(payment)
        except AmountNotPossible as problem:
            log.error("Payment %s can't be made at Stripe: %s", payment, problem)
            return Answer.failed(AMOUNT, is_hard=True)
        with asking():
            intents = client().v1.payment_intents
            try:
                intent = intents.create(order, {"idempotency_key": payment.idempotency_key})
            except stripe.CardError as decline:
                return _declined(payment, decline)
            except stripe.InvalidRequestError as refusal:
                return _refused(payment, refusal)
            return answer(payment, intent)

    def find(self, payment: Payment) -> Answer | None:
        """The outcome of the PaymentIntent with the payment's key; None if the payment has no card
        any more, or Stripe has none among its customer's since 90 days before the attempt. Raises
        NoAnswer, AnotherPayment, ProviderNotReady.
        """
        if payment.card is None:
            return None
        with asking():
            since = int((payment.started_at - CLOCKS).timestamp())
            found = client().v1.payment_intents.list(
                {"customer": payment.card.customer, "created": {"gte": since}, "limit": 100}
            )
            for intent in found.auto_paging_iter():
                if metadata(intent).get(PAYMENT) == payment.idempotency_key:
                    return answer(payment, intent)
        return None


def client() -> "stripe.StripeClient":
    """A client of Stripe that opens a new connection for each use, so that no stale connection
    costs a payment its answer.

    It does not retry. Raises ProviderNotReady, and NoAnswer if the page that waits has no time left
    (hurry).
    """
    Stripe().check_ready()
    http = stripe.RequestsClient(timeout=_patience())
    return stripe.StripeClient(
        settings.STRIPE_API_KEY,
        base_addresses={"api": settings.STRIPE_API_BASE},
        http_client=http,
        max_network_retries=0,
    )


def _patience() -> tuple[float, float]:
    """The time-outs, in seconds, of connecting and of each answer. Raises NoAnswer if a page waits
    and has too little time left.
    """
    left = hurry.seconds_left()
    if left is None:
        return CONNECT_SECONDS, settings.STRIPE_TIMEOUT
    if left < LEAST_SECONDS:
        raise NoAnswer("Stripe has not answered in time")
    connecting = min(CONNECT_SECONDS, left / 2)
    return connecting, min(settings.STRIPE_TIMEOUT, left - connecting)


@contextmanager
def asking() -> Iterator[None]:
    """Turn every error of Stripe within the block into NoAnswer; one that an operator has to mend
    is logged as an error.

    A key that Stripe does not accept and a request that it does not understand took no money, but
    are our fault and not the merchant's: as NoAnswer they are no failed attempt, use up no retry
    and freeze no line. Once that is mended, Stripe says that it never received the attempt, and it
    is made again.
    """
    try:
        yield
    except (stripe.AuthenticationError, stripe.PermissionError) as error:
        log.error("Stripe does not accept STRIPE_API_KEY: %s", error)
        raise NoAnswer("Stripe does not accept our key") from error
    except (stripe.InvalidRequestError, stripe.IdempotencyError) as error:
        log.error("Stripe refuses our request: %s", error)
        raise NoAnswer(f"Stripe refuses our request: {error}") from error
    except stripe.StripeError as error:
        in_one_line = " ".join(str(error).split())
        raise NoAnswer(f"Stripe does not answer: {in_one_line}") from error


def units(amount: Decimal, currency: str) -> int:
    """The amount in Stripe's units of the currency, whose code is in capitals: 39.00 USD is 3900,
    500 JPY is 500, 1.230 KWD is 1230.

    Raises AmountNotPossible instead of rounding (1.234 KWD, half a yen), and for a currency that
    Stripe does not take.
    """
    if currency in NOT_TAKEN:
        raise AmountNotPossible(f"Stripe does not take {currency}")
    digits, step = _counting(currency)
    counted = amount.scaleb(digits)
    if counted % step:
        raise AmountNotPossible(f"Stripe does not take {amount} {currency} exactly")
    return int(counted)


def amount_of(counted: int, currency: str) -> Decimal:
    """The amount in the currency, whose code is in capitals, for a number of Stripe's units; the
    inverse of `units`.
    """
    digits, _ = _counting(currency)
    return Decimal(counted).scaleb(-digits)


def _counting(currency: str) -> tuple[int, int]:
    """How many decimals Stripe's unit of the currency has (0 for whole units, 3 for thousandths,
    else 2), and the number of units of which an amount must be a multiple, in this order. The code
    of the currency is in capitals; one that is not known here counts as hundredths.
    """
    if currency in WHOLE:
        return 0, 1
    if currency in THOUSANDTHS:
        return 3, 10
    return 2, 100 if currency in WHOLE_IN_HUNDREDTHS else 1


def metadata(made: Any) -> dict[str, str]:
    """The metadata of the object `made` at Stripe, whoever wrote it; empty if it has none. What we
    made is known by our keys among it.
    """
    written = getattr(made, "metadata", None)
    return dict(written.to_dict()) if written else {}


def answer(payment: Payment, intent: "stripe.PaymentIntent") -> Answer:
    """The answer that a PaymentIntent gives about the attempt: undecided as long as Stripe is at
    work on it. An intent that waits for something, such as the holder's confirmation, is cancelled
    at Stripe first, and has failed unless it turns out to have succeeded by then.

    Raises NoAnswer if it could not be cancelled, AnotherPayment, and StripeError, which `asking`
    turns into NoAnswer.
    """
    _check_same(payment, intent)
    if intent.status == "succeeded":
        return _received(payment, intent)
    if intent.status == "processing":
        return Answer.undecided(intent.id)
    failure, is_hard = _failure(intent)
    has_failed = intent.status == "requires_payment_method" and failure != AUTHENTICATION
    if intent.status != "canceled" and not (has_failed and intent.last_payment_error):
        after = _cancel(intent)
        if after.status == "succeeded":
            return _received(payment, after)
        if after.status != "canceled":
            raise NoAnswer(f"{intent.id} is {after.status} and could not be cancelled")
    return Answer.failed(failure, is_hard=is_hard, reference=intent.id)


def _intent_parameters(payment: Payment) -> "PaymentIntentCreateParams":
    """The parameters of the PaymentIntent that is to be made for the attempt. Raises
    AmountNotPossible.
    """
    assert payment.card is not None
    invoice = payment.invoice
    return {
        "amount": units(payment.amount.amount, payment.currency),
        "currency": payment.currency.lower(),
        "customer": payment.card.customer,
        "payment_method": payment.card.token,
        "allowed_payment_method_types": ["card"],
        "off_session": True,
        "confirm": True,
        "metadata": {
            PAYMENT: payment.idempotency_key,
            MERCHANT: invoice.account.merchant.reference,
            "tael_invoice": installation.outside(str(invoice)),
        },
    }


def _declined(payment: Payment, decline: "stripe.CardError") -> Answer:
    """The answer for an attempt whose card its bank declined: what its PaymentIntent says, or a
    failure with the decline's code if there is none. Raises NoAnswer, AnotherPayment, StripeError.
    """
    intent = getattr(decline.error, "payment_intent", None)
    if intent is not None:
        return answer(payment, intent)
    failure, is_hard = _failure_code(decline.error)
    return Answer.failed(failure, is_hard=is_hard)


def _refused(payment: Payment, refusal: "stripe.InvalidRequestError") -> Answer:
    """The answer for an attempt of which Stripe refused the card or the amount, so that a retry
    would not help; it is logged. Raises any other refusal again.
    """
    if refusal.code in AMOUNT_REFUSALS or refusal.param in {"amount", "currency"}:
        failure = AMOUNT
    elif refusal.param in {"customer", "payment_method"}:
        failure = NO_CARD  # deleted or detached over there
    else:
        raise refusal
    log.error("Payment %s was refused by Stripe: %s", payment, refusal)
    return Answer.failed(failure, is_hard=True)


def _failure(intent: "stripe.PaymentIntent") -> tuple[str, bool]:
    """The code of a PaymentIntent's failure, and whether the same card can never pay:
    AUTHENTICATION and True if its holder would have to confirm, what its last error says otherwise,
    and "canceled" and False if there was none.
    """
    if intent.status == "requires_action":
        return AUTHENTICATION, True
    error = getattr(intent, "last_payment_error", None)
    return _failure_code(error) if error is not None else ("canceled", False)


def _failure_code(error: Any) -> tuple[str, bool]:
    """The code of one of Stripe's errors, the bank's own if it gave one and "card_declined" if
    there is none, and whether the same card can never pay.
    """
    given = [getattr(error, name, None) or "" for name in ("decline_code", "code", "advice_code")]
    decline_code, code, advice = given
    is_hard = bool({decline_code, code} & HARD) or advice in HARD_ADVICE
    return decline_code or code or "card_declined", is_hard


def _cancel(intent: "stripe.PaymentIntent") -> "stripe.PaymentIntent":
    """Cancel the PaymentIntent, and return it as it is then; if it can't be cancelled, as it may
    have ended in another way before, it is only read again. Raises NoAnswer if the page that waits
    has no time left, and StripeError.
    """
    intents = client().v1.payment_intents
    try:
        return intents.cancel(intent.id)
    except stripe.InvalidRequestError:
        return intents.retrieve(intent.id)


def _check_same(payment: Payment, intent: "stripe.PaymentIntent") -> None:
    """Raise AnotherPayment unless the PaymentIntent has the amount, currency and customer of the
    payment whose key it has; that is logged, too.
    """
    expected = payment.card and (
        units(payment.amount.amount, payment.currency),
        payment.currency.lower(),
        payment.card.customer,
    )
    if (intent.amount, intent.currency, intent.customer) != expected:
        log.error("%s names payment %s and is of another amount or customer", intent.id, payment)
        raise AnotherPayment(
            f"{intent.id} has the key of payment {payment}, and asks for"
            f" {_amount_text(intent.amount, intent.currency)} of customer {intent.customer}; we"
            f" asked for {payment.amount.amount:f} {payment.currency}"
        )


def _received(payment: Payment, intent: "stripe.PaymentIntent") -> Answer:
    """The answer SUCCEEDED. Raises AnotherPayment if the amount that arrived is not the one asked
    for; that is logged, too.
    """
    received = getattr(intent, "amount_received", intent.amount)
    if received != intent.amount:
        log.error("%s of payment %s brought another amount", intent.id, payment)
        raise AnotherPayment(
            f"{intent.id} says that {_amount_text(received, intent.currency)} arrived; we asked for"
            f" {payment.amount.amount:f} {payment.currency}"
        )
    return Answer.succeeded(intent.id)


def _amount_text(counted: int, currency: str) -> str:
    """A number of Stripe's units as text for operators: 24900 usd is 249.00 USD."""
    digits = _counting(currency.upper())[0]
    return f"{Decimal(counted).scaleb(-digits):f} {currency.upper()}"
