"""The role of our people who decide about bills, payments, credits and prices."""

BILLING_OFFICER = "Billing officer"
