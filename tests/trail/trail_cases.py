"""All decisions of the admin, with what each leaves on the trail.

A new decision needs a line in one of the tables here.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from django.db.models import Model

from merchants.models import User
from notices.models import Notice, NoticeMail
from tests.billing import operator_decisions as billing
from tests.billing.operator_decisions import DECIDER, WHY
from tests.credit import operator_decisions as credit
from tests.factories import (
    AuthenticatorFactory,
    CreditPolicyFactory,
    InvitationFactory,
    OperatorPolicyFactory,
    ProposalFactory,
    member,
    operator,
)
from tests.shops import HIGH, Shop, instant

FORM = {"request_key": "form-9", **WHY}
TOLD = {"told": "We have looked at it."}  # what the merchant reads
PLAN = {"plan": "grand", "price": "39.00", "interval_days": "90", **WHY}
SEEN = {"seen": "2026-11-03T10:00:00+00:00"}
TAKEN_BACK = {"message": "Your bank took it back.", "seen": "RECORDED lost"}
ENTITY = {
    "name": "Tael GmbH",
    "address": "Am Kai 1",
    "country": "DE",
    "tax_number": "DE136695976",
    "registration_number": "",
    "banks": "EUR; DE89 3704 0044 0532 0130 00",
}
SIAM = {"name": "Tael Siam", "country": "TH", "tax_number": ""}
TRAILED = {
    "name": "Tael GmbH",
    "address": "Am Kai 1",
    "country": "DE",
    "tax_number": "DE136695976",
    "bank_accounts": "EUR DE89 3704 0044 0532 0130 00",
}
STORAGE = {"fee": "storage", "currency": "USD", "merchant": "", **WHY}


@dataclass(frozen=True)
class Case:
    model: str
    name: str  # of the decision
    row: Callable[[Shop], Model] | None  # it is about; None: about none, or several
    said: dict[str, Any]
    told: list[tuple[str, str, dict[str, Any], dict[str, Any]]]  # {row…} stands for what it is of
    join: Callable[[], Shop] = field(kw_only=True, default=billing.join)
    reason: str = field(kw_only=True, default=WHY["reason"])
    of_merchant: bool = field(kw_only=True, default=True)
    acts_again: bool = field(kw_only=True, default=False)  # as often as the form is sent

    def __str__(self) -> str:
        return f"{self.model}-{self.name}"


def of_credit(model: str, name: str, row: Callable[[Shop], Model], *args: Any, **more: Any) -> Case:
    return Case(model, name, row, *args, join=credit.join, **more)


def status(before: str, after: str, **both: str) -> tuple[dict[str, str], dict[str, str]]:
    return {"status": before} | both, {"status": after} | both


def proceeds(before: str, after: str) -> tuple[dict[str, str], dict[str, str]]:
    """What stood in the proceeds, and does now."""
    return {"proceeds": f"{before} USD"}, {"proceeds": f"{after} USD"}


def step(
    statuses: tuple[str, str], figures: tuple[str, str], **more: str
) -> tuple[dict[str, str], dict[str, str]]:
    """The values before and after a step of a withdrawal."""
    before, after = proceeds(*figures)
    return {"status": statuses[0]} | before, {"status": statuses[1]} | after | more


def changed(name: str, before: object, after: object, **more: str) -> Any:
    return {name: before}, {name: after} | more


def to_come(shop: Shop) -> Model:
    return CreditPolicyFactory.create(starts_on=date(2026, 12, 1))


def operators_to_come(shop: Shop) -> Model:
    return OperatorPolicyFactory.create(version=2, starts_on=date(2026, 12, 1))


CREDIT = [
    of_credit("creditline", "limit", credit.line, {"limit": "16000", **WHY},
              [("LIMIT_CHANGED", "credit line",
                *changed("limit", "15000.00 USD", "16000.00 USD"))]),
    of_credit("creditline", "freeze", credit.line, {"cause": "SUSPECTED_FRAUD", **FORM},
              [("FREEZE_PLACED", "freeze {freeze}",
                *changed("frozen_for", "", "SUSPECTED_FRAUD"))]),
    of_credit("freeze", "lift", credit.freeze, WHY,
              [("FREEZE_LIFTED", "freeze {row.pk}", *changed("frozen_for", "MANUAL", ""))]),
    of_credit("limitreview", "approve", credit.review, WHY,
              [("REVIEW_APPROVED", "review 2026-11-01", *status("PENDING", "APPROVED")),
               ("LIMIT_CHANGED", "credit line",
                *changed("limit", "15000.00 USD", "30000.00 USD"))]),
    of_credit("limitreview", "reject", credit.review, WHY,
              [("REVIEW_REJECTED", "review 2026-11-01", *status("PENDING", "REJECTED"))]),
    of_credit("creditline", "days", credit.line,
              {"payment_days": "30", "settlement_days": "15", **WHY},
              [("DAYS_CHANGED", "credit line",
                {"payment_days": 10, "settlement_days": 0},
                {"payment_days": 30, "settlement_days": 15})]),
    of_credit("limitrequest", "approve", credit.wanted_raise, WHY | TOLD,
              [("LIMIT_CHANGED", "credit line",
                *changed("limit", "15000.00 USD", "18000.00 USD")),
               ("RAISE_GRANTED", "limit request {row.pk}", *status("PENDING", "APPROVED"))]),
    of_credit("limitrequest", "reject", credit.wanted_raise, WHY | TOLD,
              [("RAISE_REFUSED", "limit request {row.pk}", *status("PENDING", "REJECTED"))]),
    of_credit("limitrequest", "answer", credit.question, WHY | TOLD,
              [("QUESTION_ANSWERED", "limit request {row.pk}", *status("PENDING", "ANSWERED"))]),
    of_credit("orderflag", "dismiss", credit.flag, WHY,
              [("FLAG_DISMISSED", "flag {row.pk}", *status("OPEN", "DISMISSED"))]),
    of_credit("orderflag", "confirm", credit.flag, WHY,
              [("FLAG_CONFIRMED", "flag {row.pk}", *status("OPEN", "CONFIRMED"))]),
    of_credit("orderpayment", "apply", credit.unmatched,
              {"order": "B-1", "amount": "1", "settled": "0", **WHY},
              [("UNMATCHED_APPLIED", "payment X-1",
                *changed("unsettled", "5.00 USD", "4.00 USD", order="B-1"))]),
    of_credit("orderpayment", "release", credit.unmatched,
              {"amount": "3", "settled": "0", **WHY},
              [("UNMATCHED_RELEASED", "payment X-1",
                *changed("unsettled", "5.00 USD", "2.00 USD"))]),
    of_credit("orderpayment", "return", credit.unmatched,
              {"amount": "5", "reference": "BANK-5", "settled": "0", **WHY},
              [("UNMATCHED_RETURNED", "payment X-1",
                *changed("unsettled", "5.00 USD", "0.00 USD", reference="BANK-5"))]),
    of_credit("order", "cancel", credit.order, {"told": "Off.", **WHY},
              [("ORDER_CANCELLED", "order B-0",
                {"status": "OPEN", "outstanding": "1.00 USD", "refunded": "0.00 USD"},
                {"status": "CANCELLED", "outstanding": "0.00 USD", "refunded": "0.00 USD"})]),
    of_credit("order", "refund", credit.order,
              {"amount": "0.40", "reference": "R-9", "refunded": "0", **WHY},
              [("ORDER_REFUNDED", "order B-0",
                {"status": "OPEN", "outstanding": "1.00 USD", "refunded": "0.00 USD"},
                {"status": "OPEN", "outstanding": "0.60 USD", "refunded": "0.40 USD",
                 "refund": "R-9"})]),
    of_credit("order", "write-off", credit.overdue, WHY | TOLD,
              [("ORDER_WRITTEN_OFF", "order B-0",
                {"status": "OPEN", "outstanding": "1.00 USD", "limit": "15000.00 USD"},
                {"status": "WRITTEN_OFF", "outstanding": "0.00 USD", "limit": "14999.00 USD"})]),
    of_credit("payoutdestination", "block", credit.destination, WHY | TOLD,
              [("DESTINATION_BLOCKED", "BANK_CARD 0003",
                {"holder": "Mei Lin", "bank": "ICBC", "usable_from": "2026-11-02T10:00:00+00:00"},
                {})]),
    of_credit("creditline", "correct", credit.line, {"amount": "-30.00", **FORM, **TOLD},
              [("PROCEEDS_CORRECTED", "correction {correction}",
                *proceeds("45000.00", "44970.00"))]),
    of_credit("proceedscorrection", "take-back", credit.correction, WHY | TOLD,
              [("CORRECTION_TAKEN_BACK", "correction {row.pk}",
                *proceeds("44970.00", "45000.00"))]),
    of_credit("refusedcash", "close", credit.refused, WHY,
              [("REFUSED_CASH_CLOSED", "Payment X-2", *status("OPEN", "CLOSED"))]),
    of_credit("withdrawal", "approve", credit.large, {},
              [("WITHDRAWAL_APPROVED", "{row.reference}",
                *step(("REQUESTED", "APPROVED"), ("25000.00", "25000.00")))], reason=""),
    of_credit("withdrawal", "reject", credit.large, WHY | TOLD,
              [("WITHDRAWAL_REJECTED", "{row.reference}",
                *step(("REQUESTED", "REJECTED"), ("25000.00", "45000.00")))]),
    of_credit("withdrawal", "paid", credit.sent, {"bank_reference": "B-77"},
              [("WITHDRAWAL_PAID", "{row.reference}",
                *step(("SENT", "PAID"), ("44900.00", "44900.00"), bank_reference="B-77"))],
              reason=""),
    of_credit("withdrawal", "failed", credit.sent, WHY | TOLD,
              [("WITHDRAWAL_FAILED", "{row.reference}",
                *step(("SENT", "FAILED"), ("44900.00", "45000.00")))]),
    of_credit("withdrawal", "sent-back", credit.paid, WHY | TOLD,
              [("WITHDRAWAL_SENT_BACK", "{row.reference}",
                *step(("PAID", "RETURNED_BY_BANK"), ("44900.00", "45000.00")))]),
    of_credit("withdrawal", "correct", credit.failed, {"bank_reference": "B-78", **WHY},
              [("WITHDRAWAL_CORRECTED", "{row.reference}",
                *step(("FAILED", "PAID"), ("45000.00", "44900.00"), bank_reference="B-78"))]),
    of_credit("profile", "confirm-licence", credit.profile, SEEN,
              [("PROFILE_CONFIRMED", "profile", *changed("licence", "WAITING", "CONFIRMED"))],
              reason=""),
    of_credit("profile", "reject-licence", credit.profile, SEEN | WHY | TOLD,
              [("PROFILE_REJECTED", "profile", *changed("licence", "WAITING", "REJECTED"))]),
    of_credit("profile", "confirm-contacts", credit.profile, SEEN,
              [("PROFILE_CONFIRMED", "profile", *changed("contacts", "WAITING", "CONFIRMED"))],
              reason=""),
    of_credit("profile", "reject-contacts", credit.profile, SEEN | WHY | TOLD,
              [("PROFILE_REJECTED", "profile", *changed("contacts", "WAITING", "REJECTED"))]),
    Case("creditpolicy", "introduce", None,
         {"currency": "usd", "starts_on": "2026-12-01", "minimum_limit": "2000", **WHY},
         [("PROPOSED", "policy USD",
           {"version": "1", "starts_on": "2000-01-01", "minimum_limit": "1000"},
           {"version": "2", "starts_on": "2026-12-01", "minimum_limit": "2000"})],
         of_merchant=False),
    Case("creditpolicy", "withdraw", to_come, WHY,
         [("POLICY_WITHDRAWN", "policy USD 2", *changed("starts_on", "2026-12-01", "never"))],
         of_merchant=False),
    Case("operatorpolicy", "introduce", None,
         {"currency": "usd", "starts_on": "2026-12-01", "credits": "500", **WHY},
         [("PROPOSED", "operator policy USD",
           {"version": "1", "starts_on": "2000-01-01", "credits": f"{HIGH:f}"},
           {"version": "2", "starts_on": "2026-12-01", "credits": "500"})],
         of_merchant=False),
    Case("operatorpolicy", "withdraw", operators_to_come, WHY,
         [("OPERATOR_POLICY_WITHDRAWN", "operator policy USD 2",
           *changed("starts_on", "2026-12-01", "never"))], of_merchant=False),
]  # fmt: skip
BILLING = [
    Case("billingcredit", "approve", billing.credit, WHY | TOLD,
         [("CREDIT_APPROVED", "credit {row.pk}",
           {"status": "REQUESTED", "credited": "0.00 USD"},
           {"status": "APPROVED", "credited": "10.00 USD", "fee": "credit-pick-pack",
            "charge": "c-1"})]),
    Case("billingcredit", "reject", billing.credit, WHY | TOLD,
         [("CREDIT_REJECTED", "credit {row.pk}",
           {"status": "REQUESTED", "credited": "0.00 USD"},
           {"status": "REJECTED", "credited": "0.00 USD", "fee": "credit-pick-pack",
            "charge": "c-1"})]),
    Case("billingcredit", "undo", billing.granted, WHY | TOLD,
         [("CREDIT_UNDONE", "credit {row.pk}",
           {"status": "APPROVED", "credited": "10.00 USD"},
           {"status": "UNDONE", "credited": "0.00 USD", "fee": "credit-pick-pack",
            "charge": "c-1"})]),
    Case("billingaccount", "credit", billing.account,
         {"fee": "credit-account", "amount": "12.50", **FORM, **TOLD},
         [("CREDIT_GRANTED", "credit {credit}",
           {"status": "REQUESTED", "credited": "0.00 USD"},
           {"status": "APPROVED", "credited": "12.50 USD", "fee": "credit-account",
            "charge": ""})]),
    Case("charge", "credit", billing.charge,
         {"fee": "credit-pick-pack", "amount": "5.00", **FORM, **TOLD},
         [("CREDIT_GRANTED", "credit {credit}",
           {"status": "REQUESTED", "credited": "0.00 USD"},
           {"status": "APPROVED", "credited": "5.00 USD", "fee": "credit-pick-pack",
            "charge": "c-1"})]),
    Case("billingquestion", "answer", billing.question, WHY | TOLD,
         [("BILLING_QUESTION_ANSWERED", "billing question {row.pk}",
           *status("PENDING", "ANSWERED"))]),
    Case("issuer", "add", None, {"number_prefix": "DE", **ENTITY, **WHY},
         [("ISSUER_ADDED", "issuer DE", {}, {"version": 1, **TRAILED})], of_merchant=False),
    Case("issuer", "change", billing.issuer, ENTITY | SIAM | WHY,
         [("ISSUER_CHANGED", "issuer TH", billing.TRAILED_ISSUER,
           {"version": 2, **TRAILED, **SIAM})], of_merchant=False),
    Case("billingaccount", "issuer", billing.account_and_issuer, {"issuer": "TH", **WHY},
         [("ISSUER_CHOSEN", "billing account", *changed("issuer", "TAEL_ISSUER", "TH"))]),
    Case("billingdetails", "confirm", billing.details, WHY,
         [("DETAILS_CONFIRMED", "billing details 1", {}, billing.DETAILS)]),
    Case("billingdetails", "reject", billing.details, WHY | TOLD,
         [("DETAILS_REJECTED", "billing details 1", *status("WAITING", "REJECTED"))]),
    Case("thresholdrequest", "approve", billing.request, WHY | TOLD,
         [("THRESHOLD_CHANGED", "billing account",
           *changed("threshold", "200.00 USD", "500.00 USD")),
          ("THRESHOLD_GRANTED", "threshold request {row.pk}", *status("PENDING", "APPROVED"))]),
    Case("thresholdrequest", "reject", billing.request, WHY | TOLD,
         [("THRESHOLD_REFUSED", "threshold request {row.pk}", *status("PENDING", "REJECTED"))]),
    Case("billingaccount", "threshold", billing.account, {"threshold": "20", **WHY},
         [("THRESHOLD_CHANGED", "billing account",
           *changed("threshold", "200.00 USD", "20.00 USD"))]),
    Case("billingaccount", "plan", billing.account, PLAN,
         [("PLAN_CHANGED", "billing account", {"plan": "basic 0.00/30"},
           {"plan": "grand 39.00/90", "from": "2026-12-01"})]),
    Case("billingaccount", "time-zone", billing.account, {"timezone": "Asia/Bangkok", **WHY},
         [("TIME_ZONE_CHANGED", "billing account", {"time_zone": "UTC"},
           {"time_zone": "Asia/Bangkok", "from": "2026-12-01"})]),
    Case("billingaccount", "method", billing.account, {"method": "proceeds", **WHY},
         [("METHOD_CHANGED", "billing account",
           *changed("payment_method", "manual", "proceeds"))]),
    Case("billingaccount", "review", billing.account, WHY,
         [("INVOICE_REVIEW_CHANGED", "billing account",
                  *changed("review_of_invoices", "no", "yes"))]),
    Case("billingaccount", "no-review", billing.reviewed, WHY,
         [("INVOICE_REVIEW_CHANGED", "billing account",
                  *changed("review_of_invoices", "yes", "no"))]),
    Case("billingaccount", "close", billing.account, WHY,
         [("ACCOUNT_CLOSED", "billing account", *changed("account", "open", "closed"))]),
    Case("billingaccount", "reopen", billing.closed_without_limit, WHY,
         [("ACCOUNT_REOPENED", "billing account", *changed("account", "closed", "open"))]),
    Case("card", "block", billing.only_card, WHY | TOLD,
         [("CARD_BLOCKED", "Visa ···· 4242", *changed("blocked", "no", "yes"))]),
    Case("billingaccount", "bill-rest", billing.closed_in_debt, WHY,
         [("REST_BILLED", "billing account",
           *changed("outstanding", "30.00 USD", "on a final bill"))]),
    Case("billingaccount", "pay-out", billing.closed_in_credit, {"reference": "BANK-5", **WHY},
         [("REST_PAID_OUT", "billing account",
           {"outstanding": "-20.00 USD", "reference": ""},
           {"outstanding": "0.00 USD", "reference": "BANK-5"})]),
    Case("invoice", "issue", billing.draft, WHY,
         [("BILL_ISSUED", "2026-000001", *status("DRAFT", "OPEN", total="240.00 USD"))]),
    Case("invoice", "send-back", billing.draft, WHY,
         [("INVOICE_SENT_BACK", "draft {row.pk}", *status("DRAFT", "VOID", total="240.00 USD"))]),
    Case("invoice", "void", billing.invoice, WHY,
         [("INVOICE_VOIDED", "2026-000001", *status("OPEN", "VOID", total="240.00 USD"))]),
    Case("invoice", "uncollectible", billing.invoice, WHY,
         [("INVOICE_UNCOLLECTIBLE", "2026-000001",
           *status("OPEN", "UNCOLLECTIBLE", total="240.00 USD"))]),
    Case("invoice", "transfer", billing.invoice, {"amount": "240.00", "reference": "B-7"},
         [("TRANSFER_RECORDED", "2026-000001",
           {"status": "OPEN", "amount_paid": "0.00 USD"},
           {"status": "PAID", "amount_paid": "240.00 USD", "reference": "B-7",
            "arrived_on": "2026-11-04"})], reason=""),
    Case("banktransfer", "move", billing.transfer, {"to": "", **WHY, **TOLD},
         [("TRANSFER_MOVED", "Transfer B-6",
           {"status": "RECORDED", "outstanding": "0.00 USD", "unapplied": "0.00 USD"},
           {"status": "MOVED", "outstanding": "100.00 USD", "unapplied": "0.00 USD", "to": "",
            "bill": "2026-000001", "amount": "100.00 USD"})]),
    Case("banktransfer", "value-date", billing.transfer, {"arrived_on": "2026-11-02", **WHY},
         [("VALUE_DATE_CORRECTED", "Transfer B-6",
           *changed("arrived_on", "2026-11-03", "2026-11-02"))]),
    Case("invoice", "pay", billing.of_sandbox, {},
         [("PAYMENT_STARTED", "T-2026-000001-1", {},
           {"amount": "240.00 USD", "provider": "sandbox"})], reason=""),
    Case("billingaccount", "charge", billing.account,
         {"fee": "manual-account", "description": "Pallets", "service_on": "2026-11-04",
          "quantity": "1", "amount": "12.50", **FORM, **TOLD},
         [("CHARGED_BY_HAND", "charge tael:by-hand:form-9", {},
           {"amount": "12.50 USD", "fee": "manual-account", "description": "Pallets",
            "service_on": "2026-11-04"})]),
    Case("billingaccount", "bill-now", billing.account, WHY,
         [("BILLED_ON_REQUEST", "billing account", {"outstanding": "30.00 USD", "bill": ""},
           {"outstanding": "0.00 USD", "bill": "2026-000001"})]),
    Case("invoice", "waive", billing.invoice, {"amount": "240.00", **FORM, **TOLD},
         [("INVOICE_WAIVED", "2026-000001",
           {"status": "OPEN", "left_to_pay": "240.00 USD"},
           {"status": "PAID", "left_to_pay": "0.00 USD"})]),
    Case("invoice", "due-day", billing.invoice, {"due_on": "2026-11-20", **WHY, **TOLD},
         [("DUE_DAY_MOVED", "2026-000001",
           *changed("due_on", "2026-11-10", "2026-11-20"))]),
    Case("invoice", "pause", billing.invoice, {"until_on": "2026-11-20", **WHY, **TOLD},
         [("COLLECTING_PAUSED", "2026-000001", *changed("paused_until", "", "2026-11-20"))]),
    Case("invoice", "resume", billing.paused, WHY | TOLD,
         [("COLLECTING_RESUMED", "2026-000001", *changed("paused_until", "2026-11-20", ""))]),
    Case("invoice", "plan", billing.invoice,
         {"parts": "2026-11-20 120.00\n2026-12-20 120.00", **WHY, **TOLD},
         [("PAYMENT_PLAN_MADE", "2026-000001", {},
           {"left_to_pay": "240.00 USD",
            "parts": "2026-11-20 120.00, 2026-12-20 120.00"})]),
    Case("invoice", "cancel-plan", billing.planned, WHY | TOLD,
         [("PAYMENT_PLAN_CANCELLED", "2026-000001",
           *changed("plan", "in force", "cancelled"))]),
    Case("payment", "ask", billing.of_silent_card, {},
         [("PAYMENT_LOOKED_UP", "T-2026-000001-1", *status("UNKNOWN", "SUCCEEDED"))], reason=""),
    Case("payment", "end", billing.of_strange_provider,
         {"arrived": "0", "reference": "", **WHY},
         [("PAYMENT_ENDED", "T-2026-000001-1", {"status": "UNKNOWN"},
           {"status": "FAILED", "arrived": "0.00 USD"})]),
    Case("billingaccount", "transfer", billing.account, {"amount": "20.00", "reference": "B-7"},
         [("TRANSFER_RECORDED", "billing account", {"unapplied": "0.00 USD"},
           {"unapplied": "20.00 USD", "reference": "B-7", "arrived_on": "2026-11-04"})],
         reason=""),
    Case("billingaccount", "give-back", billing.with_unapplied,
         {"amount": "50.00", "reference": "B-8", **WHY},
         [("UNAPPLIED_GIVEN_BACK", "billing account", {"unapplied": "50.00 USD"},
           {"unapplied": "0.00 USD", "reference": "B-8"})]),
    Case("reversal", "charge", billing.reversed_payment, {**TAKEN_BACK, **WHY},
         [("REVERSAL_CHARGED", "Dispute du_1",
           {"status": "RECORDED", "charged": "0.00 USD"},
           {"status": "CHARGED", "charged": "240.00 USD"})]),
    Case("reversal", "accept", billing.reversed_payment, {**TAKEN_BACK, **WHY},
         [("REVERSAL_ACCEPTED", "Dispute du_1",
           {"status": "RECORDED", "charged": "0.00 USD"},
           {"status": "ACCEPTED", "charged": "0.00 USD"})]),
    Case("feeprice", "introduce", None,
         {"unit_price": "0.015", "from_on": "2026-11-04", **STORAGE},
         [("PRICE_INTRODUCED", "storage", {},
           {"unit_price": "0.015 USD", "from": "2026-11-04"})], of_merchant=False),
    Case("fee", "add", None,
         {"code": "gift-wrapping", "category": "FULFILMENT", "posting": "IMMEDIATE",
          **{f"{what}_{language}": "Gift wrapping" for what in ("name", "definition")
             for language in ("en", "zh-hans", "th")}, **WHY},
         [("FEE_ADDED", "gift-wrapping", {},
           {"category": "FULFILMENT", "posting": "IMMEDIATE", "name": "Gift wrapping"})],
         of_merchant=False),
]  # fmt: skip
NEW, ROLE = "new@shop.example", "Auditor"


def person(shop: Shop) -> Model:
    """One of our own, who has lost a telephone."""
    user = operator("Credit officer", email=NEW)
    AuthenticatorFactory.create(user=user)
    return user


def kept_out(shop: Shop) -> Model:
    return operator("Credit officer", email=NEW, is_active=False)


def colleague(shop: Shop) -> Model:
    return member(shop, "VIEWER", email=NEW).memberships.get()


def invited(shop: Shop) -> Model:
    return InvitationFactory.create(shop=shop, at="2026-11-03 10:00", email=NEW, role="FINANCE")


def mailed(shop: Shop) -> Model:
    """A message that a member got by mail."""
    at = instant(billing.BEFORE)
    notice = Notice.objects.create(
        merchant=shop.merchant, kind="MESSAGE", cause="n-1", details={"text": "Hello."}, at=at,
        addressed_at=at,
    )  # fmt: skip
    reader = member(shop, "OWNER", email=NEW)
    return NoticeMail.objects.create(notice=notice, user=reader, sent_at=at)


def merchant(shop: Shop) -> Model:
    return shop.merchant


INVITED = {"email": NEW, "role": "FINANCE", **FORM}
ANOTHER = "another@tael.example"


def proposed(shop: Shop, by: str = DECIDER) -> Model:
    now = instant(billing.BEFORE)
    actor = User.objects.get(email=by)
    return ProposalFactory.create(email=NEW, roles=[ROLE], actor=actor, now=now, **WHY)


def proposed_by_another(shop: Shop) -> Model:
    return proposed(shop, ANOTHER)


PEOPLE = [
    Case("merchant", "note", merchant, {"text": "Rang about the parcel.", "request_key": "form-9"},
         [("NOTE_WRITTEN", "note", {}, {"text": "Rang about the parcel."})], reason=""),
    Case("merchant", "invite", merchant, INVITED,
         [("MEMBER_INVITED", NEW, *changed("role", "", "FINANCE"))]),
    Case("merchant", "details", merchant, {"name": "Rose & Wood", "language": "th", **WHY},
         [("MERCHANT_CHANGED", "rosewood",
           {"name": "Rosewood Dresses", "language": "en"},
           {"name": "Rose & Wood", "language": "th"})]),
    Case("merchant", "contacts", merchant,
         {"contact_name": "Mei", "contact_email": "mei@rosewood.example", "contact_phone": "",
          **WHY},
         [("PROFILE_CHANGED", "profile",
           {"contact_name": "", "contact_email": "", "contacts": ""},
           {"contact_name": "Mei", "contact_email": "mei@rosewood.example",
            "contacts": "WAITING"})]),
    Case("notice", "write", None, {"merchant": "rosewood", "text": "We are closed.", **FORM},
         [("MESSAGE_SENT", "message", {}, {"text": "We are closed."})]),
    Case("membership", "invite", None, {"merchant": "rosewood", **INVITED},
         [("MEMBER_INVITED", NEW, *changed("role", "", "FINANCE"))]),
    Case("noticemail", "again", mailed, WHY,
         [("MAIL_SENT_AGAIN", NEW, {"sent_at": "2026-11-03T10:00:00+00:00"},
           {"sent_at": "", "notice": "MESSAGE n-1"})]),
    Case("invitation", "send-again", invited, WHY,
         [("MEMBER_INVITED", NEW, *changed("role", "FINANCE", "FINANCE"))]),
    Case("invitation", "revoke", invited, WHY,
         [("INVITATION_REVOKED", NEW, *changed("role", "FINANCE", ""))]),
    Case("membership", "role", colleague, {"role": "FINANCE", **WHY},
         [("ROLE_CHANGED", NEW, *changed("role", "VIEWER", "FINANCE"))]),
    Case("membership", "remove", colleague, WHY,
         [("ROLE_TAKEN", NEW, *changed("role", "VIEWER", ""))]),
    Case("user", "add-operator", None, {"email": NEW, "roles": [ROLE], **WHY},
         [("PROPOSED", NEW, *changed("roles", "", ROLE))], of_merchant=False),
    Case("user", "roles", person, {"roles": [ROLE], **WHY},
         [("OPERATOR_ROLES_CHANGED", NEW, *changed("roles", "Credit officer", "")),
          ("PROPOSED", NEW, *changed("roles", "", ROLE))], of_merchant=False),
    Case("proposal", "confirm", proposed_by_another, {},
         [("OPERATOR_ADDED", NEW, {}, {"roles": ROLE, "proposed_by": ANOTHER}),
          ("PROPOSAL_CONFIRMED", NEW, *status("PROPOSED", "CONFIRMED"))], of_merchant=False),
    Case("proposal", "refuse", proposed_by_another, WHY,
         [("PROPOSAL_REFUSED", NEW, *status("PROPOSED", "REFUSED"))], of_merchant=False),
    Case("proposal", "withdraw", proposed, WHY,
         [("PROPOSAL_WITHDRAWN", NEW, *status("PROPOSED", "WITHDRAWN"))], of_merchant=False),
    Case("user", "link", person, {}, [("OPERATOR_WRITTEN_TO", NEW, {}, {})],
         of_merchant=False, reason="", acts_again=True),
    Case("user", "second-factors", person, WHY,
         [("SECOND_FACTORS_TAKEN", NEW, *changed("second_factors", "totp", ""))],
         of_merchant=False),
    Case("user", "sessions", person, WHY, [("SESSIONS_ENDED", NEW, {"sessions": 0}, {})],
         of_merchant=False, acts_again=True),
    Case("user", "deactivate", person, WHY,
         [("PERSON_DEACTIVATED", NEW, *changed("may_sign_in", True, False))], of_merchant=False),
    Case("user", "reactivate", kept_out, WHY,
         [("PERSON_REACTIVATED", NEW, *changed("may_sign_in", False, True))], of_merchant=False),
]  # fmt: skip
CASES = [*CREDIT, *BILLING, *PEOPLE]
