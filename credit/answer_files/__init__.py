"""Reads what banks answer about withdrawals: our CSV, pain.002 and camt.054. Pure: no query."""
