"""The decisions about credit, with what each leaves on the trail."""

from collections.abc import Callable
from datetime import date
from typing import Any

from django.db.models import Model

from tests.billing.operator_decisions import WHY
from tests.credit import operator_decisions as credit
from tests.factories import (
    CreditPolicyFactory,
    OperatorPolicyFactory,
)
from tests.shops import HIGH, Shop
from tests.trail.trail_case import (
    FORM,
    TOLD,
    Case,
    changed,
    proceeds,
    status,
    step,
)

SEEN = {"seen": "2026-11-03T10:00:00+00:00"}


def of_credit(model: str, name: str, row: Callable[[Shop], Model], *args: Any, **more: Any) -> Case:
    """The case of a decision about a row of credit's."""
    return Case(model, name, row, *args, join=credit.join, **more)


def to_come(shop: Shop) -> Model:
    """A credit policy that starts on 1 Dec 2026."""
    return CreditPolicyFactory.create(starts_on=date(2026, 12, 1))


def operators_to_come(shop: Shop) -> Model:
    """A policy for operators that starts on 1 Dec 2026."""
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
