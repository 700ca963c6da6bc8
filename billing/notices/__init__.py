"""The kinds of notices of bills, payments, statements, credits and the account."""
