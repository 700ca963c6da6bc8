"""The role of operators who decide about lines, orders and withdrawals."""

CREDIT_OFFICER = "Credit officer"
