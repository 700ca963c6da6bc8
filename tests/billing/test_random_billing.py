"""Whatever is charged, credited, changed, paid and voided: the books keep their rules.

After every step they are computed anew, naively, from the charges.
"""

import os
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import transaction
from hypothesis import HealthCheck
from hypothesis import settings as bounds
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)
from moneyed import Money

from billing.models import Invoice, InvoiceItem
from billing.operations import (
    charges_by_hand,
    due_days,
    invoice_decisions,
    invoices_on_request,
    pauses,
    payment_methods,
    payment_plans,
    payments,
    waivers,
)
from lib import money
from lib.refusals import Refused
from tests import books, shops
from tests.billing import deciding

FEES = ("pick-pack", "shipping-label", "storage", "app-usage", "transaction-fee")
CREDITS = ("credit-pick-pack", "credit-label", "credit-account")
AMOUNTS = st.sampled_from(["0", "1", "7", "50", "100", "200", "400"])
CARDS = ("4242", "0002", "9995")


class Billing(RuleBasedStateMachine):
    """One merchant from 20 October 2026, whose clock stands at `now`."""

    def __init__(self) -> None:
        super().__init__()
        self.undone = transaction.atomic()
        self.undone._from_testcase = True  # type: ignore[attr-defined]  # as a test's own
        self.undone.__enter__()
        self.now = datetime.fromisoformat("2026-10-20T10:30:00+00:00")
        self.forms = 0

    def teardown(self) -> None:
        """Check that the audit finds nothing wrong with the whole history, too."""
        try:
            books.assert_clean()
        finally:
            transaction.set_rollback(True)
            self.undone.__exit__(None, None, None)

    @initialize(currency=st.sampled_from(["USD", "JPY", "KWD"]), interval=st.sampled_from([30, 45]))
    def join(self, currency: str, interval: int) -> None:
        """A shop joins, whose bills the sandbox collects."""
        self.shop = shops.join(
            self.at,
            billing_currency=currency,
            timezone="Asia/Kathmandu",
            billing_threshold="150",
            plan_price="39",
            plan_interval_days=interval,
            payment_method="sandbox",
        )
        deciding.price("pick-pack", "3.333333", "2026-10-01", currency=currency)

    @property
    def at(self) -> str:
        """The present instant, as shops take it."""
        return self.now.isoformat()

    def attempt(self, act: Callable[..., object], *arguments: Any, **more: Any) -> None:
        """Do this, or be refused, which is as good."""
        with suppress(Refused):
            act(*arguments, **more)

    def some_invoice(self, place: int) -> Invoice | None:
        """One of the last four bills; None if there is none."""
        invoices = list(self.shop.account.invoices.order_by("-pk")[:4])
        return invoices[place % len(invoices)] if invoices else None

    @rule(fee=st.sampled_from(FEES), amount=AMOUNTS)
    def charge(self, fee: str, amount: str) -> None:
        """Charge this amount, which may be refused."""
        assert self.shop.charge(self.at, fee, amount).split()[0] in ("applied", "rejected")

    @rule(fee=st.sampled_from(FEES), quantity=st.sampled_from([1, 3, "2.5", 60]))
    def priced(self, fee: str, quantity: object) -> None:
        """Charge a quantity by its price, which may be refused."""
        outcome = deciding.priced(self.shop, self.at, fee, quantity)
        assert outcome in ("applied", "rejected invalid", "rejected account_closed")

    @rule(fee=st.sampled_from(CREDITS), amount=AMOUNTS)
    def credit(self, fee: str, amount: str) -> None:
        """Try to give a credit."""
        self.attempt(deciding.grant, self.shop, self.at, amount, fee)

    @rule(threshold=st.sampled_from(["0", "50", "150", "100000"]))
    def change_threshold(self, threshold: str) -> None:
        self.attempt(deciding.set_threshold, self.shop, self.at, threshold)

    @rule(price=st.sampled_from(["0", "39", "200"]), interval=st.sampled_from([30, 45, 365]))
    def change_plan(self, price: str, interval: int) -> None:
        self.attempt(deciding.change_plan, self.shop, self.at, price, interval)

    @rule(zone=st.sampled_from(["Pacific/Kiritimati", "Pacific/Pago_Pago", "Asia/Kathmandu"]))
    def move(self, zone: str) -> None:
        """Count the merchant's days in another time zone, from its next month on."""
        deciding.change_time_zone(self.shop, self.at, zone)

    @rule()
    def review(self) -> None:
        """Have bills be drafts from now on."""
        deciding.review_invoices(self.shop, self.at)

    @rule(card=st.sampled_from(CARDS))
    def choose_card(self, card: str) -> None:
        self.attempt(
            payment_methods.add_card,
            merchant_id=self.shop.merchant.pk,
            provider="sandbox",
            token=card,
            brand="Visa",
            last_four=card,
            actor=deciding.MERCHANT,
            now=self.now,
        )

    @rule(place=st.integers(0, 3))
    def pay_now(self, place: int) -> None:
        if invoice := self.some_invoice(place):
            self.attempt(
                payments.pay_now, invoice_id=invoice.pk, actor=deciding.MERCHANT, now=self.now
            )

    @rule(place=st.integers(0, 3), amount=AMOUNTS)
    def transfer(self, place: int, amount: str) -> None:
        """Try to record a transfer for one of the bills."""
        if invoice := self.some_invoice(place):
            self.attempt(deciding.transfer, self.shop, self.at, invoice, amount)

    @rule(place=st.integers(0, 3), how=st.sampled_from(["void", "issue", "send_back"]))
    def decide(self, place: int, how: str) -> None:
        """Try to void, issue or send back one of the bills."""
        decisions: dict[str, Callable[..., Invoice]] = {
            "void": invoice_decisions.void,
            "issue": invoice_decisions.issue_draft,
            "send_back": invoice_decisions.send_back,
        }
        if invoice := self.some_invoice(place):
            self.attempt(decisions[how], invoice_id=invoice.pk, now=self.now, **deciding.OPERATOR)

    @rule(fee=st.sampled_from(["manual-account", "manual-fulfilment", *FEES]), amount=AMOUNTS)
    def charge_by_hand(self, fee: str, amount: str) -> None:
        """Try to charge by hand."""
        self.forms += 1
        self.attempt(
            charges_by_hand.charge,
            merchant_id=self.shop.merchant.pk,
            fee=fee,
            description="by hand",
            service_on=self.shop.account.open_on,
            amount=Money(amount, self.shop.billing_currency),
            request_key=f"form-{self.forms}",
            now=self.now,
            **deciding.ANSWER,
        )

    @rule()
    def draw_up(self) -> None:
        """Try to bill what is outstanding now."""
        whose = {"merchant_id": self.shop.merchant.pk, "now": self.now}
        self.attempt(invoices_on_request.draw_up, **whose, **deciding.OPERATOR)

    @rule()
    def pay_by_transfer(self) -> None:
        """Try to choose bank transfer as the way to pay."""
        whose = {"merchant_id": self.shop.merchant.pk, "actor": deciding.MERCHANT}
        self.attempt(payment_methods.choose, method="manual", now=self.now, **whose)

    @rule(place=st.integers(0, 3))
    def give_up(self, place: int) -> None:
        """Try to mark one of the bills as uncollectible."""
        if invoice := self.some_invoice(place):
            said = {"invoice_id": invoice.pk, "now": self.now, **deciding.OPERATOR}
            self.attempt(invoice_decisions.mark_uncollectible, **said)

    @rule(
        place=st.integers(0, 3),
        how=st.sampled_from(["waive", "move", "pause", "resume", "plan", "plan", "cancel"]),
        days=st.sampled_from([1, 3, 9, 28]),
    )
    def collect_by_hand(self, place: int, how: str, days: int) -> None:
        """Try what operators do by hand about one of the bills, such as to waive half of it."""
        invoice = self.some_invoice(place)
        if invoice is None:
            return
        self.forms += 1
        day = self.shop.account.open_on + timedelta(days=days)
        half = money.part_of(invoice.left_to_pay, 2)
        parts = [(day, half), (day + timedelta(days=days), invoice.left_to_pay - half)]
        ways: dict[str, tuple[Callable[..., object], dict[str, Any]]] = {
            "waive": (waivers.waive, {"amount": half, "request_key": f"form-{self.forms}"}),
            "move": (due_days.move, {"due_on": day}),
            "pause": (pauses.pause, {"until_on": day}),
            "resume": (pauses.resume, {}),
            "plan": (payment_plans.make, {"parts": parts}),
            "cancel": (payment_plans.cancel, {}),
        }
        way, said = ways[how]
        self.attempt(way, invoice_id=invoice.pk, now=self.now, **said, **deciding.ANSWER)

    @rule(really=st.integers(0, 3))
    def close(self, really: int) -> None:
        """Try to close the account, seldom."""
        if not really:  # what follows is shorter than what could come before
            self.attempt(deciding.close, self.shop, self.at)

    @rule()
    def bill_rest(self) -> None:
        """Try to bill what the closed account owes."""
        self.attempt(deciding.bill_rest, self.shop, self.at)

    @rule(hours=st.sampled_from([1, 24, 24 * 3, 24 * 8, 24 * 31]), with_jobs=st.booleans())
    def let_time_pass(self, hours: int, with_jobs: bool) -> None:
        """Let so many hours pass, with the jobs of the last instant or without."""
        self.now += timedelta(hours=hours)
        if with_jobs:
            shops.run_jobs(self.now)

    @invariant()
    def the_books_are_what_the_charges_make(self) -> None:
        """Check that items, statements, bills and running sums are what the charges add up to."""
        account = self.shop.account
        nothing = money.zero(account.currency)
        items = list(InvoiceItem.objects.filter(account=account).prefetch_related("charges"))
        for item in items:
            charges = [charge.amount for charge in item.charges.all()]
            assert (item.amount, item.charge_count) == (sum(charges, nothing), len(charges))
        posted = [item for item in items if item.posted_at]
        assert account.outstanding == sum(
            (item.amount for item in posted if item.invoice_id is None), nothing
        )
        assert account.accruing == sum(
            (item.amount for item in items if not item.posted_at and item.posting == "DAILY"),
            nothing,
        )
        self.check_invoices(account, items)
        for statement in account.statements.all():
            charges = [charge.amount for charge in statement.charges.all()]
            totals = list(statement.totals.all())
            assert sum((total.amount for total in totals), nothing) == sum(charges, nothing)
            assert sum(total.charge_count for total in totals) == len(charges)
            assert statement.is_closed == (statement.last_day < account.open_on)

    def check_invoices(self, account: Any, items: list[InvoiceItem]) -> None:
        """Check that each bill is the sum of its lines, and paid by its payments."""
        nothing = money.zero(account.currency)
        invoices = list(account.invoices.prefetch_related("lines", "payments"))
        held: list[int] = []
        for invoice in invoices:
            lines = list(invoice.lines.all())
            assert invoice.total == sum((line.amount for line in lines), nothing) > nothing
            paid = [one.amount for one in invoice.payments.all() if one.status == "SUCCEEDED"]
            assert invoice.amount_paid == sum(paid, nothing) <= invoice.total
            assert (invoice.status == "PAID") == (invoice.amount_paid == invoice.total)
            of_invoice = {item.pk for item in items if item.invoice_id == invoice.pk}
            assert of_invoice == (
                set() if invoice.status == "VOID" else {one.item_id for one in lines}
            )
            held += of_invoice
        assert len(held) == len(set(held))
        for year in {invoice.issued_on.year for invoice in invoices}:
            numbers = sorted(b.number for b in invoices if b.number and b.issued_on.year == year)
            assert numbers == [f"{year}-{place + 1:06}" for place in range(len(numbers))]


@pytest.mark.parametrize("examples", [1, pytest.param(60, marks=pytest.mark.full)])
@pytest.mark.django_db
def test_any_mix_keeps_the_books(settings: Any, examples: int) -> None:
    settings.TAEL_SANDBOX = True
    run_state_machine_as_test(
        Billing,
        settings=bounds(
            max_examples=examples,
            stateful_step_count=22,
            deadline=None,
            derandomize=bool(os.environ.get("CI")),
            suppress_health_check=list(HealthCheck),
        ),
    )
