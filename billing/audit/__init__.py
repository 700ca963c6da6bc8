"""The audit's checks of charges, statements, bills and payments (rule 25.3 to rule 25.10), and of
bank statements and transfers (rule 25.19 to rule 25.22, rule 25.27, rule 25.29), a module for each
noun.

Days are those of the time zone that was in force (lib.audit_days), plan dates those of the plan
terms that were (plans).
"""

from billing.audit import (
    accounts,
    banks,
    cards,
    charges,
    clearances,
    closings,
    credit_notes,
    credits,
    dunning,
    instants,
    invoice_dates,
    invoices,
    items,
    lines_that_stayed,
    parties,
    payment_plans,
    payments,
    plans,
    provider_payouts,
    reversals,
    statements,
    taxes,
    transfers,
    two_people,
    unapplied,
)

CHECKS = (
    *charges.CHECKS,
    *credits.CHECKS,
    *items.CHECKS,
    *statements.CHECKS,
    *invoices.CHECKS,
    *invoice_dates.CHECKS,
    *parties.CHECKS,
    *taxes.CHECKS,
    *credit_notes.CHECKS,
    *clearances.CHECKS,
    *plans.CHECKS,
    *accounts.CHECKS,
    *cards.CHECKS,
    *closings.CHECKS,
    *payments.CHECKS,
    *payment_plans.CHECKS,
    *dunning.CHECKS,
    *instants.CHECKS,
    *unapplied.CHECKS,
    *reversals.CHECKS,
    *provider_payouts.CHECKS,
    *transfers.CHECKS,
    *banks.CHECKS,
    *lines_that_stayed.CHECKS,
    *two_people.CHECKS,
)
