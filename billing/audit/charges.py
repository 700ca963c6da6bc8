"""Charges: where and when they post, what they come to, and what they belong to."""

from django.conf import settings

from billing.models import Fee
from billing.models.charges import MADE_BY_HAND, RESERVED_PREFIX
from billing.models.fees import CREDIT_CATEGORIES, STATEMENT_CATEGORIES
from lib import money
from lib.audit import Check
from lib.audit_days import day, is_recounted, join_zone


def month_end(day: str) -> str:
    """SQL for the last day of the month in which `day` (SQL for a day) is."""
    return f"(date_trunc('month', {day}::timestamp) + interval '1 month - 1 day')::date"


def minor_digits(currency: str) -> str:
    """SQL for how many decimals a posted amount of a currency has; `currency` is SQL for its
    code.
    """
    cases = " ".join(
        f"WHEN '{code}' THEN {money.minor_digits(code)}"
        for code in settings.CURRENCIES
        if money.minor_digits(code) != 2
    )
    return f"CASE {currency} {cases} ELSE 2 END"


ON_STATEMENTS = ", ".join(f"'{category.value}'" for category in sorted(STATEMENT_CATEGORIES))
CREDITS = ", ".join(f"'{category.value}'" for category in sorted(CREDIT_CATEGORIES))
# What is said to be a little later than it arrived is computed with as if it were not.
HAPPENED_AT = "least(charge.at, charge.arrived_at)"
SERVED = join_zone("served", merchant="charge.account_id", instant=HAPPENED_AT)
SERVED_ON = day("served", HAPPENED_AT)
ARRIVED = join_zone("arrived", merchant="charge.account_id", instant="charge.arrived_at")
ARRIVED_ON = day("arrived", "charge.arrived_at")
RECOUNTED = is_recounted("arrived", "charge.arrived_at")

CHARGES = (
    Check(
        3,
        "a charge is in an item of its account and fee",
        "account, fee, currency",
        """
        SELECT charge.account_id AS merchant_id, 'charge ' || charge.reference AS subject,
               (charge.account_id, charge.fee_id, charge.currency) AS expected,
               (item.account_id, item.fee_id, item.currency) AS found
        FROM billing_charge charge LEFT JOIN billing_invoiceitem item ON item.id = charge.item_id
        """,
    ),
    # What comes too late for its month's end posts as it arrives, whatever its fee says; closing an
    # account posts what was to wait.
    Check(
        3,
        "a charge's item posts when its fee says, seen from its arrival",
        "posting, day",
        f"""
        SELECT charge.account_id AS merchant_id, 'charge ' || charge.reference AS subject,
               CASE WHEN fee.posting <> 'MONTHLY' THEN (fee.posting, {ARRIVED_ON})
                    WHEN charge.is_late THEN ('IMMEDIATE'::varchar, {ARRIVED_ON})
                    ELSE (fee.posting, least({month_end(ARRIVED_ON)}, (
                        SELECT min(change.effective_on) FROM billing_accountchange change
                        WHERE change.account_id = charge.account_id AND change.what = 'CLOSED'
                          AND change.at >= charge.arrived_at)))
                    END AS expected,
               (item.posting, item.posting_on) AS found
        FROM billing_charge charge
        JOIN billing_fee fee ON fee.code = charge.fee_id
        LEFT JOIN billing_invoiceitem item ON item.id = charge.item_id
        {ARRIVED}
        WHERE {RECOUNTED}
        """,
    ),
    Check(
        3,
        "a charge is dated by its service, and late when that month had ended",
        "day, late",
        f"""
        SELECT charge.account_id AS merchant_id, 'charge ' || charge.reference AS subject,
               ({SERVED_ON},
                CASE WHEN date_trunc('month', charge.service_on::timestamp)
                          < date_trunc('month', {ARRIVED_ON}::timestamp)
                     THEN 'late' ELSE 'in time' END) AS expected,
               (charge.service_on,
                CASE WHEN charge.is_late THEN 'late' ELSE 'in time' END) AS found
        FROM billing_charge charge {SERVED} {ARRIVED}
        WHERE {is_recounted("served", HAPPENED_AT)} AND {RECOUNTED}
        """,
    ),
    Check(
        3,
        "a charge is in the statement of its month, if its category has one",
        "account, month",
        f"""
        SELECT charge.account_id AS merchant_id, 'charge ' || charge.reference AS subject,
               CASE WHEN fee.category IN ({ON_STATEMENTS}) THEN (
                   charge.account_id,
                   date_trunc('month', (CASE WHEN charge.is_late THEN {ARRIVED_ON}
                                             ELSE charge.service_on END)::timestamp)::date
               ) END AS expected,
               CASE WHEN charge.statement_id IS NOT NULL THEN (
                   statement.account_id, statement.month) END AS found
        FROM billing_charge charge
        JOIN billing_fee fee ON fee.code = charge.fee_id
        {ARRIVED}
        LEFT JOIN billing_statement statement ON statement.id = charge.statement_id
        WHERE {RECOUNTED}
        """,
    ),
)

AMOUNTS = (
    # PostgreSQL rounds half away from zero, as we do.
    Check(
        4,
        "a priced charge is its quantity times its price, rounded once",
        "amount",
        f"""
        SELECT charge.account_id AS merchant_id, 'charge ' || charge.reference AS subject,
               round(charge.quantity * charge.unit_price,
                     {minor_digits("charge.currency")}) AS expected,
               charge.amount AS found
        FROM billing_charge charge WHERE charge.unit_price IS NOT NULL
        """,
    ),
    Check(
        4,
        "credits are negative, and nothing else is",
        "sign",
        f"""
        SELECT charge.account_id AS merchant_id, 'charge ' || charge.reference AS subject,
               CASE WHEN fee.category IN ({CREDITS}) AND fee.code NOT IN {Fee.USING_CREDIT}
                    THEN 'negative' ELSE 'not negative' END AS expected,
               CASE WHEN charge.amount < 0 THEN 'negative' ELSE 'not negative' END AS found
        FROM billing_charge charge JOIN billing_fee fee ON fee.code = charge.fee_id
        """,
    ),
    Check(
        3,
        "references of Tael's own are those of charges that only Tael makes",
        "whose",
        f"""
        SELECT charge.account_id AS merchant_id, 'charge ' || charge.reference AS subject,
               CASE WHEN fee.is_sent_by_platform
                         AND NOT starts_with(charge.reference, '{MADE_BY_HAND}')
                    THEN 'the platform''s' ELSE 'Tael''s' END AS expected,
               CASE WHEN starts_with(charge.reference, '{RESERVED_PREFIX}') THEN 'Tael''s'
                    ELSE 'the platform''s' END AS found
        FROM billing_charge charge JOIN billing_fee fee ON fee.code = charge.fee_id
        """,
    ),
    Check(
        3,
        "a fulfilment request is there since its first charge",
        "service of its first charge",
        """
        SELECT coalesce(request.account_id, first.account_id) AS merchant_id,
               'request ' || coalesce(request.reference, first.request) AS subject,
               first.at AS expected, request.first_at AS found
        FROM billing_fulfilmentrequest request FULL JOIN (
            SELECT charge.account_id, charge.request, charge.at
            FROM billing_charge charge JOIN (
                SELECT min(id) AS id FROM billing_charge
                WHERE request <> '' GROUP BY account_id, request
            ) told ON told.id = charge.id
        ) first ON first.account_id = request.account_id AND first.request = request.reference
        """,
    ),
)

CHECKS = CHARGES + AMOUNTS
