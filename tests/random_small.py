"""Random histories of merchants whose cards are at a provider that collects no little amounts, and
whose bills, and what is left of them, are often less than that, just as much, or little more.

Besides what tests/random_by_hand.py knows they have the acts of tests/small_decisions.py.
"""

from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal
from typing import Any

from tests.random_by_hand import ByHand, _whole
from tests.random_events import ACT, Event

LEAST = {"USD": Decimal("0.50"), "JPY": Decimal(50), "THB": Decimal(10), "KWD": Decimal("0.50")}
SHARES = tuple(map(Decimal, ("0.02", "0.14", "0.6", "0.98", "1", "1.02", "1.2", "2.5")))


class Small(ByHand):
    """A merchant whose bills are small, and of which we hear late now and then; operators decide
    about it by hand, too.
    """

    is_told_late = True

    def events(self) -> Iterator[Event]:
        """Yields the merchant's history: of its cards, most are at Stripe, and its transfers are
        small, so that bills stay unpaid.
        """
        for event in super().events():
            what = event["what"] if event["type"] == ACT else ""
            if what == "card" and self._is(0.7):
                yield event | {"what": "card at stripe"}
            elif what in ("transfer", "late transfer"):
                reference, which, _, *days = event["to"]
                yield event | {"to": (reference, which, self._some(), *days)}
            else:
                yield event

    def _is(self, share: float) -> bool:
        return self.rng.random() < share

    def _terms(self) -> dict[str, Any]:
        """The terms with which the merchant joins: often a low threshold and a plan for nothing."""
        terms = super()._terms()
        if self._is(0.6):
            terms["billing_threshold"] = str(self._some() * 2)
        if self._is(0.6):
            terms["plan_price"] = "0"
        return terms

    def _some(self) -> Decimal:
        """An amount near the least that is collected."""
        least = LEAST[self.billing[0]] * self.rng.choice(SHARES)
        return _whole(least, self.billing)

    def _something(self, at: datetime) -> Event:
        """Some event, often a charge."""
        return self._charge(at) if self._is(0.35) else super()._something(at)

    def _charge(self, at: datetime) -> Event:
        """A charge, most often of a small amount."""
        event = super()._charge(at)
        if "amount" in event["data"] and self._is(0.7):
            event["data"]["amount"] = str(self._some())
        return event

    def _of_cash(self) -> tuple[str, Any]:
        """A transfer, often one that leaves little of a bill; or money given or taken back."""
        if self._is(0.4):
            self.names += 1
            return "transfer all but", (f"bank-{self.names}", self.rng.randrange(9), self._some())
        return super()._of_cash()

    def _of_schedules(self) -> tuple[str, Any]:
        """Something about when a bill is collected, or a small part of it that is waived."""
        if self._is(0.2):
            return "waive", (self.rng.randrange(9), self._some())
        return super()._of_schedules()
