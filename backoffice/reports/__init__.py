"""The operators' reports: figures of all merchants in one currency, each of which opens to its
rows.
"""
