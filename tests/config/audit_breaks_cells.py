"""One break for the check of cells, as in audit_breaks.py."""

from tests.config.breaking import Break

IN_ONE_CELL = "a merchant's books are in the merchant's cell, and nowhere else"

CELL_BREAKS = [
    Break(
        IN_ONE_CELL,
        "UPDATE merchants_merchant SET cell = 2 WHERE reference = 'dress'",
        f"dress: {one}: expected 2; found 1",
    )
    for one in ("billing account", "credit line")
]
