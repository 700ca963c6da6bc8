"""Every model has its pages in the admin; what operations write can only be looked at there."""

from datetime import date, datetime
from decimal import Decimal
from typing import Any

import pytest
from django.apps import apps
from django.db import connection
from django.db.models import Model
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from moneyed import Money
from pytest_django import Settings

from billing.models import ArchivePart, Payment, ProviderDay, SandboxClearing
from billing.operations import (
    addresses,
    archives,
    chart,
    clearances,
    due_days,
    invoice_decisions,
    invoices_on_request,
    issuers,
    journal_locks,
    pauses,
    payment_plans,
    settling,
    tax_rates,
    tax_treatments,
    terms,
    unapplied,
    waivers,
)
from billing.providers.registry import Answer
from credit.models import PaymentFile, PayoutDestination, PayoutRun
from credit.operations import (
    corrections,
    payout_answers,
    unmatched,
)
from credit.operations import terms as line_terms
from gateway.models import Replay, ReplayRejection
from gateway.webhooks.models import WebhookAttempt
from jobs import runs
from jobs.models import Heartbeat, Lease
from jobs.timetable import job_named
from merchants import installation, time_zone_data
from merchants.models import Membership, OperatorFigure, SignIn, User
from merchants.operations import factors, looks, notes, sign_ins
from tests import shops
from tests.amounts import usd
from tests.bank_files import Paid
from tests.billing import banking
from tests.billing.paid_out import paid_out
from tests.factories import (
    BillingQuestionFactory,
    CardFactory,
    CreditRequestFactory,
    DeliveryFactory,
    DestinationFactory,
    DetailsFactory,
    FeePriceFactory,
    ImportFactory,
    InvitationFactory,
    IssuerFactory,
    JobFailureFactory,
    PayoutScheduleFactory,
    ProfileFactory,
    ProposalFactory,
    QuestionFactory,
    ReceivedEventFactory,
    ReversalFactory,
    ThresholdRequestFactory,
    TransferFactory,
    UserFactory,
    WithdrawalFactory,
    browser_of,
    member,
    operator,
)
from tests.kept import kept
from tests.packages import APPS
from tests.whole import some

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("rows")]

OURS = [
    model
    for label in APPS
    for model in apps.get_app_config(label).get_models()
    # The page of job runs tells of heartbeats; leases are gone when what they are of is done, and
    # parts of ZIP files with those; an operator policy's page has its figures. What has only
    # triggers is another's table.
    if model not in (ArchivePart, Heartbeat, Lease, OperatorFigure, SandboxClearing)
    and not model._meta.proxy
]
NUMBER = "13800138000"


@pytest.fixture(name="operator")
def browser_of_operator() -> Client:
    """The browser of an administrator."""
    return browser_of(UserFactory.create(is_staff=True, is_superuser=True))


@pytest.fixture(autouse=True)
def demonstration(settings: Settings) -> None:
    """The sandbox is switched on."""
    settings.TAEL_SANDBOX = True


@kept(TAEL_SANDBOX=True)
def rows() -> None:
    """Write at least one row of everything, in the order of its instants: no account goes back in
    time.
    """
    terms = {"credit_limit": "4000.00", "plan_price": "39.00", "payment_method": "sandbox"}
    shop = shops.join("2026-10-01 09:00", **terms)
    alipay: dict[str, Any] = {"kind": PayoutDestination.Kind.ALIPAY, "bank": "", "number": NUMBER}
    DestinationFactory.create(shop=shop, at="2026-10-01 09:30", **alipay)
    shop.place("2026-10-01 10:00", "A-1", "1000.00")
    shop.deliver("2026-10-01 11:00", "A-1")
    shop.pay("2026-10-01 12:00", "A-1", "1.00")
    metrics = {"rating": "4.5", "listing_quality": 50, "profile_completeness": 60}
    shop.send("shop.metrics", "2026-10-01 13:00", **metrics, after_sales=70)
    refunded = {"order": "A-1", "refund": "r-1", "amount": "0.10", "currency": "USD"}
    assert shop.send("order.refunded", "2026-10-02 10:00", **refunded) == "applied"
    shop.charge("2026-10-03 10:00", "pick-pack", "3.50", "c-1")
    for number in range(5):
        shop.place("2026-10-31 10:00", f"B-{number}", "1.00", buyer="Busy")
    InvitationFactory.create(
        shop=shop,
        at="2026-10-31 11:00",
        actor=member(shop),
        email="new@rosewood.example",
        role=Membership.Role.VIEWER,
    )
    no_order_took(shop)
    decided(shop)
    billed(shop)
    shop.run_jobs("2026-11-01 00:00")
    replay = Replay.objects.create(digest="d", name="events.jsonl")
    ReplayRejection.objects.create(replay=replay, line=1, code="invalid", reason="not JSON")
    worked_off(shop)
    proposed(shop.at("2026-11-01 01:30"))
    came_in(member(shop), shop.at("2026-11-01 02:00"))
    told(shop)
    by_hand()
    installation.current()
    time_zone_data.current()


def by_hand() -> None:
    """Write what operators do about a bill of 39.00 of another shop, and note and look at there."""
    shop = shops.join("2026-11-02 09:00", reference="byhand", plan_price="39.00")
    olga = operator("Billing officer", email="olga@tael.example")
    by: dict[str, Any] = {"actor": olga.email, "now": shop.at("2026-11-02 10:00")}
    both: dict[str, Any] = {"reason": "They rang.", "told": "As agreed.", **by}
    of_invoice: dict[str, Any] = {"invoice_id": shop.account.invoices.get().pk, **both}
    due_days.move(due_on=date(2026, 11, 20), **of_invoice)
    pauses.pause(until_on=date(2026, 11, 20), **of_invoice)
    waivers.waive(amount=usd("9.00"), request_key="w-1", **of_invoice)
    parts = [(date(2026, 11, day), usd("15.00")) for day in (10, 20)]
    payment_plans.make(parts=parts, **of_invoice)
    corrections.correct(merchant_id=shop.merchant.pk, amount=usd("1"), request_key="p-1", **both)
    notes.add(merchant_id=shop.merchant.pk, text="They rang.", request_key="n-1", **by)
    looks.start(merchant_id=shop.merchant.pk, reason="Rang.", actor=olga, now=by["now"])
    TransferFactory.create(shop=shop, at=by["now"], amount="1.00")
    IssuerFactory.create()
    DetailsFactory.create(shop=shop, at=by["now"])
    taxed(shop, by)
    later = by["now"] + shops.ONE_HOUR
    shop.line.former_closings.create(closed_at=by["now"], reopened_at=later)


def taxed(shop: shops.Shop, by: dict[str, Any]) -> None:
    """Write a bill of 1.00 with 0.07 of tax."""
    why = {"reason": "They rang."} | by
    early = why | {"now": shop.at("2026-10-01 10:00"), "starts_on": date(2026, 10, 15)}
    tax_rates.introduce(country="TH", tax_class="STANDARD", percent=Decimal(7), **early)
    tax_rates.classify(fee="storage", tax_class="REDUCED", **early)
    chart.choose(key="cash.stripe", code="1211", name="Cards", **why)
    journal_locks.lock(month=date(2026, 9, 1), **why)
    of_merchant = {"merchant_id": shop.merchant.pk, **why}
    tax_treatments.decide(treatment="DOMESTIC", starts_on=date(2026, 11, 1), **of_merchant)
    issuer = issuers.choose(prefix="TH", **of_merchant).issuer
    assert issuer
    clearances.choose(issuer_id=issuer.pk, provider="MANUAL", **why)
    shop.charge("2026-11-02 10:00", "pick-pack", "1.00", "taxed")
    voided = invoices_on_request.draw_up(**of_merchant)
    invoice_decisions.void(invoice_id=voided.pk, **why)
    invoices_on_request.draw_up(**of_merchant)
    clearances.take_up(issuer.pk, now=by["now"])
    banking.issuer_with_references()
    banking.take(Paid("7.00"), on="2026-11-02", now="2026-11-02 10:00")
    banking.match("2026-11-02 10:00")


def told(shop: shops.Shop) -> None:
    """Write other days of the line, a refused event, an import, and a limit that an endpoint was
    told of in vain.
    """
    now = shop.at("2026-11-01 03:00")
    line_terms.change_days(
        merchant_id=shop.merchant.pk, payment_days=30, settlement_days=15,
        actor="ada@tael.example", reason="They asked for it.", now=now,
    )  # fmt: skip
    ReceivedEventFactory.create(shop=shop, at=now)
    ImportFactory.create(shop=shop, at=now)
    delivery = DeliveryFactory.create(shop=shop, at=now + shops.ONE_HOUR)
    WebhookAttempt.objects.create(delivery=delivery, at=now, milliseconds=7, status=500)


def came_in(person: User, now: datetime) -> None:
    """Write a line of the log of sign-ins, and a first second factor, of which mails tell."""
    visitor = sign_ins.Visitor(ip="192.0.2.7", browser="Firefox")
    log = sign_ins.log
    log(SignIn.Kind.SIGNED_IN, visitor, address=person.email, user=person, now=now)
    factors.enrol(user=person, authenticator_id=1, kind="totp", proved=(), now=now)


def worked_off(shop: shops.Shop) -> None:
    """Write a run of a job, and a row that it could not deal with."""
    now = shop.at("2026-11-01 01:00")
    runs.start(job_named("order-flags"), at=now, now=now)
    JobFailureFactory.create(
        job="order-flags", row_id=shop.line.pk, merchant=shop.merchant, first_failed_at=now
    )


def proposed(now: datetime) -> None:
    """Write what waits for another administrator, and what the bank says of a withdrawal."""
    boss, _ = (operator("Administrator", email=f"{name}@tael.example") for name in ("anna", "ben"))
    ProposalFactory.create(actor=boss, now=now)
    content = b"reference,status,bank_reference,reason\nW-1,PAID,bank-1,\n"
    payout_answers.upload(content=content, actor=boss.email, now=now)


def no_order_took(shop: shops.Shop) -> None:
    """Write cash of an unknown order, and of a declined one, of which a part went back."""
    assert shop.pay("2026-10-31 10:30", "C-1", "1.00") == "rejected unknown_order"
    assert shop.pay("2026-10-31 10:30", "B-0", "5.00", "X-1") == "rejected order_not_open"
    cash = shop.line.payments.get(reference="X-1")
    unmatched.give_back(
        payment_id=cash.pk, amount=Money("1.00", "USD"), settled=cash.settled, reference="BANK-7",
        actor="olga@tael.example", reason="paid twice", now=shop.at("2026-10-31 10:45"),
    )  # fmt: skip


def decided(shop: shops.Shop) -> None:
    """Write what merchants' people ask for and say of themselves: a withdrawal, a question,
    automatic withdrawals with a run, and a profile; and a file for the bank.
    """
    by: dict[str, Any] = {"shop": shop, "at": "2026-10-31 11:00"}
    WithdrawalFactory.create(amount="0.50", **by)
    QuestionFactory.create(**by)
    rule = PayoutScheduleFactory.create(from_amount="100.00", **by)
    rule.runs.create(
        on=date(2026, 11, 1), at=shop.at(by["at"]), outcome=PayoutRun.Outcome.TOO_LITTLE
    )
    ProfileFactory.create(**by)
    PaymentFile.objects.create(
        name="B261031-1", version="pain.001.001.03", made_at=shop.at(by["at"]), count=1,
        made_by="olga@tael.example", accounts={}, digest="0" * 64,
    )  # fmt: skip


def billed(shop: shops.Shop) -> None:
    """Write what there is about bills: a price, what is asked for, a card, a bill that was
    voided.
    """
    by: dict[str, Any] = {"actor": "olga@tael.example", "now": shop.at("2026-10-31 11:00")}
    asked: dict[str, Any] = {"shop": shop, "at": by["now"]}
    said: dict[str, Any] = {"reason": "as agreed", **by}
    FeePriceFactory.create(**said)
    ThresholdRequestFactory.create(**asked)
    BillingQuestionFactory.create(**asked)
    mailbox = addresses.add(
        merchant_id=shop.merchant.pk, email="books@shop.example", schedule="EACH", **by
    )
    mailbox.mails.create(invoice=shop.account.invoices.earliest("pk"), sent_at=by["now"])
    archives.ask(merchant_id=shop.merchant.pk, year=2026, **by)
    ProviderDay.objects.create(
        provider="stripe", day="2026-11-01", currency="USD", count=1, amount=usd("39.00"),
        known_count=1, known_amount=usd("39.00"), looked_at=by["now"],
    )  # fmt: skip
    terms.change_time_zone(
        merchant_id=shop.merchant.pk, timezone="Asia/Bangkok", reason="It moved.", **by
    )
    CreditRequestFactory.create(amount="1.00", **asked)
    CardFactory.create(last_four="9995", **asked)
    first = shop.account.invoices.earliest("pk")
    failed = settling.settle(
        Payment.objects.create(
            invoice=first, attempt=9, provider="sandbox", actor="collect-payments",
            idempotency_key=f"{first.number}-9", currency="USD", amount=first.total,
            started_at=by["now"],
        ).pk,
        Answer.failed("never_received"),
        now=by["now"],
    )  # fmt: skip
    invoice_decisions.mark_uncollectible(invoice_id=first.pk, **said)
    unapplied.receive(
        shop.account, source=unapplied.of_attempt(failed, "p"), amount=failed.amount,
        reference="p", payment=failed, actor="collect-payments", now=by["now"],
    )  # fmt: skip
    ReversalFactory.create(shop=shop, at=by["now"], payment=failed, money_reference="p")
    paid_out()


def address(model: type[Model], page: str, *args: object) -> str:
    """The address of this page of the model's in the admin."""
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_{page}", args=args)


@pytest.mark.parametrize("model", some(OURS, 36), ids=lambda model: model.__name__)
def test_every_model_has_a_list_that_is_never_counted(operator: Client, model: type[Model]) -> None:
    with CaptureQueriesContext(
        connection,
    ) as queries:
        assert operator.get(address(model, "changelist")).status_code == 200
    assert "COUNT(" not in str([query["sql"] for query in queries])
    assert len(queries) <= 13


@pytest.mark.parametrize("model", some(OURS, 36), ids=lambda model: model.__name__)
def test_every_row_can_be_looked_at(operator: Client, model: type[Model]) -> None:
    row = model._default_manager.first()
    assert row is not None
    assert operator.get(address(model, "change", row.pk)).status_code == 200


@pytest.mark.parametrize("model", some(OURS, 36), ids=lambda model: model.__name__)
def test_nobody_adds_or_deletes_what_operations_write(operator: Client, model: type[Model]) -> None:
    assert operator.get(address(model, "add")).status_code == 403
    row = model._default_manager.first()
    assert row is not None
    assert operator.post(address(model, "delete", row.pk), {"post": "yes"}).status_code == 403
    assert model._default_manager.filter(pk=row.pk).exists()


def test_an_amount_sent_to_the_admin_changes_nothing(operator: Client) -> None:
    shop = shops.Shop("rosewood")
    before = shop.limit()
    response = operator.post(address(type(shop.line), "change", shop.line.pk), {"limit": "99999"})
    assert response.status_code == 403
    assert shop.limit() == before


def test_the_number_of_a_destination_is_never_shown(operator: Client) -> None:
    destination = PayoutDestination.objects.get()
    pages = [("changelist", ()), ("change", (destination.pk,))]
    for page, args in pages:
        shown = operator.get(address(PayoutDestination, page, *args)).content.decode()
        assert destination.masked in shown
        assert NUMBER not in shown
        assert bytes(destination.number).hex() not in shown
        assert repr(bytes(destination.number)) not in shown


@pytest.mark.parametrize(
    ("asked", "found"),
    some(
        [("rosewood", 6), ("rosewood A-1", 1), ("rosewood A-2", 0), ("other A-1", 0), ("A-1", 1)], 3
    ),
)
def test_an_order_is_found_by_its_merchants_reference_and_its_own(
    operator: Client, asked: str, found: int
) -> None:
    page = operator.get("/admin/credit/order/", {"q": asked})
    assert len(page.context["cl"].result_list) == found


def test_merchant_staff_do_not_get_in() -> None:
    response = browser_of(member(shops.Shop("rosewood"))).get("/admin/")
    assert response.status_code in (302, 403)
