"""The kinds of notices of the line, orders, proceeds and withdrawals."""
