"""What must be true of charges, statements and bills (domain: invariants 3 to 7)."""

from billing.audit import bills, charges

CHECKS = charges.CHECKS + bills.CHECKS
