"""The credit book: limits, orders on credit, freezes, proceeds and withdrawals."""
