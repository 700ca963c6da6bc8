"""Bringing in a merchant by hand, with all its terms and its first owner."""
