"""The operators' role that decides about bills, payments, credits and prices."""

BILLING_OFFICER = "Billing officer"
