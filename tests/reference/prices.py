"""What a unit of a fee costs (chapter 12 of docs/rules.md)."""

from datetime import date
from decimal import Decimal


class Prices:
    """By fee, currency and merchant (None: for everybody) each price with its first day; of two
    from one day the later one holds, and None ends a merchant's own.
    """

    def __init__(self) -> None:
        self.known: dict[tuple[str, str, str | None], list[tuple[date, Decimal | None]]] = {}

    def set(
        self, fee: str, currency: str, merchant: str | None, from_on: date, price: Decimal | None
    ) -> None:
        self.known.setdefault((fee, currency, merchant), []).append((from_on, price))

    def last(
        self, fee: str, currency: str, merchant: str | None, from_on: date
    ) -> tuple[date, Decimal | None] | None:
        """The price that was set last from just this day."""
        rows = self.known.get((fee, currency, merchant), [])
        return next((row for row in reversed(rows) if row[0] == from_on), None)

    def on(self, day: date, fee: str, currency: str, merchant: str) -> Decimal | None:
        """The merchant's own, or else everybody's."""
        for whose in (merchant, None):
            begun = [row for row in self.known.get((fee, currency, whose), []) if row[0] <= day]
            if begun:
                latest = max(from_on for from_on, _ in begun)
                price = [price for from_on, price in begun if from_on == latest][-1]
                if price is not None:
                    return price
        return None
