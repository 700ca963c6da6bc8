"""The credit policies in force (rule 8.13)."""

from collections.abc import Iterable
from datetime import date
from decimal import Decimal

from credit.models import CreditPolicy
from lib import prepared, rows

FIELDS = [field.attname for field in CreditPolicy._meta.concrete_fields]
VERSIONS = f"""
SELECT {", ".join(f'"{field}"' for field in FIELDS)} FROM credit_creditpolicy
WHERE currency = ANY(%(currencies)s::text[]) AND withdrawn_at IS NULL
ORDER BY starts_on DESC
"""


def in_force(currency: str, on: date) -> CreditPolicy:
    """The policy of `currency` in force on local day `on`: of its versions that were not withdrawn,
    the last that has started by then. Without one, it is an unsaved policy of version 0 with the
    default figures, by which no limit is reviewed.
    """
    (policy,) = in_force_for([(currency, on)])
    return policy


def most_to_open_with(currency: str, on: date) -> Decimal:
    """The highest limit, as a figure of `currency`, with which an operator may open a line on local
    day `on`: the policy's maximum, and 0 in a currency without a policy. Rule 8.19.
    """
    policy = in_force(currency, on)
    return policy.maximum_limit.amount if policy.holds_reviews else Decimal(0)


def in_force_for(days: Iterable[tuple[str, date]]) -> list[CreditPolicy]:
    """The policies in force, as `in_force` gives them, for these (currency, local day) pairs, in
    the order of the pairs, read with one query.
    """
    wanted = list(days)
    known: dict[str, list[CreditPolicy]] = {}
    currencies = sorted({currency for currency, _ in wanted})
    for row in prepared.rows(VERSIONS, {"currencies": currencies}):
        policy = rows.loaded(CreditPolicy, FIELDS, row)
        known.setdefault(policy.currency, []).append(policy)
    return [
        next((p for p in known.get(currency, []) if p.starts_on <= on), None) or without(currency)
        for currency, on in wanted
    ]


def without(currency: str) -> CreditPolicy:
    """A policy of version 0 with the default figures, not to be saved, for a currency that has
    none.
    """
    return CreditPolicy(currency=currency, version=0)
