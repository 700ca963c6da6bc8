"""What tests of operators' decisions about billing have in common: one shop, and its rows.

The shop joined on 1 November with a threshold of 200.00 USD, and owes 30.00 of 2 November; it pays
by bank transfer. What operators do happens on 4 November.
"""

from datetime import date
from typing import Any

from django.contrib.auth.models import Permission
from django.db.models import Model, Q
from moneyed import Money

from billing.models import (
    BankLine,
    BankStatement,
    BankTransfer,
    BillingAccount,
    BillingCredit,
    BillingDetails,
    BillingQuestion,
    Card,
    Charge,
    Clearance,
    Invoice,
    Issuer,
    Payment,
    ProviderDifference,
    Reversal,
    ThresholdRequest,
)
from billing.operations import (
    bank_matching,
    clearances,
    closing,
    invoice_decisions,
    invoices_on_request,
    issuers,
    pauses,
    payment_methods,
    payment_plans,
    terms,
)
from credit.operations import limits
from merchants.models import User
from tests import shops
from tests.bank_files import Paid
from tests.billing import banking
from tests.factories import (
    BillingQuestionFactory,
    CardFactory,
    CreditRequestFactory,
    DetailsFactory,
    GrantedCreditFactory,
    InvoiceFactory,
    IssuerFactory,
    OperatorFactory,
    PaymentFactory,
    ReversalFactory,
    ThresholdRequestFactory,
    TransferFactory,
)
from tests.shops import Shop, instant

DECIDED_AT = instant("2026-11-04 09:00")
DECIDER = "olga@tael.example"
WHY = {"reason": "I have looked at it."}
BEFORE = "2026-11-03 10:00"
AGREED: dict[str, Any] = {
    "actor": "otto@tael.example",
    "reason": "as agreed",
    "now": instant(BEFORE),
}


def operator(*may_change: str, email: str = DECIDER) -> User:
    """Somebody of ours who may look at all of billing, and decide about these models."""
    ours = Permission.objects.filter(content_type__app_label="billing")
    view = Q(codename__startswith="view_")
    change = Q(codename__in=[f"change_{name}" for name in may_change])
    return OperatorFactory.create(email=email, permissions=ours.filter(view | change))


def join() -> Shop:
    """A shop with a charge of 30.00 and a threshold of 200.00."""
    shop = shops.join("2026-11-01 10:00", billing_threshold="200.00")
    assert shop.charge("2026-11-02 10:00", "pick-pack", "30.00", "c-1") == "applied"
    return shop


# Rows that are decided about; each takes the shop to where it is needed.


def account(shop: Shop) -> BillingAccount:
    """The shop's billing account, as it is."""
    return shop.account


def reviewed(shop: Shop) -> BillingAccount:
    """The account, whose bills become drafts from now on."""
    return terms.review_invoices(merchant_id=shop.merchant.pk, wanted=True, **AGREED)


def with_monthly(shop: Shop) -> BillingAccount:
    """The account, with a charge of 8.00 that posts at the month's end."""
    shop.charge("2026-11-03 09:00", "storage", "8.00")
    return shop.account


def closed_without_limit(shop: Shop) -> BillingAccount:
    """The account of a shop that was closed with a limit of 0, so that one officer may open it
    again.
    """
    limits.set_limit(merchant_id=shop.merchant.pk, limit=Money(0, "USD"), **AGREED)
    return closing.close(merchant_id=shop.merchant.pk, **AGREED)


def closed_in_debt(shop: Shop) -> BillingAccount:
    """A closed account whose final bill was voided, so that it owes something."""
    closing.close(merchant_id=shop.merchant.pk, **AGREED)
    invoice_decisions.void(invoice_id=shop.account.invoices.get().pk, **AGREED)
    return shop.account


def closed_in_credit(shop: Shop) -> BillingAccount:
    """A closed account with something outstanding in the merchant's favour."""
    GrantedCreditFactory.create(shop=shop, at=BEFORE, amount="50.00")
    return closing.close(merchant_id=shop.merchant.pk, **AGREED)


def charge(shop: Shop) -> Charge:
    """The charge of 30.00 of `join`."""
    return shop.account.charges.get(reference="c-1")


def credit(shop: Shop) -> BillingCredit:
    """A credit that the merchant has asked for."""
    return CreditRequestFactory.create(shop=shop, at=BEFORE, message="The wrong size was packed.")


def granted(shop: Shop) -> BillingCredit:
    """A credit that was given on the charge."""
    return GrantedCreditFactory.create(shop=shop, at=BEFORE, charge="c-1", fee="credit-pick-pack")


def request(shop: Shop) -> ThresholdRequest:
    """A request for a higher threshold."""
    return ThresholdRequestFactory.create(shop=shop, at=BEFORE)


def question(shop: Shop) -> BillingQuestion:
    """A question of the merchant's."""
    return BillingQuestionFactory.create(shop=shop, at=BEFORE)


def issuer(shop: Shop) -> Issuer:
    return IssuerFactory.create()


TRAILED_ISSUER = {
    "version": 1,
    "name": "Tael (Thailand) Co., Ltd.",
    "address": "99 Rama IV Road\nBangkok 10500",
    "country": "TH",
    "tax_number": "1234545678781",
    "bank_accounts": "THB 012-3-45678-9",
}


def account_and_issuer(shop: Shop) -> BillingAccount:
    """The account, beside an issuer that it could have."""
    issuer(shop)
    return shop.account


def to_clear(shop: Shop) -> Clearance:
    """A bill of 30.00 that waits for the number of a tax office."""
    found = issuer(shop)
    clearances.choose(issuer_id=found.pk, provider="MANUAL", **AGREED)
    issuers.choose(merchant_id=shop.merchant.pk, prefix="TH", **AGREED)
    invoice = invoices_on_request.draw_up(merchant_id=shop.merchant.pk, **AGREED)
    clearances.take_up(found.pk, now=AGREED["now"])
    return Clearance.objects.get(invoice=invoice)


def refused_by_the_office(shop: Shop) -> Clearance:
    """A clearance that the tax office has refused."""
    clearance = to_clear(shop)
    clearance.status, clearance.refusal = Clearance.Status.REFUSED, "The number is not known."
    clearance.ended_at = AGREED["now"]
    clearance.save()
    return clearance


def of_banks(shop: Shop) -> Invoice:
    """A bill of 30.00 with a reference."""
    banking.issuer_with_references()
    issuers.choose(merchant_id=shop.merchant.pk, prefix="DE", **AGREED)
    return invoices_on_request.draw_up(merchant_id=shop.merchant.pk, **AGREED)


def _line(*paid: Paid) -> BankLine:
    """The last line of a statement with these movements, once it was looked at."""
    banking.take(*paid, on="2026-11-02", now=BEFORE)
    banking.match(BEFORE)
    return BankLine.objects.latest("number")


def proposed_line(shop: Shop) -> BankLine:
    """A line of the bank's that pays a bill only in part, for which a bill is proposed."""
    return _line(banking.paying(of_banks(shop), "29.00", bank_reference="B-5"))


def unknown_line(shop: Shop) -> BankLine:
    """A line of the bank's that names nobody."""
    of_banks(shop)
    return _line(Paid("7.00", bank_reference="B-5"))


def returned_line(shop: Shop) -> BankLine:
    """A line that takes back the payment of a bill."""
    paid = banking.paying(of_banks(shop), end_to_end_id="E-1")
    return _line(paid, Paid("30.00", is_credit=False, is_reversal=True, end_to_end_id="E-1"))


def unclear_return(shop: Shop) -> BankLine:
    """The line of a return that names no line that came in."""
    paid = banking.paying(of_banks(shop), end_to_end_id="E-1")
    return _line(paid, Paid("30.00", is_credit=False, is_reversal=True))


def returned_with_a_rest(shop: Shop) -> BankLine:
    """37.00 that came in for a bill of 30.00, of which 7.00 is unapplied, went back."""
    known = {"bank_reference": "B-5", "end_to_end_id": "E-1"}
    first = _line(banking.paying(of_banks(shop), "37.00", **known))
    bank_matching.confirm(line_id=first.pk, actor=AGREED["actor"], now=AGREED["now"])
    back = Paid("37.00", is_credit=False, is_reversal=True, end_to_end_id="E-1")
    banking.take(back, name="S-2", opening="37.00", on="2026-11-03", now=BEFORE)
    banking.match(BEFORE)
    return BankLine.objects.get(statement__name="S-2")


def difference(shop: Shop) -> ProviderDifference:
    """A payment of 100.00 that is in no payout."""
    payment = transfer(shop).payment
    assert payment is not None
    return ProviderDifference.objects.create(
        provider="stripe", kind="NOT_THERE", reference=payment.idempotency_key, payment=payment,
        there="", here="100.00 USD", found_at=instant(BEFORE),
    )  # fmt: skip


def waiting_statement(shop: Shop) -> BankStatement:
    """A statement that waits, as it opens with 2.00 more than the one before ended with."""
    unknown_line(shop)
    banking.take(Paid("1.00"), name="S-3", opening="9.00", on="2026-11-03", now=BEFORE)
    return BankStatement.objects.get(name="S-3")


DETAILS = {
    "legal_name": "Rosewood GmbH",
    "address": "Hauptstr. 5\n10115 Berlin",
    "country": "DE",
    "tax_number": "DE136695976",
    "purchase_order": "PO-7",
}


def details(shop: Shop) -> BillingDetails:
    """Billing details that wait to be confirmed."""
    return DetailsFactory.create(shop=shop, at=BEFORE, is_confirmed=False)


def invoice(shop: Shop) -> Invoice:
    """Over 240.00: what was outstanding, and 210.00 that reached the threshold."""
    return InvoiceFactory.create(shop=shop, at="2026-11-03 09:00", charge="c-2")


def transfer(shop: Shop) -> BankTransfer:
    """A transfer of 100.00 for a part of the bill."""
    TransferFactory.create(
        shop=shop, at=BEFORE, invoice=invoice(shop), amount="100.00", reference="B-6"
    )
    return shop.account.transfers.get()


def paused(shop: Shop) -> Invoice:
    """A bill that is held until 20 Nov 2026."""
    made = invoice(shop)
    pauses.pause(invoice_id=made.pk, until_on=date(2026, 11, 20), told="As you asked.", **AGREED)
    return made


def planned(shop: Shop) -> Invoice:
    """A bill with a payment plan of two parts."""
    made = invoice(shop)
    parts = [(date(2026, 11, day), Money("120.00", "USD")) for day in (20, 30)]
    payment_plans.make(invoice_id=made.pk, parts=parts, told="As you asked.", **AGREED)
    return made


def draft(shop: Shop) -> Invoice:
    """A draft of a bill."""
    reviewed(shop)
    shop.charge("2026-11-03 11:00", "pick-pack", "210.00", "c-2")
    return shop.account.invoices.get()


def card(shop: Shop, last_four: str) -> Card:
    return CardFactory.create(shop=shop, at=BEFORE, last_four=last_four)


def only_card(shop: Shop) -> Card:
    """A card from which nothing is collected: proceeds were chosen after it."""
    made = card(shop, "4242")
    payment_methods.choose(merchant_id=shop.merchant.pk, method="proceeds", **AGREED)
    return made


def of_sandbox(shop: Shop) -> Invoice:
    """A bill that is collected by the sandbox."""
    made = invoice(shop)
    payment_methods.choose(merchant_id=shop.merchant.pk, method="sandbox", **AGREED)
    return made


def of_silent_card(shop: Shop) -> Payment:
    """A payment by a card whose provider keeps silent."""
    made = invoice(shop)
    card(shop, "0119")
    return PaymentFactory.create(shop=shop, at=BEFORE, invoice=made)


def of_strange_provider(shop: Shop) -> Payment:
    """A payment whose provider says that another amount arrived than the 240.00 that were asked
    for.
    """
    payment = of_silent_card(shop)
    payment.problem = "pi_1 says that 239.00 USD arrived; we asked for 240.00 USD."
    payment.save(update_fields=["problem"])
    return payment


def reversed_payment(shop: Shop) -> Reversal:
    """The bill's payment of 240.00 was disputed, and the dispute is lost."""
    paid = PaymentFactory.create(shop=shop, at=BEFORE, invoice=of_sandbox(shop))
    return ReversalFactory.create(
        shop=shop,
        at=BEFORE,
        payment=paid,
        reference="du_1",
        kind=Reversal.Kind.DISPUTE,
        state="lost",
    )


def with_unapplied(shop: Shop) -> BillingAccount:
    """50.00 came, and there is no bill."""
    TransferFactory.create(shop=shop, at=BEFORE, amount="50.00", reference="B-6")
    return shop.account


def reread(row: Model) -> Any:
    """The row as the database has it now."""
    return type(row)._default_manager.get(pk=row.pk)
