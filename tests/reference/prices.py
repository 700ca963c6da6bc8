"""What a unit of a fee costs (chapter 12 of docs/rules.md)."""

from datetime import date
from decimal import Decimal


class Prices:
    """By fee, currency and merchant (None: for everybody) each price with its first day; of two
    from one day the later one holds, and None ends a merchant's own.
    """

    def __init__(self) -> None:
        # First day, price, and the day on which it was introduced.
        self.known: dict[tuple[str, str, str | None], list[tuple[date, Decimal | None, date]]] = {}

    def set(
        self,
        fee: str,
        currency: str,
        merchant: str | None,
        from_on: date,
        price: Decimal | None,
        introduced_on: date = date.min,
    ) -> None:
        """Set a price from this day on: general, or the merchant's own; None ends its own."""
        rows = self.known.setdefault((fee, currency, merchant), [])
        rows.append((from_on, price, introduced_on))

    def last(
        self, fee: str, currency: str, merchant: str | None, from_on: date
    ) -> tuple[date, Decimal | None] | None:
        """The price that was set last from just this day, and its day; None without one."""
        rows = self.known.get((fee, currency, merchant), [])
        return next((row[:2] for row in reversed(rows) if row[0] == from_on), None)

    def on(
        self,
        day: date,
        fee: str,
        currency: str,
        merchant: str | None,
        *,
        known_before: date = date.max,
    ) -> Decimal | None:
        """The price of this day: the merchant's own, or else everybody's; None without one."""
        for whose in dict.fromkeys((merchant, None)):
            rows = self.known.get((fee, currency, whose), [])
            begun = [row for row in rows if row[0] <= day and row[2] < known_before]
            if begun:
                latest = max(row[0] for row in begun)
                price = [row[1] for row in begun if row[0] == latest][-1]
                if price is not None:
                    return price
        return None
