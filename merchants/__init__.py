"""Merchants, the people who act for them, and operators: how they sign in, and what they may do."""
