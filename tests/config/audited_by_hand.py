"""Two merchants' May and June, after the spring of audited_spring.py.

All that operators undo, and what they correct and write off by hand.

hemp  USD, UTC, pays by hand: a transfer that was flax's, and came late for its own bill; a credit
      that was taken back; proceeds corrected, and the correction taken back; an order that was
      written off before its day, and recovered in part.
flax  USD, UTC, pays by hand: the transfer pays its bill; from then on an issuer of its own has
      it, whose bills the sandbox of a tax office clears, and its billing details were confirmed.
"""

from datetime import date
from decimal import Decimal
from typing import Any

from billing.models import BankLine, Clearance
from billing.operations import (
    bank_matching,
    clearances,
    credits_undone,
    issuers,
    tax_rates,
    transfers,
    transfers_moved,
    value_dates,
)
from credit.operations import corrections, write_offs
from tests.amounts import usd
from tests.bank_files import Paid
from tests.billing import banking
from tests.config.audited_spring import OPERATOR, PLAN
from tests.factories import DetailsFactory, GrantedCreditFactory, IssuerFactory
from tests.shops import Shop

TOLD: dict[str, Any] = {"told": "It was a mistake."}


def live() -> None:
    """Write all that operators do by hand about money, for the audit to find it right."""
    hemp = _joined("hemp")
    flax = _joined("flax")
    _transfer(hemp)
    _issue(flax)
    _credit(hemp)
    _correct(hemp)
    _write_off(hemp)
    _bank()


def _joined(reference: str) -> Shop:
    """A shop that has just joined, on these terms."""
    shop = Shop(reference, timezone="UTC", payment_method="manual", settlement_days=0, **PLAN)
    assert shop.join("2027-05-11 09:00") == "applied"
    return shop


def _by(shop: Shop, at: str) -> dict[str, Any]:
    """Who acts, and when: what operations are given."""
    return {**OPERATOR, "now": shop.at(at)}


def _transfer(shop: Shop) -> None:
    """Record a transfer of 50.00, of which 39.00 pay the bill; all of it was flax's."""
    transfers.record(
        invoice_id=shop.account.invoices.get().pk,
        amount=usd("50.00"),
        reference="bank-5",
        arrived_on=date(2027, 5, 12),
        actor="olga@tael.example",
        now=shop.at("2027-05-13 10:00"),
    )
    transfer = shop.account.transfers.get()
    value_dates.correct(
        transfer_id=transfer.pk, arrived_on=date(2027, 5, 11), **_by(shop, "2027-05-13 11:00")
    )
    transfers_moved.move(
        transfer_id=transfer.pk, to="flax", **TOLD, **_by(shop, "2027-05-13 12:00")
    )


def _issue(shop: Shop) -> None:
    """Issue a bill of the issuer TH's second version, with its country's tax of 7 %."""
    issuer = IssuerFactory.create(now=shop.at("2027-05-14 08:00"))
    issuers.choose(merchant_id=shop.merchant.pk, prefix="TH", **_by(shop, "2027-05-14 09:00"))
    DetailsFactory.create(
        shop=shop, at="2027-05-14 09:30", country="TH", tax_number="1-2345-45678-78-1"
    )
    tax_rates.introduce(
        country="TH",
        tax_class="STANDARD",
        percent=Decimal(7),
        starts_on=date(2027, 5, 14),
        **_by(shop, "2027-05-12 09:00"),
    )
    entity = issuers.Entity("Tael Siam", "1 Silom Road", "TH", "1-2345-45678-78-1")
    issuers.change(issuer_id=issuer.pk, entity=entity, **_by(shop, "2027-05-14 10:00"))
    clearances.choose(issuer_id=issuer.pk, provider="SANDBOX", **_by(shop, "2027-05-14 10:30"))
    shop.charge("2027-05-14 11:00", "pick-pack", "250.00", "X-1")
    clearances.take_up(issuer.pk, now=shop.at("2027-05-14 11:05"))
    for at in ("2027-05-14 11:06", "2027-05-14 11:11"):  # it knows its number a little later
        clearances.clear(Clearance.objects.get().pk, now=shop.at(at))


def _credit(shop: Shop) -> None:
    """Give a credit on a charge, and take it back."""
    shop.charge("2027-05-14 10:00", "pick-pack", "20.00", "H-1")
    credit = GrantedCreditFactory.create(
        shop=shop, at="2027-05-14 11:00", charge="H-1", fee="credit-pick-pack"
    )
    credits_undone.undo(credit_id=credit.pk, **TOLD, **_by(shop, "2027-05-14 12:00"))


def _correct(shop: Shop) -> None:
    """Correct proceeds, and take it back."""
    correction = corrections.correct(
        merchant_id=shop.merchant.pk,
        amount=usd("-7.00"),
        request_key="form-1",
        **TOLD,
        **_by(shop, "2027-05-15 10:00"),
    )
    corrections.take_back(correction_id=correction.pk, **TOLD, **_by(shop, "2027-05-15 11:00"))


def _write_off(shop: Shop) -> None:
    """Write off an order in three parts of 33.33, 33.33 and 33.34, of which the first was paid."""
    shop.place("2027-05-11 10:00", "H-2", "100.00", instalments=3)
    shop.deliver("2027-05-11 11:00", "H-2")
    shop.pay("2027-05-16 10:00", "H-2", "33.33")
    order = shop.line.orders.get()
    write_offs.write_off(order_id=order.pk, **TOLD, **_by(shop, "2027-06-21 10:00"))
    shop.pay("2027-06-22 10:00", "H-2", "6.00")


def _bank() -> None:
    """Take a bank's two statements: of the second one an operator says that it is flax's
    transfer.
    """
    banking.issuer_with_references()
    banking.matched(Paid("1.00"), on="2027-05-13", now="2027-05-14 11:30")
    paid = Paid("50.00", bank_reference="bank-5")
    banking.matched(paid, on="2027-05-14", now="2027-05-14 11:30", name="S-2", opening="1.00")
    bank_matching.place(
        line_id=BankLine.objects.latest("pk").pk, merchant="flax", actor="olga@tael.example",
        now=banking.at("2027-05-14 12:00"),
    )  # fmt: skip
