"""The role of our people who decide about lines, orders and withdrawals."""

CREDIT_OFFICER = "Credit officer"
